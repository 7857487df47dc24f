import { Cache, type SharedCacheOptions } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { type Counted, describeStatistics } from '../contract/statistics.js';
import { create, thread, until } from '../shared/support/threads.js';

describeStatistics('Cache', async (options = {}) => new Cache<string, string>({ maxBytes: '1MiB', ...options }));
describeStatistics(
  'SharedCache',
  (options = {}) => create<string>(options as SharedCacheOptions<string>) as Promise<Counted>,
);

describe('SharedCache: statistics of several threads', () => {
  it('are one: counts, what was saved, percentiles; a reset by any is one for all', async () => {
    const cache = await create<string>();
    const others = [thread(), thread()];
    const read = (name: string, key: string) => ({ name, key });
    const work = (one: (typeof others)[number], key: string) =>
      one.run(
        async ({ SharedCache }, { name, key }) => {
          const attached = await SharedCache.attach<string>(name);
          await attached.getOrSet(key, () => new Promise((resolve) => setTimeout(() => resolve('x'), 40)));
          for (let i = 0; i < 100; i++) attached.get(key);
          return attached.stats.snapshot();
        },
        read(cache.name, key),
      );
    await Promise.all([work(others[0]!, 'a'), work(others[1]!, 'b')]);
    const mine = cache.stats.snapshot();
    expect(mine).toMatchObject({ hits: 200, misses: 2, loads: 2 });
    expect(mine.savedTime).toBeGreaterThan(200 * 35);
    expect(mine.latency.miss.p50).toBeGreaterThan(35);
    expect(mine.latency.hit.max).toBeGreaterThan(0);
    await others[0]!.end();
    await others[1]!.run(async ({ SharedCache }, name) => {
      (await SharedCache.attach<string>(name)).stats.reset();
    }, cache.name);
    await until(() => cache.stats.snapshot().hits === 0);
    expect(cache.stats.snapshot()).toMatchObject({ misses: 0, loads: 0, savedTime: 0 });
  });

  it('many resets one after the other lose nothing', async () => {
    const cache = await create<string>();
    await cache.set('k', 'x');
    cache.stats.reset();
    for (let i = 1; i <= 20; i++) {
      for (let j = 0; j < i; j++) cache.get('k');
      expect(cache.stats.snapshot().hits).toBe(i);
      if (i % 3 === 0) await cache.set('l', 'x');
      expect(cache.stats.snapshot()).toMatchObject({ hits: i, sets: i % 3 === 0 ? 1 : 0 });
      cache.stats.reset();
      if (i % 4 === 0) await cache.touch('k');
      expect(cache.stats.snapshot()).toMatchObject({ hits: 0, sets: 0, savedTime: 0 });
    }
  });
});
