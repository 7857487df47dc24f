import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run.js';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

describe('a keeper that ends', () => {
  it('has a successor, again and again: no wrong byte, no hang, nothing left behind', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/few.mjs'), here('.'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const counts: Record<string, number> = JSON.parse(stdout);
    for (const name of ['reads', 'hits', 'writes', 'loads', 'listened']) expect(counts[name], name).toBeGreaterThan(0);
  });

  it('leaves to its successor what was stored, its counts, its leases, and who listens', async () => {
    const { code, stdout, stderr } = await runProgram(here('./fixtures/heritage.mjs'), here('.'));
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
});
