import { describe, expect, it } from 'vitest';
import { create, expectEmpty } from './support/threads.js';

const loaders = { many: new URL('../load/fixtures/many.loader.mjs', import.meta.url) };

describe('what an entry is charged with', () => {
  it('is what was said, in steps of 64, and never less than it takes', async () => {
    const cache = await create<unknown>({ loaders });
    await cache.set('said', 'x', { size: 10_000 });
    expect(cache.info('said')!.size).toBeGreaterThanOrEqual(10_000);
    expect(cache.info('said')!.size).toBeLessThan(10_064);
    expect(cache.bytes).toBe(cache.info('said')!.size);
    await cache.set('little', new Uint8Array(5_000), { size: 1 });
    expect(cache.info('little')!.size).toBeGreaterThan(5_000);
    await cache.getOrSet('loaded', ({ setOptions }) => {
      setOptions({ size: 20_000 });
      return 'x';
    });
    expect(cache.info('loaded')!.size).toBeGreaterThanOrEqual(20_000);
    const options = { size: 30_000 };
    await cache.load('many', { act: 'setOptions', options }, { key: 'pool' });
    await cache.load('many', { act: 'image', bytes: 3_000 }, { key: 'image', ...options });
    await cache.load('many', { act: 'blocks', sizes: [1_000, 50_000] }, { key: 'blocks', size: 60_000 });
    expect(cache.info('pool')!.size).toBeGreaterThanOrEqual(30_000);
    expect(cache.info('image')!.size).toBeGreaterThanOrEqual(30_000);
    expect(cache.info('image')!.size).toBeLessThan(34_000);
    expect(cache.info('blocks')!.size).toBeGreaterThanOrEqual(60_000);
    expect(cache.get('image')).toMatchObject({ width: 10, pixels: new Uint8Array(3_000).fill(7) });
    await expectEmpty(cache);
  });

  it('is what fills a cache, however small its values are', async () => {
    const cache = await create<number>({ maxBytes: '2MiB', policy: 'lru' });
    const entries = Array.from({ length: 12_000 }, (_, i): [string, number] => [`${i}`, i]);
    expect(await cache.setMany(entries)).toBe(entries.length);
    expect(cache.bytes).toBeGreaterThan(0.99 * cache.maxBytes);
    await expectEmpty(cache);
  });

  it('counts for the budget, and for what is too large', async () => {
    const cache = await create<unknown>({ maxBytes: 100_000, maxEntryBytes: 50_000, policy: 'lru' });
    expect(await cache.set('large', 'x', { size: 50_001 })).toBe(false);
    for (let i = 0; i < 10; i++) expect(await cache.set(`k${i}`, 'x', { size: 20_000 })).toBe(true);
    expect(cache.size).toBe(5);
    expect(cache.bytes).toBeLessThanOrEqual(100_000);
    await expectEmpty(cache);
  });

  it('is what the weigher of the cache says, in the thread that has created it', async () => {
    const cache = await create<string>({ weigher: (value, key) => value.length * 1_000 + key.length });
    await cache.set('k', 'xx');
    expect(cache.info('k')!.size).toBeGreaterThanOrEqual(2_001);
    expect(cache.info('k')!.size).toBeLessThan(2_065);
    await expect(create<string>({ weigher: 5 as never })).rejects.toThrow(/weigher: expected a function/);
    const bad = await create<string>({ weigher: () => -1 });
    await expect(bad.set('k', 'x')).rejects.toThrow(TypeError);
  });
});
