import { describe, expect, it } from 'vitest';
import { create, sleep } from '../shared/support/threads.js';
import { footprintOf, requestsOf } from './requests.js';

describe('advice of a SharedCache', () => {
  it('is near to what the budgets give, in every thread that asks', async () => {
    const requests = requestsOf({ requests: 6_000, objects: 1_500, skew: 0.8, seed: 5 });
    // Whole slots and blocks are charged, so the entries are larger than their values.
    const charged = requests.map(({ id, size }) => ({ id, size: 1_000 + size }));
    const budgetOf = (factor: number) => Math.floor((footprintOf(charged) / 8) * factor);
    const run = async (factor: number) => {
      const cache = await create<Uint8Array>({ maxBytes: budgetOf(factor), policy: 'lru' });
      for (const { id, size } of charged) {
        const key = `object:${id}`;
        const lease = cache.acquire(key);
        if (lease) lease.release();
        else await cache.set(key, new Uint8Array(size));
      }
      return cache;
    };
    const cache = await run(1);
    const advice = cache.stats.advise();
    const snapshot = cache.stats.snapshot();
    expect(advice.map(({ factor, maxBytes }) => [factor, maxBytes])).toEqual(
      [0.5, 1, 2, 4].map((factor) => [factor, Math.floor(budgetOf(1) * factor)]),
    );
    expect([advice[1]!.hitRate, advice[1]!.byteHitRate]).toEqual([snapshot.hitRate, snapshot.byteHitRate]);
    for (const [i, factor] of [0.5, 1, 2].entries()) {
      const other = factor === 1 ? cache : await run(factor);
      expect(Math.abs(advice[i]!.hitRate - other.stats.snapshot().hitRate)).toBeLessThan(0.02);
      if (other !== cache) await other.close();
    }
    cache.stats.reset();
    await sleep(50);
    await cache.close();
  });
});
