import { fileURLToPath } from 'node:url';
import { CacheConfigError, CacheLoadError, SharedCache, type SharedCacheOptions } from 'cachalot';
import { Piscina } from 'piscina';
import { afterEach, describe, expect, it } from 'vitest';
import { thread, until } from '../shared/support/threads.js';

const loaders = { many: new URL('./fixtures/many.loader.mjs', import.meta.url) };
const ownTask = fileURLToPath(new URL('./fixtures/own-task.mjs', import.meta.url));

const open: { close(): Promise<void> }[] = [];
let count = 0;

function piscina(options: object = {}): Piscina {
  const pool = new Piscina({ filename: ownTask, minThreads: 0, maxThreads: 1, idleTimeout: 1000, ...options });
  open.unshift(pool);
  return pool;
}

async function create(options: Partial<SharedCacheOptions<unknown>>): Promise<SharedCache<unknown>> {
  const cache = await SharedCache.create<unknown>({ name: `own-${count++}`, maxBytes: '1MiB', loaders, ...options });
  open.unshift(cache);
  return cache;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const run = (cache: SharedCache<unknown>, key: string, act: string, rest: object = {}, options: object = {}) =>
  cache.load('many', { act, ...rest }, { key, ...options });

describe('a pool of one’s own', () => {
  it('runs the loaders, beside its own tasks, in its own threads', async () => {
    const pool = piscina();
    const cache = await create({ pool });
    const [own, loaded] = await Promise.all([pool.run('ping'), run(cache, 'thread', 'thread')]);
    expect(own).toEqual({ pong: 'ping', thread: loaded });
    expect(pool.threads.map(({ threadId }) => threadId)).toEqual([loaded]);
    expect(await run(cache, 'image', 'image')).toEqual({ width: 10, pixels: new Uint8Array(1000).fill(7) });
    expect(cache.get('image')).toEqual({ width: 10, pixels: new Uint8Array(1000).fill(7) });
  });

  it.each([
    ['what waits in Atomics.wait between tasks', { atomics: 'sync' }],
    ['two tasks in a thread', { concurrentTasksPerWorker: 2 }],
    ['a queue of two', { maxQueue: 2, maxThreads: 2 }],
  ])('may be %s', async (_, options) => {
    const cache = await create({ pool: piscina(options) });
    const keys = ['a', 'b', 'c'];
    const values = keys.map((key) => run(cache, key, 'slow', { ms: 20, value: key }));
    expect(await Promise.all(values)).toEqual(keys);
    expect(keys.map((key) => cache.get(key))).toEqual(keys);
  });

  it('serves other threads, through the one that has it: one run for a key', async () => {
    const pool = piscina({ maxThreads: 2 });
    const cache = await create({ pool });
    const tally = new Int32Array(new SharedArrayBuffer(16));
    const theirs = [thread(), thread()].map((one) =>
      one.run(
        async ({ SharedCache }, name, words) => {
          const attached = await SharedCache.attach(name);
          return attached.load('many', { act: 'slow', ms: 100, tally: words }, { key: 'k' });
        },
        cache.name,
        tally,
      ),
    );
    expect(await Promise.all(theirs)).toEqual(['slow', 'slow']);
    expect(tally[0]).toBe(1);
    expect(pool.threads.map(({ threadId }) => threadId)).toContain(tally[2]);
  });

  it('tells what loaders throw, and kills the thread of one that does not stop', async () => {
    const pool = piscina();
    const cache = await create({ pool });
    const error = await run(cache, 'k', 'throw').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CacheLoadError);
    expect(error).toMatchObject({ key: 'k', cause: { name: 'RangeError', message: 'out of it' } });
    await expect(run(cache, 'k', 'exit')).rejects.toThrow(CacheLoadError);
    const controller = new AbortController();
    const tally = new Int32Array(new SharedArrayBuffer(16));
    const hung = run(cache, 'hang', 'hang', { tally }, { signal: controller.signal });
    await until(() => tally[0] === 1);
    controller.abort(new Error('enough'));
    await expect(hung).rejects.toThrow('enough');
    expect(await run(cache, 'after', 'echo')).toEqual({ act: 'echo' });
    await until(() => cache.stats.snapshot().reservedBytes === 0);
  });

  it('lends a thread to loads that wait for loads of the same pool', async () => {
    const pool = piscina();
    const cache = await create({
      pool,
      loaders: { ...loaders, nested: new URL('./fixtures/nested.loader.mjs', import.meta.url) },
    });
    expect(await cache.load('nested', { name: cache.name, depth: 3 })).toBe('3 2 1 0');
    expect(pool.options.maxThreads).toBeGreaterThanOrEqual(1);
    await run(cache, 'later', 'echo');
    expect(pool.options.maxThreads).toBe(1);
  });

  it('is left as it was when the cache ends, and what runs is stopped', async () => {
    const pool = piscina();
    const before = pool.listenerCount('workerDestroy');
    const cache = await create({ pool });
    const tally = new Int32Array(new SharedArrayBuffer(16));
    const pending = run(cache, 'k', 'waitForAbort', { tally }).catch((error: unknown) => error);
    await until(() => tally[0] === 1);
    await cache.close();
    expect(await pending).toMatchObject({ code: 'ERR_CACHE_CLOSED' });
    await until(() => tally[1] === 1);
    expect(await pool.run('still')).toMatchObject({ pong: 'still' });
    await until(() => pool.listenerCount('workerDestroy') === before);
  });

  it('ends with its thread: others are told, and go on with what is there', async () => {
    const one = thread();
    const name = `own-${count++}`;
    await one.run(
      async ({ SharedCache }, name, href, path) => {
        const { Piscina } = process.getBuiltinModule('node:module').createRequire(path)('piscina');
        const pool = new Piscina({ minThreads: 0, maxThreads: 1 });
        const cache = await SharedCache.create({ name, maxBytes: '1MiB', loaders: { many: href }, pool });
        await cache.set('there', 1);
      },
      name,
      loaders.many.href,
      import.meta.url,
    );
    const cache = await SharedCache.attach<unknown>(name);
    expect(await run(cache, 'a', 'echo')).toEqual({ act: 'echo' });
    const tally = new Int32Array(new SharedArrayBuffer(16));
    const pending = run(cache, 'b', 'waitForAbort', { tally }).catch((error: unknown) => error);
    await until(() => tally[0] === 1);
    await one.end();
    const expected =
      /expected thread \d+, which has created the cache and runs its loaders in a pool of its own; it has ended/;
    expect(String(await pending)).toMatch(expected);
    await expect(run(cache, 'c', 'echo')).rejects.toThrow(expected);
    expect([cache.get('there'), cache.get('a')]).toEqual([1, { act: 'echo' }]);
    await cache.close();
  });

  it.each([
    ['a function called run alone', { run() {} }],
    ['a pool that has no threads', { run() {}, on() {}, off() {}, options: { maxThreads: 1 } }],
    ['a pool that has no options', { run() {}, on() {}, off() {}, threads: [], options: {} }],
  ])('is none: %s', async (_, pool) => {
    await expect(create({ pool: pool as never })).rejects.toThrow(CacheConfigError);
    await expect(create({ pool: pool as never })).rejects.toThrow(/pool: expected piscina's options, or a Piscina/);
  });

  it('has other threads than the ones that caches share', async () => {
    const cache = await create({ pool: { maxThreads: 1 } });
    const pool = piscina();
    const own = await create({ pool });
    expect(await run(own, 'k', 'thread')).not.toBe(await run(cache, 'k', 'thread'));
  });
});
