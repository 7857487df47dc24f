import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/index.js';

/** A load of eight steps: what happens before step n happens between two awaits of the load. */
const STEPS = 8;

type Numbers = Cache<string, number>;

/** Runs one load of 'a' that yields 1, with `change` before each step in turn, and hands over what came of it. */
async function interleave(
  change: (cache: Numbers) => void,
  check: (cache: Numbers, loaded: unknown, at: number) => void,
) {
  for (let at = 0; at < STEPS; at++) {
    const cache: Numbers = new Cache({ maxBytes: 1000, weigher: () => 10 });
    const wait = cache.getOrSet('a', async () => {
      for (let step = 0; step < STEPS; step++) {
        if (step === at) change(cache);
        await undefined;
      }
      return 1;
    });
    check(cache, await wait, at);
    await cache.close();
  }
}

describe('a change during a load wins over its late result, and who waited gets what was loaded', () => {
  it.each<[string, (cache: Numbers) => unknown, number | undefined]>([
    ['set', (cache) => cache.set('a', 2), 2],
    ['setMany', (cache) => cache.setMany([['a', 2]]), 2],
    ['update', (cache) => cache.update('a', () => 2), 2],
    ['a set that is refused', (cache) => cache.set('a', 2, { size: 1001 }), undefined],
    ['delete', (cache) => cache.delete('a'), undefined],
    ['deleteMany', (cache) => cache.deleteMany(['a']), undefined],
    ['take', (cache) => cache.take('a'), undefined],
    ['expire', (cache) => cache.expire('a'), undefined],
    ['clear', (cache) => cache.clear(), undefined],
    ['set and delete', (cache) => cache.set('a', 2) && cache.delete('a'), undefined],
  ])('%s', async (_, change, held) => {
    await interleave(change, (cache, loaded) => {
      expect(loaded).toBe(1);
      expect(cache.peek('a')).toBe(held);
      expect(cache.bytes).toBe(held === undefined ? 0 : 10);
    });
  });

  it.each<[string, (cache: Numbers) => unknown]>([
    ['a set that throws', (cache) => expect(() => cache.set('a', 2, { ttl: 0 })).toThrow()],
    ['a change of another key', (cache) => cache.set('b', 2) && cache.delete('b')],
    ['an eviction', (cache) => [cache.resize(5), cache.resize(1000)]],
    ['a sweep and a touch', (cache) => [cache.sweep(), cache.touch('a')]],
  ])('%s changes nothing', async (_, change) => {
    await interleave(change, (cache, loaded) => {
      expect(loaded).toBe(1);
      expect(cache.peek('a')).toBe(1);
    });
  });

  it('who asks after the removal starts a load of his own', async () => {
    for (let at = 0; at < STEPS; at++) {
      const cache: Numbers = new Cache({ maxBytes: 1000, weigher: () => 10 });
      const first = cache.getOrSet('a', async () => {
        for (let step = 0; step < STEPS; step++) await undefined;
        return 1;
      });
      for (let step = 0; step < at; step++) await undefined;
      cache.delete('a');
      const second = cache.getOrSet('a', async () => {
        for (let step = 0; step < STEPS; step++) await undefined;
        return 2;
      });
      expect(await Promise.all([first, second])).toEqual([1, 2]);
      expect(cache.peek('a')).toBe(2);
    }
  });

  it('an eviction does not abort a load', async () => {
    const cache: Numbers = new Cache({ maxBytes: 20, weigher: () => 10, policy: 'lru' });
    const wait = cache.getOrSet('a', async ({ signal }) => {
      for (let i = 0; i < 10; i++) {
        cache.set(`k${i}`, i);
        await undefined;
      }
      return signal.aborted ? 0 : 1;
    });
    expect(await wait).toBe(1);
    expect(cache.get('a')).toBe(1);
  });
});
