import type { CacheOptions, EntryInfo, GetOrSetOptions, StatsSnapshot } from 'cachalot';
import { describe, expect, it } from 'vitest';

type Options = Partial<Pick<CacheOptions<string, string>, 'ttl' | 'grace' | 'cost' | 'maxEntryBytes'>>;

/** A cache of either kind, as far as statistics go. */
export interface Counted {
  get(key: string): string | undefined;
  peek(key: string): string | undefined;
  getOrSet(
    key: string,
    factory: () => string | Promise<string>,
    options?: GetOrSetOptions<string, string>,
  ): Promise<string | undefined>;
  info(key: string): EntryInfo | undefined;
  set(key: string, value: string): boolean | Promise<boolean>;
  delete(key: string): boolean | Promise<boolean>;
  expire(key: string): boolean | Promise<boolean>;
  clear(): void | Promise<void>;
  sweep(): number | Promise<number>;
  stats: { snapshot(): StatsSnapshot; reset(): void };
}

const taking = (ms: number) => () => new Promise<string>((resolve) => setTimeout(() => resolve('loaded'), ms));
const eventually = (read: () => unknown) => expect.poll(read, { timeout: 5_000, interval: 5 });

/** What `stats` promises, whatever the cache. */
export function describeStatistics(name: string, create: (options?: Options) => Promise<Counted>): void {
  describe(`${name}: statistics`, () => {
    it('of nothing are zeros, frozen', async () => {
      const cache = await create();
      const snapshot = cache.stats.snapshot();
      const { maxBytes, latency, ...others } = snapshot;
      expect(maxBytes).toBeGreaterThan(0);
      for (const [field, value] of Object.entries(others)) expect(value, field).toBe(0);
      for (const kind of ['hit', 'miss', 'load'] as const) {
        expect(latency[kind]).toEqual({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
        expect(Object.isFrozen(latency[kind])).toBe(true);
      }
      expect(Object.isFrozen(snapshot) && Object.isFrozen(latency)).toBe(true);
    });

    it('count what happens, once', async () => {
      const cache = await create({ grace: '1h' });
      await cache.set('a', '1');
      await cache.set('a', '2');
      cache.get('a');
      cache.peek('a');
      cache.get('none');
      await cache.getOrSet('b', taking(1));
      await cache.getOrSet('b', taking(1));
      await cache.getOrSet('x', () => Promise.reject(new Error('x'))).catch(() => undefined);
      await cache.delete('a');
      await cache.delete('none');
      await eventually(() => cache.stats.snapshot().deletes).toBe(1);
      expect(cache.stats.snapshot()).toMatchObject({
        hits: 2,
        misses: 3,
        gets: 5,
        hitRate: 0.4,
        sets: 3,
        deletes: 1,
        evictions: 0,
        expirations: 0,
        loads: 2,
        loadErrors: 1,
        rejected: 0,
        entries: 1,
      });
      await cache.clear();
      expect(cache.stats.snapshot()).toMatchObject({ hits: 2, sets: 3, deletes: 1, entries: 0, bytes: 0 });
    });

    it('count values that are refused, and entries that die', async () => {
      const cache = await create({ maxEntryBytes: 2000, ttl: '1h' });
      expect(await cache.set('large', 'x'.repeat(10_000))).toBe(false);
      await cache.set('a', '1');
      await cache.expire('a');
      await cache.sweep();
      expect(cache.stats.snapshot()).toMatchObject({ rejected: 1, expirations: 1, deletes: 0 });
    });

    it('know the bytes that hits have answered, and those that had to be brought in', async () => {
      const cache = await create({ grace: '1h' });
      const large = 'x'.repeat(5_000);
      await cache.getOrSet('k', () => large);
      expect(cache.stats.snapshot().byteHitRate).toBe(0);
      cache.get('k');
      expect(cache.stats.snapshot().byteHitRate).toBeCloseTo(0.5, 2);
      cache.get('k');
      expect(cache.stats.snapshot().byteHitRate).toBeCloseTo(2 / 3, 2);
      await cache.expire('k');
      await cache.getOrSet('k', () => large);
      expect(cache.stats.snapshot().byteHitRate).toBeCloseTo(0.5, 2);
    });

    it('time hits, misses and loads', async () => {
      const cache = await create();
      await cache.getOrSet('k', taking(30));
      await cache.getOrSet('l', taking(30));
      for (let i = 0; i < 3000; i++) cache.get('k');
      const { latency, loadTimeTotal } = cache.stats.snapshot();
      for (const kind of ['miss', 'load'] as const) {
        expect(latency[kind].p50, kind).toBeGreaterThan(25);
        expect(latency[kind].max, kind).toBeGreaterThanOrEqual(latency[kind].p50);
      }
      expect(loadTimeTotal).toBeGreaterThan(55);
      expect(latency.hit.max).toBeGreaterThan(0);
      expect(latency.hit.p50).toBeLessThan(10);
      expect(latency.hit.p50).toBeLessThanOrEqual(latency.hit.p999);
    });

    it('know what loads would have taken that hits have spared', async () => {
      const cache = await create();
      await cache.set('set', '1');
      for (let i = 0; i < 20; i++) cache.get('set');
      expect(cache.stats.snapshot().savedTime).toBe(0);
      await cache.getOrSet('k', taking(30));
      for (let i = 0; i < 20; i++) cache.get('k');
      const { savedTime, latency } = cache.stats.snapshot();
      expect(savedTime).toBeGreaterThan(20 * 25);
      expect(savedTime).toBeLessThan(20 * latency.miss.max * 1.1);
    });

    it('begin anew at a reset, at once, with what is held', async () => {
      const cache = await create();
      await cache.getOrSet('k', taking(5));
      for (let i = 0; i < 10; i++) cache.get('k');
      const { bytes } = cache.stats.snapshot();
      cache.stats.reset();
      const zeros = { hits: 0, misses: 0, gets: 0, sets: 0, loads: 0, loadTimeTotal: 0, savedTime: 0, hitRate: 0 };
      expect(cache.stats.snapshot()).toMatchObject({ ...zeros, byteHitRate: 0, bytes, entries: 1 });
      expect(cache.stats.snapshot().latency.load).toMatchObject({ p50: 0, max: 0 });
      cache.get('k');
      cache.stats.reset();
      cache.get('k');
      cache.get('none');
      expect(cache.stats.snapshot()).toMatchObject({ hits: 1, misses: 1, loads: 0 });
      await cache.set('l', '1');
      await cache.getOrSet('m', taking(1));
      expect(cache.stats.snapshot()).toMatchObject({ hits: 1, misses: 2, loads: 1, sets: 2 });
    });

    it("measure the cost of entries with 'measured': smoothed, and the mean for what was never loaded", async () => {
      const cache = await create({ cost: 'measured' });
      await cache.set('before', '1');
      expect(cache.info('before')?.cost).toBe(1);
      await cache.getOrSet('k', taking(30));
      const first = cache.info('k')!.cost;
      expect(first).toBeGreaterThan(25);
      await cache.set('k', '1');
      expect(cache.info('k')!.cost).toBeCloseTo(first, 6);
      await cache.getOrSet('k', () => 'fast', { forceRefresh: true });
      const second = cache.info('k')!.cost;
      expect(second).toBeLessThan(first * 0.8);
      expect(second).toBeGreaterThan(first * 0.6);
      await cache.set('after', '1');
      const { loadTimeTotal, loads } = cache.stats.snapshot();
      expect(cache.info('after')!.cost).toBeCloseTo(loadTimeTotal / loads, 6);
      await cache.delete('k');
      await cache.getOrSet('k', () => 'fast');
      expect(cache.info('k')!.cost).toBeLessThan(first * 0.6);
      await cache.getOrSet('own', () => 'x', { cost: 9 });
      expect(cache.info('own')!.cost).toBe(9);
    });
  });
}
