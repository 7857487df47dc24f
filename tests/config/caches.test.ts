import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Cache, CacheConfigError, createCaches, defineConfig, loadConfig, SharedCache } from 'cachalot';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const home = mkdtempSync(join(tmpdir(), 'cachalot-caches-'));
mkdirSync(join(home, 'loaders'));
writeFileSync(join(home, 'loaders', 'thumb.mjs'), 'export default (n) => ({ n, bytes: new Uint8Array(n) });');
writeFileSync(join(home, 'loaders', 'length.mjs'), 'export default (key) => key.length;');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const caches of open.splice(0)) await caches.close();
});

const MIB = 2 ** 20;
const options = { cwd: home, env: {} };

/** What a promise is rejected with. */
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('nothing was refused'),
    (error: Error) => error,
  );

describe('createCaches', () => {
  it('creates each cache of its kind, under its name and budget, with its options', async () => {
    const thumbnail = { kind: 'shared', share: 0.75, ttl: '1h', loaders: { thumb: './loaders/thumb.mjs' } } as const;
    const caches = await createCaches(
      {
        maxBytes: '64MiB',
        caches: {
          thumbnails: thumbnail,
          metadata: { kind: 'local', share: 0.125, loader: './loaders/length.mjs', policy: 'lru' },
          counts: { kind: 'local', maxBytes: '8MiB', loader: (key: string) => key.length, maxEntries: 2 },
        },
      },
      options,
    );
    open.push(caches);
    const { thumbnails, metadata, counts } = caches;
    expect(Object.keys(caches)).toEqual(['thumbnails', 'metadata', 'counts']);
    expect([thumbnails, metadata, counts].map(({ maxBytes }) => maxBytes)).toEqual([48 * MIB, 8 * MIB, 8 * MIB]);
    expect(thumbnails).toBeInstanceOf(SharedCache);
    expect(metadata).toBeInstanceOf(Cache);
    expect([thumbnails.name, metadata.name]).toEqual(['thumbnails', 'metadata']);
    expect(await thumbnails.load('thumb', 3)).toEqual({ n: 3, bytes: new Uint8Array(3) });
    expect(await thumbnails.fetch('4' as string)).toBeDefined();
    expect(thumbnails.info('4')?.ttl).toBe(3_600_000);
    expect([await metadata.fetch('four'), await counts.fetch('one')]).toEqual([4, 3]);
    for (const key of ['a', 'b', 'c']) counts.set(key, 1);
    expect(counts.size).toBe(2);
  });

  it('takes the file that is found, and the environment', async () => {
    writeFileSync(
      join(home, 'cachalot.config.json'),
      JSON.stringify({ maxBytes: '8MiB', caches: { a: { kind: 'local', share: 0.5, loader: 'loaders/length.mjs' } } }),
    );
    const caches = await createCaches<{ a: Cache<string, number> }>(undefined, {
      cwd: home,
      env: { CACHALOT_MAX_BYTES: '2MiB' },
    });
    open.push(caches);
    expect(caches.a.maxBytes).toBe(MIB);
    expect(await caches.a.fetch('abc')).toBe(3);
  });

  it('takes what loadConfig has answered, as it is', async () => {
    const config = await loadConfig({ maxBytes: '8MiB', caches: { a: { kind: 'local', share: 0.5 } } }, options);
    const caches = await createCaches(config, { env: { CACHALOT_MAX_BYTES: '2MiB' } });
    open.push(caches);
    expect(caches.a.maxBytes).toBe(4 * MIB);
  });

  it('has nothing but the caches to show, and cannot be changed', async () => {
    const caches = await createCaches({ caches: { toString: { kind: 'local', maxBytes: 9 } } }, options);
    open.push(caches);
    expect(Object.entries(caches)).toEqual([['toString', expect.any(Cache)]]);
    expect(Object.isFrozen(caches)).toBe(true);
  });

  it('closes all, and again', async () => {
    const config = defineConfig({
      caches: { a: { kind: 'local', maxBytes: 9000 }, b: { kind: 'shared', maxBytes: '1MiB' } },
    });
    const caches = await createCaches(config, options);
    await caches.close();
    await caches[Symbol.asyncDispose]();
    expect(() => caches.a.get('x')).toThrow('closed');
    expect(() => caches.b.get('x')).toThrow('closed');
    const again = await createCaches(config, options);
    expect(again.b.get('x')).toBeUndefined();
    await again.close();
  });

  it('closes what was created when a cache cannot be, and names that one', async () => {
    writeFileSync(join(home, 'loaders', 'broken.mjs'), 'throw new Error("out of order");');
    const config = {
      caches: {
        first: { kind: 'shared', maxBytes: '1MiB' },
        'the second': { kind: 'local', maxBytes: 9, loader: './loaders/broken.mjs' },
      },
    } as const;
    const error = await failure(createCaches(config, options));
    expect(error).toBeInstanceOf(CacheConfigError);
    expect(error.message).toMatch(/^config: caches\["the second"\]: loader 'the second': .*out of order$/);
    expect(error.cause).toBeInstanceOf(CacheConfigError);
    expect((await failure(SharedCache.attach('first', { timeout: 50 }))).message).toContain("got 'first'");
  });

  it('does not take what this thread has created otherwise for its own', async () => {
    open.push(await SharedCache.create({ name: 'taken', maxBytes: '1MiB' }));
    const config = {
      caches: { free: { kind: 'shared', maxBytes: '1MiB' }, taken: { kind: 'shared', maxBytes: '1MiB' } },
    } as const;
    const error = await failure(createCaches(config, options));
    expect(error.message).toMatch(
      /^config: caches\.taken: name: expected one that no cache of this process has; got 'taken'/,
    );
    expect((await failure(SharedCache.attach('free', { timeout: 50 }))).message).toContain("got 'free'");
  });

  it('registers loaders that are functions', async () => {
    const caches = await createCaches(
      { caches: { fn: { kind: 'shared', maxBytes: '1MiB', loaders: { twice: (n: number) => 2 * n } } } },
      options,
    );
    open.push(caches);
    expect(await caches.fn.load('twice', 21)).toBe(42);
  });
});

describe('budgets at run time', () => {
  const CONFIG = defineConfig({
    maxBytes: '16MiB',
    caches: {
      a: { kind: 'local', share: 0.5 },
      b: { kind: 'shared', share: 0.25 },
      c: { kind: 'local', maxBytes: '4MiB' },
    },
  });

  const budgetsOf = (caches: Record<'a' | 'b' | 'c', { maxBytes: number }>) =>
    [caches.a, caches.b, caches.c].map(({ maxBytes }) => maxBytes / MIB);

  it('resize divides the whole anew, and leaves budgets of their own', async () => {
    const caches = await createCaches(CONFIG, options);
    open.push(caches);
    caches.a.set('x', new Uint8Array(5 * MIB));
    await Promise.all([caches.resize('32MiB'), caches.resize('8GiB'), caches.resize('8MiB').catch(() => {})]);
    expect(budgetsOf(caches)).toEqual([4096, 2048, 4]);
    await caches.resize('16MiB');
    expect(budgetsOf(caches)).toEqual([8, 4, 4]);
    expect(caches.a.size).toBe(1);
    caches.c.resize('1MiB');
    await caches.resize('8MiB');
    expect(budgetsOf(caches)).toEqual([4, 2, 1]);
    expect(caches.a.size).toBe(0);
  });

  it('what does not fit is refused, and nothing changes', async () => {
    const caches = await createCaches(CONFIG, options);
    open.push(caches);
    const error = await failure(caches.resize('5MiB'));
    expect(error).toBeInstanceOf(CacheConfigError);
    expect(error.message).toBe(
      'resize: caches: expected budgets within maxBytes, which is 5.0 MiB; got 7.8 MiB (a 2.5 MiB, b 1.3 MiB, c 4.0 MiB)',
    );
    expect((await failure(caches.resize('x'))).message).toMatch(/^maxBytes: expected a positive number/);
    expect(budgetsOf(caches)).toEqual([8, 4, 4]);
    await caches.resize('32MiB');
    expect(budgetsOf(caches)).toEqual([16, 8, 4]);
  });

  it('are as they were when one of them cannot be changed', async () => {
    const caches = await createCaches(CONFIG, options);
    open.push(caches);
    await caches.b.close();
    const error = await failure(caches.resize('32MiB'));
    expect(error.message).toMatch(/^resize: caches\.b: cache 'b': expected an open cache/);
    expect(caches.a.maxBytes).toBe(8 * MIB);
  });

  it('apply takes on the budgets of a changed configuration', async () => {
    const caches = await createCaches(CONFIG, options);
    open.push(caches);
    const changed = {
      maxBytes: '32MiB',
      caches: {
        a: { kind: 'local', maxBytes: '1MiB' },
        b: { kind: 'shared', share: 0.5 },
        c: { kind: 'local', share: 0.25 },
      },
    } as const;
    await caches.apply(changed, options);
    expect(budgetsOf(caches)).toEqual([1, 16, 8]);
    await caches.resize('8MiB');
    expect(budgetsOf(caches)).toEqual([1, 4, 2]);
  });

  it('apply refuses what cannot be changed, all at once, and nothing changes', async () => {
    const caches = await createCaches(CONFIG, options);
    open.push(caches);
    const { c: _c, ...others } = CONFIG.caches;
    const changed = {
      maxBytes: '1GiB',
      caches: { ...others, a: { ...CONFIG.caches.a, ttl: '1s' }, d: CONFIG.caches.c },
    };
    const error = await failure(caches.apply(changed, options));
    expect(error).toBeInstanceOf(CacheConfigError);
    expect((error as CacheConfigError).issues?.map(({ path }) => path)).toEqual([
      'caches.a.ttl',
      'caches.c',
      'caches.d',
    ]);
    expect(budgetsOf(caches)).toEqual([8, 4, 4]);
  });
});

describe('several threads', () => {
  const config = {
    maxBytes: '32MiB',
    caches: { images: { kind: 'shared', share: 0.5 }, notes: { kind: 'local', share: 0.25 } },
  } as const;
  const start = () => new Worker(new URL('./support/caches.worker.mjs', import.meta.url), { workerData: { config } });

  it('share what is shared, with the same call, and have what is local for themselves', async () => {
    const caches = await createCaches(config, options);
    open.push(caches);
    await caches.images.set('photo', { width: 3 });
    caches.notes.set('a', 'note of main');
    const worker = start();
    const [seen] = await once(worker, 'message');
    expect(seen).toEqual({
      read: { width: 3 },
      loaded: { n: 42, made: 'in the worker' },
      own: undefined,
      budgets: [16 * MIB, 8 * MIB],
    });
    await caches.images.set('old', 'x');
    await caches.images.delete('old');
    worker.postMessage({ resize: '16MiB' });
    expect(await once(worker, 'message')).toEqual([{ removed: ['old delete'] }]);
    expect([caches.images.maxBytes, caches.notes.maxBytes]).toEqual([8 * MIB, 8 * MIB]);
    worker.postMessage({ close: true });
    await once(worker, 'exit');
    expect(caches.images.get('photo')).toEqual({ width: 3 });
  });

  it('that all begin at once create one cache', async () => {
    const workers = Array.from({ length: 4 }, start);
    const seen = await Promise.all(workers.map((worker) => once(worker, 'message')));
    expect(seen.map(([{ loaded }]) => loaded.n)).toEqual([42, 42, 42, 42]);
    const cache = await SharedCache.attach('images');
    expect(cache.stats.snapshot().sets).toBe(1);
    for (const worker of workers) worker.postMessage({ close: true });
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    await cache.close();
  });
});
