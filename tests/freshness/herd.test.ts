import { Cache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, thread, until } from '../shared/support/threads.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const many = new URL('../load/fixtures/many.loader.mjs', import.meta.url);

describe('ten thousand callers of one missing key', () => {
  it('of a Cache are one load', async () => {
    const cache = new Cache<string, object>({ maxBytes: '1MiB' });
    let runs = 0;
    const factory = () => pause(20).then(() => ({ run: ++runs }));
    const values = await Promise.all(Array.from({ length: 10_000 }, () => cache.getOrSet('k', factory)));
    expect(new Set(values).size).toBe(1);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, misses: 10_000, sets: 1 });
  });

  it.each(['a function of each thread', 'a loader of the pool'])(
    'in four threads are one load, by %s',
    async (kind) => {
      const tally = new Int32Array(new SharedArrayBuffer(12));
      const cache = await create<string>({ loaders: { many }, maxBytes: '4MiB' });
      const run = [...Array(4).keys()].map(() =>
        thread().run(
          async ({ SharedCache }, name, byPool, tally) => {
            const attached = await SharedCache.attach<string>(name);
            // All threads begin at once.
            Atomics.add(tally, 2, 1);
            while (Atomics.load(tally, 2) < 4) await new Promise((resolve) => setTimeout(resolve, 1));
            const factory = async () => {
              Atomics.add(tally, 0, 1);
              await new Promise((resolve) => setTimeout(resolve, 200));
              return 'slow';
            };
            const ask = () =>
              byPool ? attached.load('many', { act: 'slow', ms: 200 }, { key: 'k' }) : attached.getOrSet('k', factory);
            const values = await Promise.all(Array.from({ length: 2_500 }, ask));
            return [values.length, ...new Set(values)];
          },
          cache.name,
          kind.startsWith('a loader'),
          tally,
        ),
      );
      expect(await Promise.all(run)).toEqual(new Array(4).fill([2_500, 'slow']));
      expect(tally[0]).toBe(kind.startsWith('a loader') ? 0 : 1);
      const { loads, sets, gets } = cache.stats.snapshot();
      expect({ loads, sets, gets }).toEqual({ loads: 1, sets: 1, gets: 10_000 });
    },
  );
});

describe('a thousand keys', () => {
  it('are loaded all at once by functions, in a Cache and in a SharedCache', async () => {
    const shared = await create<string>({ maxBytes: '4MiB' });
    for (const cache of [new Cache<string, string>({ maxBytes: '4MiB' }), shared]) {
      let running = 0;
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const factory = async ({ key }: { key: string }) => {
        running++;
        await gate;
        return key;
      };
      const loads = Array.from({ length: 1_000 }, (_, i) => cache.getOrSet(`k${i}`, factory));
      await until(() => running === 1_000);
      open();
      expect(await Promise.all(loads)).toEqual(loads.map((_, i) => `k${i}`));
      expect(cache.stats.snapshot()).toMatchObject({ loads: 1_000, sets: 1_000 });
    }
  });

  it('keep every thread of a pool at work, and no more', async () => {
    const maxThreads = 3;
    const cache = await create<number>({
      loaders: { width: new URL('./width.loader.mjs', import.meta.url) },
      pool: { maxThreads },
      maxBytes: '4MiB',
    });
    const tally = new Int32Array(new SharedArrayBuffer(8));
    const loads = Array.from({ length: 1_000 }, (_, i) =>
      cache.load('width', { tally, until: i < 20 ? maxThreads : 0 }, { key: `k${i}` }),
    );
    expect(await Promise.all(loads)).toEqual(new Array(1_000).fill(1));
    expect(tally[1]).toBe(maxThreads);
    expect(cache.stats.snapshot().loads).toBe(1_000);
  });
});
