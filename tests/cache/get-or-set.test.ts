import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheLoadError, type CacheOptions, type LoadContext } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

function make(options: Partial<CacheOptions<string, number | null>> = {}) {
  const clock = new FakeClock();
  const cache = new Cache<string, number | null>({ maxBytes: 1000, weigher: () => 10, clock, ...options });
  return { cache, clock };
}

describe('getOrSet', () => {
  it('runs once per key however many callers; every caller is a miss', async () => {
    const { cache } = make();
    const factory = vi.fn(() => sleep(5, 7));
    expect(await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('a', factory)))).toEqual(
      Array(50).fill(7),
    );
    expect(await cache.getOrSet('a', factory)).toBe(7);
    expect(factory).toHaveBeenCalledTimes(1);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, hits: 1, misses: 50, gets: 51, sets: 1, loadErrors: 0 });
  });

  it('takes sync factories, caches null, stores no undefined', async () => {
    const { cache } = make();
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    expect(await cache.getOrSet('null', () => null)).toBeNull();
    expect(await cache.getOrSet('null', () => 1)).toBeNull();
    expect(await cache.getOrSet('none', () => undefined)).toBeUndefined();
    expect(cache.has('none')).toBe(false);
    expect(await cache.getOrSet('none', () => 2)).toBe(2);
  });

  it('a rejection reaches every caller as it is, and caches nothing', async () => {
    const { cache } = make();
    const error = new RangeError('no');
    const results = await Promise.allSettled([
      cache.getOrSet('a', () => Promise.reject(error)),
      cache.getOrSet('a', () => 1),
    ]);
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([error, error]);
    await expect(
      cache.getOrSet('a', () => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 3, loadErrors: 2 });
  });

  it('different keys load side by side', async () => {
    const { cache } = make();
    let running = 0;
    let most = 0;
    const factory = async () => {
      most = Math.max(most, ++running);
      await sleep(5);
      running--;
      return 1;
    };
    await Promise.all(['a', 'b', 'c'].map((key) => cache.getOrSet(key, factory)));
    expect(most).toBe(3);
  });

  it('gives the entry its options; setOptions wins', async () => {
    const { cache } = make();
    await cache.getOrSet('a', () => 1, { ttl: '1m', cost: 3, size: 20, tags: ['t'] });
    expect(cache.info('a')).toMatchObject({ ttl: 60_000, cost: 3, size: 20, tags: ['t'] });
    await cache.getOrSet(
      'b',
      ({ setOptions }) => {
        setOptions({ ttl: '1h', tags: ['u'] });
        return 1;
      },
      { ttl: '1m', cost: 3 },
    );
    expect(cache.info('b')).toMatchObject({ ttl: 3_600_000, cost: 3, tags: ['u'] });
  });

  it('skip answers without storing; fail rejects', async () => {
    const { cache } = make();
    expect(await cache.getOrSet('a', (context) => context.skip(5))).toBe(5);
    expect(await cache.getOrSet('a', ({ skip }) => skip())).toBeUndefined();
    expect(cache.has('a')).toBe(false);
    await expect(cache.getOrSet('a', ({ fail }) => fail('gone'))).rejects.toThrow(/gone/);
    await expect(cache.getOrSet('a', ({ fail }) => fail('gone'))).rejects.toBeInstanceOf(CacheLoadError);
    await expect(cache.getOrSet('a', ({ fail }) => fail(new RangeError('r')))).rejects.toBeInstanceOf(RangeError);
  });

  it('retries as often as told', async () => {
    const { cache } = make();
    let runs = 0;
    const factory = () => {
      if (++runs < 3) throw new Error(`run ${runs}`);
      return runs;
    };
    await expect(cache.getOrSet('a', factory, { retries: 1 })).rejects.toThrow('run 2');
    runs = 0;
    expect(await cache.getOrSet('a', factory, { retries: 2 })).toBe(3);
  });

  it('a value that is too big answers and is not kept', async () => {
    const { cache } = make({ maxEntryBytes: 10 });
    expect(await cache.getOrSet('a', () => 1, { size: 11 })).toBe(1);
    expect(cache.has('a')).toBe(false);
    expect(cache.stats.snapshot().rejected).toBe(1);
  });

  it('fetch is getOrSet with the loader', async () => {
    const loader = vi.fn(
      (key: string, context: LoadContext<number | null>) => key.length + (context.key === key ? 0 : 9),
    );
    const { cache } = make({ loader });
    expect(await Promise.all([cache.fetch('abc'), cache.fetch('abc')])).toEqual([3, 3]);
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('under copy, gives each caller a clone of his own', async () => {
    const cache = new Cache<string, { n: number }>({ maxBytes: 10_000, copy: true });
    const [a, b] = await Promise.all([cache.getOrSet('a', () => ({ n: 1 })), cache.getOrSet('a', () => ({ n: 2 }))]);
    expect(a).toEqual(b);
    expect(a).not.toBe(b);
  });
});

describe('a load that asks for its own key', () => {
  it('is rejected at once, directly and by another key', async () => {
    const { cache } = make();
    await expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toThrow(/got "a" \(string\)/);
    const roundabout = () =>
      cache.getOrSet('b', async () => {
        await sleep(1);
        return cache.getOrSet('a', () => 1);
      });
    await expect(cache.getOrSet('a', roundabout)).rejects.toThrow(/key that it loads/);
  });

  it('also when two loads, started apart, wait for one another', async () => {
    const { cache } = make();
    const crossing = (other: string) => async () => {
      await sleep(5);
      return cache.getOrSet(other, () => 1);
    };
    const results = await Promise.allSettled([cache.getOrSet('a', crossing('b')), cache.getOrSet('b', crossing('a'))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('also after removing it', async () => {
    const { cache } = make();
    const factory = async (): Promise<number | null | undefined> => {
      await sleep(1);
      cache.delete('a');
      return cache.getOrSet('a', factory);
    };
    await expect(cache.getOrSet('a', factory)).rejects.toBeInstanceOf(CacheLoadError);
  });

  it('other keys, other caches and what a load leaves behind are free to ask', async () => {
    const { cache } = make();
    const { cache: other } = make();
    let later: Promise<number | null | undefined> | undefined;
    const value = await cache.getOrSet('a', async () => {
      later = sleep(20).then(() => cache.getOrSet('a', () => 9, { forceRefresh: true }));
      const b = await cache.getOrSet('b', () => 2);
      return ((await other.getOrSet('a', () => 3)) ?? 0) + (b ?? 0);
    });
    expect(value).toBe(5);
    expect(await later).toBe(9);
  });
});
