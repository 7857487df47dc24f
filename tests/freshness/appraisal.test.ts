import { describe, expect, it } from 'vitest';
import { create, thread, until } from '../shared/support/threads.js';

const loaders = { many: new URL('../load/fixtures/many.loader.mjs', import.meta.url) };

describe('functions of the cost and the TTL', () => {
  it('are asked about what loaders of the pool make, in the thread that has created the cache', async () => {
    const asked: [unknown, string][] = [];
    const cache = await create<{ act: string; n?: number }>({
      loaders,
      cost: (value, key) => {
        asked.push([structuredClone(value), key]);
        return (value.n ?? 0) + 0.5;
      },
      ttl: (value) => (value.n ?? 1) * 10_000,
    });
    await cache.load('many', { act: 'echo', n: 3 }, { key: 'k' });
    await until(() => cache.info('k')?.cost === 3.5 && cache.info('k')?.ttl === 30_000);
    expect(cache.info('k')).toMatchObject({ ttl: 30_000, stale: false });
    expect(cache.info('k')!.remainingTtl).toBeLessThanOrEqual(30_000);
    expect(asked).toEqual([[{ act: 'echo', n: 3 }, 'k']]);
    await cache.load('many', { act: 'setOptions', options: { cost: 9, ttl: 5_000 } }, { key: 'own' });
    await cache.load('many', { act: 'echo', n: 4 }, { key: 'said', cost: 8, ttl: 4_000 });
    await cache.set('k', { act: 'set', n: 1 });
    await until(() => cache.info('k')?.cost === 1.5);
    expect(cache.info('own')).toMatchObject({ cost: 9, ttl: 5_000 });
    expect(cache.info('said')).toMatchObject({ cost: 8, ttl: 4_000 });
    expect(asked.length).toBe(2);
  });

  it('also about what threads write that have attached, and about namespaces', async () => {
    const keys: string[] = [];
    const cache = await create<number>({
      cost: (value, key) => {
        keys.push(key);
        return value * 2;
      },
    });
    await thread().run(async ({ SharedCache }, name) => {
      const attached = await SharedCache.attach<number>(name);
      await attached.set('k', 21);
      await attached.getOrSet('made', () => 4);
      await attached.namespace('n').set('k', 3);
    }, cache.name);
    await until(() => cache.info('k')?.cost === 42 && cache.info('made')?.cost === 8);
    await until(() => cache.namespace('n').info('k')?.cost === 6);
    expect(keys).toEqual(['k', 'made', 'k']);
  });

  it('a function of the call says the TTL of what the pool makes, whoever has created the cache', async () => {
    const cache = await create<{ n: number }>({ loaders, ttl: '1h' });
    await cache.load('many', { act: 'echo', n: 7 }, { key: 'k', ttl: ({ n }) => n * 1000 });
    await until(() => cache.info('k')?.ttl === 7_000);
    await cache.load('many', { act: 'echo', n: 20 }, { key: 'soon', ttl: ({ n }) => n });
    await until(() => !cache.has('soon'));
    await until(() => cache.stats.snapshot().expirations === 1);
  });

  it('that fail are told as errors, and harm nobody', async () => {
    const cache = await create<{ n: number }>({ loaders, cost: () => Number.NaN });
    const errors: unknown[] = [];
    cache.on('error', ({ error }) => errors.push(error));
    expect(await cache.load('many', { act: 'echo', n: 7 }, { key: 'k' })).toMatchObject({ n: 7 });
    await until(() => errors.length === 1);
    expect(String(errors[0])).toMatch(/cost: expected a function that yields a number above 0; got NaN/);
    expect(cache.info('k')).toMatchObject({ cost: 1 });
  });
});
