import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SharedCache } from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';
import { type Change, changes } from '../contract/changes.js';
import { create, expectEmpty, until } from '../shared/support/threads.js';

/** As in stepping.mjs. */
const AT = { step: 0, stopAt: 1, goOn: 2 };

type Numbers = SharedCache<number | Uint8Array>;
type Held = 'nothing' | 'a stale value';
type Start = (words: Int32Array) => Promise<unknown>;

const all: [string, Change<SharedCache<number>>, Held][] = Object.entries<Change<SharedCache<number>>>({
  ...changes,
  transaction: { make: (cache) => cache.transaction((txn) => txn.set('a', 2)), leaves: 2 },
}).flatMap(([name, change]) => {
  const stale: [string, Change<SharedCache<number>>, Held] = [name, change, 'a stale value'];
  return change.seesOnlyHeld ? [stale] : [[name, change, 'nothing'], stale];
});
const workers: Worker[] = [];

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
});

/** The value of what was stored or loaded: numbers of the pool come as bytes. */
const plain = (value: unknown): unknown => (value instanceof Uint8Array ? value[0] : value);

/**
 * Stops a load before its first message to the keeper, before its second, and so on until it no longer gets that far;
 * makes the change meanwhile, in another thread, and lets it go on.
 */
async function stepThrough(
  cache: Numbers,
  start: Start,
  { make, leaves }: Change<SharedCache<number>>,
  name: string,
  held: Held,
) {
  for (let at = 0; ; at++) {
    const where = `${name}, before message ${at}, where ${held} was held`;
    const words = new Int32Array(new SharedArrayBuffer(12));
    words[AT.stopAt] = at;
    if (held !== 'nothing') {
      await cache.set('a', 0, { tags: ['t'], grace: '1h' });
      await cache.expire('a');
    }
    let isOver = false;
    const wait = start(words).finally(() => {
      isOver = true;
    });
    await until(() => isOver || Atomics.load(words, AT.step) > at, where);
    if (isOver && Atomics.load(words, AT.step) <= at) {
      await cache.clear();
      return at;
    }
    const hasAsked = cache.stats.snapshot().misses > 0 && (at > 0 || name.startsWith('pool'));
    await make(cache as SharedCache<number>);
    expect(plain(cache.get('a')), where).toBe(leaves);
    let runs = 0;
    const anew = await cache.getOrSet('a', () => ++runs + 2, { tags: ['t'] });
    expect([plain(anew), runs], where).toEqual(leaves === undefined ? [3, 1] : [leaves, 0]);
    Atomics.store(words, AT.goOn, 1);
    Atomics.notify(words, AT.goOn);
    // Who has asked before the change gets what was loaded for him.
    expect(plain(await wait), where).toBe(hasAsked ? 1 : (leaves ?? 3));
    await until(() => cache.stats.snapshot().reservedBytes === 0);
    expect(plain(cache.get('a')), where).toBe(leaves ?? 3);
    await cache.clear();
  }
}

describe('a change in another thread, before each message of a load to the keeper', () => {
  it.each([
    // It claims the key, and has what lies in its box stored.
    { what: 'a small value', byteLength: 0, messages: 2 },
    // It claims the key, reserves, commits.
    { what: 'a large one', byteLength: 100_000, messages: 3 },
  ])('wins over a function that makes $what', async ({ byteLength, messages }) => {
    const cache: Numbers = await create();
    const worker = new Worker(new URL('./stepping.worker.mjs', import.meta.url), { workerData: cache.name });
    workers.push(worker);
    await once(worker, 'message');
    const start: Start = async (words) => {
      worker.postMessage({ words, byteLength });
      const [{ value }] = await once(worker, 'message');
      return value;
    };
    for (const [name, change, held] of all) {
      expect(await stepThrough(cache, start, change, name, held)).toBeGreaterThanOrEqual(messages);
    }
    await expectEmpty(cache);
  });

  it('wins over a loader of the pool', async () => {
    const cache: Numbers = await create({
      loaders: { stepping: new URL('./stepping.loader.mjs', import.meta.url) },
      pool: { maxThreads: 1 },
    });
    const start: Start = (words) => cache.load('stepping', { words, value: 1 }, { key: 'a', tags: ['t'] });
    for (const [name, change, held] of all) {
      // It reserves, and commits.
      expect(await stepThrough(cache, start, change, `pool: ${name}`, held)).toBeGreaterThanOrEqual(2);
    }
    await expectEmpty(cache);
  });
});
