import { setTimeout as sleep } from 'node:timers/promises';
import type { WarmOptions, WarmProgress, WarmSummary } from 'cachalot';
import { describe, expect, it } from 'vitest';

/** A cache of either kind, as far as warming goes. */
export interface WarmCache {
  readonly size: number;
  readonly bytes: number;
  readonly maxBytes: number;
  keys(): IterableIterator<string>;
  get(key: string): string | undefined;
  peek(key: string): string | undefined;
  has(key: string): boolean;
  set(key: string, value: string): boolean | Promise<boolean>;
  warm(source: ReadonlyMap<string, string> | Iterable<string>, options?: WarmOptions<string>): Promise<WarmSummary>;
  on(event: 'evict', listener: (event: { key?: string | undefined }) => void): unknown;
  readonly stats: { snapshot(): { evictions: number; rejected: number } };
}

type Loader = (key: string, context: { signal: AbortSignal }) => Promise<string | undefined> | string | undefined;

export interface WarmHarness {
  create(options?: {
    maxBytes?: string;
    maxEntries?: number;
    cost?: 'requests' | 'bytes';
    loader?: Loader;
    preSet?: (key: string, value: string) => string;
  }): Promise<WarmCache>;
}

const text = (length: number): string => 'x'.repeat(length);

/** What warming promises, of any cache: its answers are awaited. */
export function warmContract(name: string, { create }: WarmHarness): void {
  describe(`warming ${name}`, () => {
    it('stores the entries of a Map, and tells of each', async () => {
      const cache = await create();
      const told: WarmProgress<string>[] = [];
      const entries = new Map(Array.from({ length: 600 }, (_, i) => [`k${i}`, `v${i}`]));
      const summary = await cache.warm(entries, { onProgress: (progress) => told.push(progress) });
      expect(summary).toEqual({ stored: 600, loaded: 0, skipped: 0, failed: 0 });
      expect([cache.size, cache.get('k0'), cache.get('k599')]).toEqual([600, 'v0', 'v599']);
      expect(told.map(({ done }) => done)).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
      expect(told.every(({ total, outcome }) => total === 600 && outcome === 'stored')).toBe(true);
      expect(await cache.warm(new Map())).toEqual({ stored: 0, loaded: 0, skipped: 0, failed: 0 });
    });

    it('stores the most worthy entries first, and nobody goes for them', async () => {
      const cache = await create({ maxBytes: '64KiB' });
      await cache.set('held', text(20_000));
      const before = cache.bytes;
      const entries = new Map([
        ['big', text(30_000)],
        ['small', text(1_000)],
        ['bigger', text(40_000)],
        ['middle', text(5_000)],
        ['huge', text(100_000)],
      ]);
      const summary = await cache.warm(entries);
      expect(summary).toEqual({ stored: 3, loaded: 0, skipped: 2, failed: 0 });
      expect([...cache.keys()].sort()).toEqual(['big', 'held', 'middle', 'small']);
      expect(cache.bytes).toBeGreaterThan(before);
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
      expect(cache.stats.snapshot()).toMatchObject({ evictions: 0, rejected: 0 });
      expect(await cache.warm(new Map([['another', text(30_000)]]))).toMatchObject({ stored: 0, skipped: 1 });
      expect(cache.stats.snapshot().evictions).toBe(0);
    });

    it('goes on after entries that are refused', async () => {
      const cache = await create({
        preSet: (key, value) => {
          if (key === 'odd') throw new RangeError('odd');
          return value;
        },
      });
      const failed: unknown[] = [];
      const summary = await cache.warm(
        new Map([
          ['a', '1'],
          ['odd', '2'],
          ['nothing', undefined as never],
          ['b', '3'],
        ]),
        { onProgress: ({ key, error }) => error && failed.push([key, (error as Error).name]) },
      );
      expect(summary).toEqual({ stored: 2, loaded: 0, skipped: 0, failed: 2 });
      expect(failed).toEqual([
        ['odd', 'RangeError'],
        ['nothing', 'TypeError'],
      ]);
      expect([...cache.keys()].sort()).toEqual(['a', 'b']);
    });

    it('loads keys, so many at once and no more, those left out that are there', async () => {
      let running = 0;
      let most = 0;
      const asked: string[] = [];
      const cache = await create({
        loader: async (key) => {
          asked.push(key);
          most = Math.max(most, ++running);
          // The first ones wait for the others to come.
          await sleep(most < 3 ? 200 : 3);
          running--;
          if (key === 'k7') throw new Error('not this one');
          return key === 'k8' ? undefined : `loaded ${key}`;
        },
      });
      await cache.set('k3', 'here');
      const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
      const errors: unknown[] = [];
      const summary = await cache.warm(new Set(keys), {
        concurrency: 3,
        onProgress: ({ outcome, error }) => {
          if (outcome === 'failed') errors.push((error as Error).message);
          throw new Error('a clumsy listener');
        },
      });
      expect(summary).toEqual({ stored: 0, loaded: 9, skipped: 2, failed: 1 });
      expect(errors).toEqual(['not this one']);
      expect(most).toBe(3);
      expect(asked).toEqual(keys.filter((key) => key !== 'k3'));
      expect([cache.peek('k0'), cache.peek('k3'), cache.has('k7'), cache.has('k8')]).toEqual([
        'loaded k0',
        'here',
        false,
        false,
      ]);
    });

    it('ends when the budget is full, and what was loaded stays', async () => {
      let loads = 0;
      const cache = await create({
        maxBytes: '64KiB',
        loader: (key) => {
          loads++;
          return key + text(6_000);
        },
      });
      await cache.set('held', text(10_000));
      const evicted: unknown[] = [];
      cache.on('evict', ({ key }) => evicted.push(key));
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      const summary = await cache.warm(keys, { concurrency: 4 });
      expect(summary.loaded).toBeGreaterThanOrEqual(7);
      expect(summary).toEqual({ stored: 0, loaded: summary.loaded, skipped: 100 - summary.loaded, failed: 0 });
      expect([...cache.keys()].sort()).toEqual(['held', ...keys.slice(0, summary.loaded)].sort());
      expect(loads).toBeLessThanOrEqual(summary.loaded + 4);
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
      expect(evicted).toEqual([]);
      expect(cache.stats.snapshot()).toMatchObject({ evictions: 0, rejected: 0 });
    });

    it('ends with its signal', async () => {
      const controller = new AbortController();
      let loads = 0;
      const cache = await create({
        loader: async (key) => {
          if (++loads === 5) controller.abort(new Error('enough'));
          await sleep(1);
          return key;
        },
      });
      const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
      await expect(cache.warm(keys, { concurrency: 1, signal: controller.signal })).rejects.toThrow('enough');
      expect(loads).toBe(5);
      await expect(cache.warm(keys, { signal: controller.signal })).rejects.toThrow('enough');
      await expect(cache.warm(new Map([['a', 'b']]), { signal: controller.signal })).rejects.toThrow('enough');
      expect(loads).toBe(5);
    });

    it('is refused what cannot be', async () => {
      const cache = await create();
      for (const concurrency of [0, -1, 1.5, Number.NaN, '2' as never]) {
        await expect(cache.warm(new Map(), { concurrency })).rejects.toThrow(/concurrency: expected a whole number/);
      }
      await expect(cache.warm(7 as never)).rejects.toThrow(/warm: expected a Map of entries, or keys to load; got 7/);
      await expect(cache.warm(new Map(), { onProgress: 1 as never })).rejects.toThrow(/onProgress: expected/);
      await expect(cache.warm(new Map(), { signal: {} as never })).rejects.toThrow(/signal: expected/);
      await expect(cache.warm(['a'])).rejects.toMatchObject({ code: 'ERR_CACHE_CONFIG' });
    });
  });
}
