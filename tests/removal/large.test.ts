import { Cache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, expectEmpty, thread, until } from '../shared/support/threads.js';

const MANY = 60_000;

describe('a removal of many', () => {
  it('is no more than a Cache can take at once', () => {
    const cache = new Cache<string, number>({ maxBytes: '1GiB' });
    for (let i = 0; i < 3 * MANY; i++) cache.set(`k${i}`, i, { tags: ['all'] });
    expect(cache.deleteByTag('all')).toBe(3 * MANY);
    for (let i = 0; i < 3 * MANY; i++) cache.set(`k${i}`, i);
    expect(cache.deleteByPrefix('k')).toBe(3 * MANY);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it.each([
    ['tag', (cache: Awaited<ReturnType<typeof filled>>) => cache.deleteByTag('all')],
    ['prefix', (cache: Awaited<ReturnType<typeof filled>>) => cache.deleteByPrefix('k')],
    ['predicate', (cache: Awaited<ReturnType<typeof filled>>) => cache.deleteWhere((_, value) => value >= 0)],
  ])('lets others be served, and spares what they write (%s)', async (name, remove) => {
    const cache = await filled();
    let isOver = false;
    const removed = remove(cache).finally(() => {
      isOver = true;
    });
    let served = 0;
    while (!isOver) {
      // New keys, and keys that are still to be visited.
      await cache.set(`k${served}`, -1 - served, { tags: ['all'] });
      await cache.set(`k${MANY - 1 - served}`, -1 - served, { tags: ['all'] });
      await cache.set(`new ${served}`, -1 - served, { tags: ['all'] });
      served++;
    }
    // What was overwritten before its turn came is another entry, that stays.
    const count = await removed;
    expect(served).toBeGreaterThan(3);
    expect(count).toBeGreaterThan(MANY - 2 * served - 1);
    expect(count).toBeLessThanOrEqual(MANY);
    const written = (key: string): boolean => /^new /.test(key) || (cache.get(key) ?? 0) < 0;
    expect([...cache.keys()].filter((key) => !written(key))).toEqual([]);
    if (name !== 'predicate') {
      // Written after the call: all of it is there.
      for (let i = 1; i < served; i++) {
        expect([cache.get(`k${i}`), cache.get(`k${MANY - 1 - i}`), cache.get(`new ${i}`)]).toEqual([
          -1 - i,
          -1 - i,
          -1 - i,
        ]);
      }
    }
    await expectEmpty(cache);
  });

  it('ends with the cache', async () => {
    const cache = await filled();
    const removed = cache.deleteByPrefix('nothing');
    await cache.close();
    await expect(removed).rejects.toThrow(expect.objectContaining({ code: 'ERR_CACHE_CLOSED' }));
  });

  it('leaves nothing behind, though entries are moved and written by another thread meanwhile', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '8MiB', policy: 'lru' });
    const other = thread();
    const write = other.run(async ({ SharedCache }, name) => {
      const shared = await SharedCache.attach<Uint8Array>(name);
      for (let i = 0; i < 4000; i++) {
        await shared.set(`${i % 2 ? 'a' : 'b'}${i % 97}`, new Uint8Array(1000 + ((i * 7919) % 60_000)), {
          tags: ['t'],
        });
      }
    }, cache.name);
    let isOver = false;
    void write.finally(() => {
      isOver = true;
    });
    await until(() => cache.size > 50);
    let removed = 0;
    while (!isOver) {
      removed += await cache.deleteByPrefix('a');
      removed += await cache.deleteWhere((key, value) => key.startsWith('b') && value.byteLength % 2 === 0);
      removed += await cache.deleteByTag('t');
    }
    await write;
    expect(removed).toBeGreaterThan(100);
    await cache.deleteByPattern('[ab]*');
    expect([...cache.keys()]).toEqual([]);
    await expectEmpty(cache);
  });
});

async function filled() {
  const cache = await create<number>({ maxBytes: '64MiB', maxEntries: 2 * MANY });
  for (let i = 0; i < MANY; i += 2000) {
    const some = Array.from({ length: 2000 }, (_, n) => [`k${i + n}`, i + n] as const);
    await cache.setMany(some, { tags: ['all'] });
  }
  return cache;
}
