import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run.js';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Threads start slowly where many wait for a processor; and what hangs is told after 60 s. */
const LONG_MS = 90_000;

describe('a keeper that ends', () => {
  it('has a successor, again and again: no wrong byte, no hang, nothing left behind', {
    timeout: 2 * LONG_MS,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/few.mjs'), here('.'), LONG_MS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const counts: Record<string, number> = JSON.parse(stdout);
    for (const name of ['reads', 'hits', 'writes', 'loads', 'listened']) expect(counts[name], name).toBeGreaterThan(0);
  });

  it('leaves to its successor what was stored, its counts, its leases, and who listens', {
    timeout: 2 * LONG_MS,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/heritage.mjs'), here('.'), LONG_MS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      before: { k0: 0, size: 53, sets: 53, tagged: true },
      // Read without a keeper, in the same turn of the event loop, before anybody can know that it has ended.
      after: {
        read: 7,
        led: 'made here',
        lease: 9,
        set: true,
        got: 1,
        size: 55,
        sets: 55,
        deletedByTag: 3,
        ttlLeft: true,
      },
      loaded: 4096,
      heard: ['set after', 'delete tagged 0', 'delete tagged 1', 'delete tagged 2'],
      functionLoader: 'CacheConfigError',
      transaction: 'done',
      resized: 3145728,
      attachedLater: 1,
      leaseAtTheEnd: 9,
      empty: { bytes: 0, reservedBytes: 0, pinnedBytes: 0 },
    });
  });

  it('has one where the main thread, which is asked for it, is blocked: who waits lives on', {
    timeout: 2 * LONG_MS,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/blocked.mjs'), here('.'), LONG_MS);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ stored: true, code: 0 });
  });

  it('has one, too, after a fault, in the middle of a transaction, and when the main thread has come to it', {
    timeout: 2 * LONG_MS,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/ends.mjs'), here('.'), LONG_MS);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('the keeper thread has failed');
    const whole = { first: 1, second: 2, set: true, got: 'new' };
    expect(JSON.parse(stdout)).toEqual({
      fault: { creator: { ...whole, size: 2 }, survivor: { ...whole, size: 3 } },
      torn: { size: 0, set: true, got: 'new' },
      transaction: 'done',
      startedByMain: 1,
      main: { first: 3, second: 4, size: 3, set: true, got: 'new' },
      isTheSame: true,
      seenByMain: 'new',
    });
  });

  it('has one when it runs out of memory, with many questions under way, pools that are a user’s own, and between the builds', {
    timeout: 2 * LONG_MS,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/others.mjs'), here('.'), LONG_MS);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('ERR_WORKER_OUT_OF_MEMORY');
    const bySecond = ['a: by the first', 'by the second: the second'];
    expect(JSON.parse(stdout)).toEqual({
      memory: { written: 1200, right: 1200, byTag: 1, isAnother: true },
      // All that was asked is stored, in the order in which it was asked.
      gathered: { refused: 0, wrong: 0, isAnother: true },
      // What the loads have given, and how many tasks the pool has run.
      ownPool: { before: [4096, 1], after: [4096, 2] },
      // What the functions of a cache's creator say: cost and TTL.
      appraisals: { early: [2, 20_000], between: [3, 30_000], isLate: true, late: [4, 40_000] },
      builds: {
        isSame: false,
        inCommonJs: [true, ...bySecond],
        beside: [true, ...bySecond, 'by the third: the third'],
        afterwards: [true, 'a: by the first', 'by the last: the last', bySecond[1], 'by the third: the third'],
      },
    });
  });
});
