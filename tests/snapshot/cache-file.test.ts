import { mkdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cache, CacheClosedError, type CacheOptions, CacheSerializationError } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { testFolder } from './support/folder.js';
import { anyKey, anyValue } from './support/values.js';

const folder = testFolder();

function make(options: Partial<CacheOptions<string, unknown>> = {}): Cache<string, unknown> {
  return new Cache<string, unknown>({ maxBytes: '64MiB', policy: 'lru', ...options });
}

function evictionOrder(cache: Cache<string, unknown>): string[] {
  return cache.dump().entries.map(({ key }) => key);
}

describe('a file of a Cache', () => {
  it('brings back keys and values of every kind', async () => {
    const path = folder.path('kinds');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyKey, anyValue), { maxLength: 20 }), async (entries) => {
        const from = new Cache<unknown, unknown>({ maxBytes: '64MiB' });
        const to = new Cache<unknown, unknown>({ maxBytes: '64MiB' });
        from.setMany(entries);
        expect(await from.save(path)).toBe(from.size);
        expect(await to.restore(path)).toBe(from.size);
        expect([to.size, to.bytes]).toEqual([from.size, from.bytes]);
        for (const [key, value] of from) expect(to.get(key)).toEqual(value);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('keeps what is known of each entry, and their order', async () => {
    const path = folder.path('terms');
    const clock = new FakeClock();
    const from = make({ clock, grace: 20 });
    from.set('timed', 1, { ttl: 100, tags: ['a', 'ключ'], cost: 3, size: 77 });
    from.set('idle', 2, { ttl: 500, idleTtl: 80, grace: 1 });
    from.set('stale', 3, { ttl: 40 });
    from.set('plain', 4);
    from.set('dead', 5, { ttl: 1 });
    clock.advance(50);
    from.get('timed');
    from.get('idle');
    await from.save(pathToFileURL(path));
    clock.advance(5);
    const to = make({ clock });
    expect(await to.restore(path)).toBe(4);
    for (const key of ['timed', 'idle', 'stale', 'plain']) expect(to.info(key)).toEqual(from.info(key));
    expect(to.info('timed')).toMatchObject({ remainingTtl: 45, tags: ['a', 'ключ'], cost: 3, size: 77, hits: 1 });
    expect(evictionOrder(to)).toEqual(['stale', 'plain', 'timed', 'idle']);
    clock.advance(20);
    expect(await to.restore(path)).toBe(3);
    expect(to.deleteByTag('ключ')).toBe(1);
    expect(to.stats.snapshot()).toMatchObject({ sets: 0, hits: 0, byteHitRate: 0 });
  });

  it('is trimmed to a smaller budget: the most worthy stay', async () => {
    const path = folder.path('trimmed');
    const from = make({ weigher: () => 10 });
    for (const key of 'abcdef') from.set(key, key);
    from.get('a');
    from.set('big', 1, { size: 1000 });
    await from.save(path);
    const small = make({ maxBytes: 35, weigher: () => 10 });
    expect(await small.restore(path)).toBe(3);
    expect(evictionOrder(small)).toEqual(['e', 'f', 'a']);
    const few = make({ maxEntries: 2 });
    await few.restore(path);
    expect(evictionOrder(few)).toEqual(['a', 'big']);
  });

  it('takes the place of the one before in one step, or leaves it alone', async () => {
    mkdirSync(folder.path('in'));
    const path = folder.path('in/one');
    const cache = make();
    cache.set('a', 1);
    await cache.save(path);
    const before = readFileSync(path);
    cache.set('bad', { deep: [{ onload: () => 1 }] });
    const error = await cache.save(path).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(CacheSerializationError);
    expect(error).toMatchObject({
      key: 'bad',
      message: expect.stringMatching(/"bad".*\$\.deep\[0\]\.onload: a function/),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    const keyed = new Cache<unknown, unknown>({ maxBytes: 1000 });
    const mine = Symbol('mine');
    keyed.set(mine, 1);
    await expect(keyed.save(path)).rejects.toMatchObject({ code: 'ERR_CACHE_SERIALIZATION', key: mine });
    cache.delete('bad');
    await cache.save(path);
    await expect(cache.save(folder.path('no/such/folder'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(cache.save(folder.path('in'))).rejects.toThrow();
    expect(folder.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(path).length).toBe(before.length);
  });

  it('holds what there was when it was asked for', async () => {
    const path = folder.path('instant');
    const cache = make();
    for (let i = 0; i < 500; i++) cache.set(`key ${i}`, new Uint8Array(10_000));
    const saved = cache.save(path);
    cache.clear();
    cache.set('later', 1);
    expect(await saved).toBe(500);
    await cache.restore(path);
    expect([cache.size, cache.has('later'), cache.has('key 499')]).toEqual([500, false, true]);
  });

  it('is good however its values change meanwhile', async () => {
    const path = folder.path('changing');
    const cache = make();
    const pixels = new Uint8Array(20 * 2 ** 20);
    cache.set('pixels', pixels);
    const saved = cache.save(path);
    const timer = setInterval(() => pixels.fill(Math.random() * 256), 0);
    await saved;
    clearInterval(timer);
    expect(await make().restore(path)).toBe(1);
  });

  it('loses against what is written or removed while it is restored', async () => {
    const path = folder.path('racing');
    const cache = make();
    for (let i = 0; i < 2000; i++)
      cache.set(`key ${i}`, new Uint8Array(2000), { tags: [i % 10 === 0 ? 'round' : 'odd'] });
    await cache.save(path);
    const restored = cache.restore(path);
    cache.set('key 0', 'newer');
    cache.delete('key 1');
    cache.deleteByTag('round');
    cache.set('key 10', 'newest');
    let turns = 0;
    const timer = setInterval(() => cache.set(`new ${turns++}`, turns), 0);
    const count = await restored;
    clearInterval(timer);
    expect(count).toBe(2000 - 200 - 1);
    expect([cache.get('key 0'), cache.get('key 1'), cache.get('key 10')]).toEqual(['newer', undefined, 'newest']);
    expect(cache.size).toBe(count + 2 + turns);
    expect(turns).toBeGreaterThan(1);
  });

  it('loses against clear, load and close', async () => {
    const path = folder.path('outdone');
    const cache = make();
    cache.set('a', 1);
    await cache.save(path);
    const dump = make().dump();
    for (const outdo of [() => cache.clear(), () => cache.load(dump)]) {
      const restored = cache.restore(path);
      outdo();
      expect([await restored, cache.size]).toEqual([0, 0]);
    }
    const last = cache.restore(path);
    await cache.close();
    await expect(last).rejects.toBeInstanceOf(CacheClosedError);
    await expect(cache.restore(path)).rejects.toBeInstanceOf(CacheClosedError);
    await expect(cache.save(path)).rejects.toBeInstanceOf(CacheClosedError);
  });
});
