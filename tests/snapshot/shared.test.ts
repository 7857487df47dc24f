import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Cache, CacheError, CacheKeyError, type SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { snapshotContract } from '../contract/snapshot.js';
import { create, expectEmpty, sleep, thread, until } from '../shared/support/threads.js';
import { contentOfAllKinds } from './support/content.js';
import { testFolder } from './support/folder.js';
import { mutated } from './support/mutate.js';

const folder = testFolder();
/** Each takes a thread: a share of those that `Cache` is tried with, which reads files by the same code. */
const FILES = Math.ceil(Number(process.env['CACHALOT_FUZZ'] ?? 1500) / 15);

snapshotContract('a SharedCache', {
  create: (options) => create<unknown>({ maxBytes: '64MiB', ...options }),
  runs: 12,
  sleep: (ms) => sleep(ms),
});

describe('files of both caches', () => {
  it('are of one kind', async () => {
    const path = folder.path('both');
    const shared = await create<unknown>({ maxBytes: '64MiB' });
    const cache = new Cache<unknown, unknown>({ maxBytes: '64MiB' });
    for (const [key, value] of contentOfAllKinds()) await shared.set(key, value, { tags: [key], ttl: '1h' });
    await shared.save(path);
    expect(await cache.restore(path)).toBe(shared.size);
    for (const [key, value] of contentOfAllKinds()) {
      expect(isDeepStrictEqual(cache.get(key), value), key).toBe(true);
      expect(cache.info(key)).toMatchObject({ tags: [key], ttl: 3_600_000 });
    }
    await cache.save(path);
    const other = await create<unknown>({ maxBytes: '64MiB' });
    expect(await other.restore(path)).toBe(shared.size);
    expect(other.bytes).toBe(shared.bytes);
    for (const [key, value] of contentOfAllKinds()) expect(isDeepStrictEqual(other.get(key), value), key).toBe(true);
    cache.set(5, 'not a string');
    await cache.save(path);
    await expect(other.restore(path)).rejects.toBeInstanceOf(CacheKeyError);
    await expect(other.restore(path)).rejects.toThrow(
      /entry \d+ at byte \d+: expected a key of a SharedCache.*; got 5 \(number\)/,
    );
    expect(other.size).toBe(shared.size);
  });
});

describe('a shared cache that is saved', () => {
  it('goes on: what comes and goes meanwhile is whole or missing in the file', async () => {
    const path = folder.path('busy');
    const cache = await create<Uint8Array>({ maxBytes: '8MiB' });
    const write = (i: number) => cache.set(`key ${i % 300}`, new Uint8Array(20_000).fill(i));
    for (let i = 0; i < 300; i++) await write(i);
    let isSaved = false;
    let writes = 300;
    const busy = (async () => {
      while (!isSaved) {
        await write(writes++);
        if (writes % 50 === 0) await cache.delete(`key ${writes % 300}`);
      }
    })();
    const counts = [];
    for (let round = 0; round < 5; round++) counts.push(await cache.save(path));
    isSaved = true;
    await busy;
    const other = await create<Uint8Array>({ maxBytes: '64MiB' });
    expect(await other.restore(path)).toBe(counts.at(-1));
    expect(Math.min(...counts)).toBeGreaterThan(200);
    expect(writes).toBeGreaterThan(320);
    for (const key of other.keys()) {
      const value = other.get(key)!;
      expect([value.length, value.every((byte) => byte === value[0])]).toEqual([20_000, true]);
    }
  });

  it('can be full of leases, and restored beside them', async () => {
    const path = folder.path('leased');
    const cache = await create<Uint8Array>({ maxBytes: '4MiB', reserveTimeout: 50, policy: 'lru' });
    for (let i = 0; i < 36; i++) await cache.set(`key ${i}`, new Uint8Array(100_000).fill(i));
    expect(await cache.save(path)).toBe(36);
    const leases = [...cache.keys()].slice(0, 18).map((key) => cache.acquire(key)!);
    await cache.restore(path);
    expect(cache.size).toBeGreaterThan(10);
    expect(cache.size).toBeLessThan(36);
    expect(cache.has('key 35')).toBe(true);
    leases.forEach((lease) => {
      expect(lease.value.every((byte) => byte === lease.value[0])).toBe(true);
      lease.release();
    });
    expect(await cache.restore(path)).toBe(36);
    for (let i = 0; i < 36; i++) expect(cache.get(`key ${i}`)?.[99_999]).toBe(i);
  });
});

describe('a thread that is terminated', () => {
  it('while it saves or restores leaves no half of anything behind', async () => {
    const path = folder.path('terminated');
    const cache = await create<Uint8Array>({ maxBytes: '64MiB' });
    for (let i = 0; i < 400; i++) await cache.set(`key ${i}`, new Uint8Array(50_000).fill(i));
    await cache.save(path);
    for (let round = 0; round < 8; round++) {
      await cache.clear();
      await cache.set('old', new Uint8Array(10));
      const other = thread();
      await other.run(async ({ SharedCache, state }, name) => {
        Object.assign(state, { cache: await SharedCache.attach(name) });
      }, cache.name);
      const isRestore = round % 2 === 0;
      const ended = other
        .run(
          ({ state }, restores, file) => {
            const one = state['cache' as never] as SharedCache;
            return restores ? one.restore(file) : one.save(file);
          },
          isRestore,
          isRestore ? path : folder.path('never'),
        )
        .catch(() => undefined);
      await Promise.race([ended, sleep(40 + 12 * round)]);
      await other.end();
      await cache.set('new', new Uint8Array(10));
      // Old, gone or loaded, beside what was written: nothing in between, once the dead thread has been tidied up.
      await until(() => [1, 2, 401].includes(cache.size) && cache.has('new'), 'no half of the file is there');
      await sleep(50);
      expect([1, 2, 401]).toContain(cache.size);
    }
    expect(await cache.restore(path)).toBe(400);
    expect([cache.size, cache.get('key 399')?.[49_999]]).toEqual([400, 399 % 256]);
    await expectEmpty(cache);
  });
});

describe('a damaged or forged file', () => {
  it(`never harms a shared cache: ${FILES} of them`, async () => {
    const path = folder.path('fuzzed');
    const cache = await create<unknown>({ maxBytes: '16MiB' });
    for (const [key, value] of contentOfAllKinds()) await cache.set(key, value, { ttl: '1h', tags: ['all', key] });
    await cache.save(path);
    const good = readFileSync(path);
    await cache.clear();
    await cache.set('kept', 1);
    for (let seed = 1; seed <= FILES; seed++) {
      const { file, how } = mutated(good, seed);
      writeFileSync(path, file);
      const answer = await cache.restore(path).catch((error: unknown) => error);
      const told = `file ${seed} (${how})`;
      if (typeof answer === 'number') {
        // A forger may have made some stale, or of an end within this very millisecond.
        if (how.includes('reseal')) expect(cache.size, told).toBeLessThanOrEqual(answer);
        else expect([cache.size, file.equals(good)], told).toEqual([answer, true]);
        expect(cache.has('kept'), told).toBe(false);
        for (const [, value] of cache.entries()) expect(value !== undefined, told).toBe(true);
        await cache.clear();
        await cache.set('kept', 1);
      } else {
        if (!(answer instanceof CacheError)) throw new Error(told, { cause: answer });
        expect([...cache.entries()], told).toEqual([['kept', 1]]);
      }
    }
  }, 600_000);
});
