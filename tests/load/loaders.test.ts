import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CacheClosedError,
  CacheConfigError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
  SharedCache,
  type SharedCacheOptions,
} from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';

const fixture = (name: string): URL => new URL(`./fixtures/${name}`, import.meta.url);
const open: SharedCache<unknown>[] = [];
let count = 0;

async function create(options: Partial<SharedCacheOptions<unknown>> = {}): Promise<SharedCache<unknown>> {
  const cache = await SharedCache.create<unknown>({
    name: `loaders-${count++}`,
    maxBytes: '1MiB',
    loaders: { many: fixture('many.loader.mjs') },
    pool: { maxThreads: 1, resourceLimits: { maxOldGenerationSizeMb: 32 } },
    ...options,
  });
  open.push(cache);
  return cache;
}

/** Whatever happened: all bytes that were set aside are back. */
afterEach(async () => {
  for (const cache of open.splice(0)) {
    await eventually(() => cache.stats.snapshot().reservedBytes).toBe(0);
    await cache.clear();
    expect(cache.bytes).toBe(0);
    await cache.close();
  }
});

const run = (cache: SharedCache<unknown>, act: string, rest: object = {}): Promise<unknown> =>
  cache.load('many', { act, ...rest }, { key: 'k' });

async function rejection(promise: Promise<unknown>): Promise<Error & { cause?: unknown }> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  return error as Error;
}

/** Starts a thread, for tests that measure time. */
const warmUp = (cache: SharedCache<unknown>) => cache.load('many', { act: 'thread' }, { key: 'warm' });

/** What loaders count, in memory shared with them. */
class Tally {
  readonly words = new Int32Array(new SharedArrayBuffer(16));
  get runs(): number {
    return Atomics.load(this.words, 0);
  }
  get aborts(): number {
    return Atomics.load(this.words, 1);
  }
  /** Whether a loader does nothing any more but wait, or hang. */
  get waits(): boolean {
    return Atomics.load(this.words, 3) === 1;
  }
}

/** Busy machines start threads slowly. */
const eventually = (read: () => unknown) => expect.poll(read, { timeout: 10_000, interval: 5 });

/** Stands for so many bytes of one kind, in `brief`. */
const bytesOf = (length: number, byte: number): string => `${length} × ${byte}`;

/** A value with `bytesOf` in the place of its bytes: megabytes are compared slowly. */
function brief(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    const byte = value[0] ?? 0;
    return value.every((other) => other === byte) ? bytesOf(value.length, byte) : value;
  }
  if (Array.isArray(value)) return value.map(brief);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, brief(part)]));
}

const real = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

describe('what a loader gets', () => {
  it('is the input, as a structured clone makes it, and the key', async () => {
    const cache = await create();
    const input = {
      act: 'echo',
      map: new Map([[1, new Date(5)]]),
      set: new Set(['a']),
      bytes: new Float64Array([1.5]),
    };
    expect(await cache.load('many', input)).toEqual(input);
    expect(await run(cache, 'key')).toBe('k');
  });

  it('is refused when it cannot be cloned', async () => {
    const cache = await create();
    const error = await rejection(cache.load('many', { act: () => 1 }, { key: 'k' }));
    expect(error.message).toContain('could not be cloned');
    expect(await run(cache, 'key')).toBe('k');
  });

  it('is the value that is about to be replaced, as a copy', async () => {
    const cache = await create({ grace: '1h' });
    expect(await run(cache, 'stale')).toEqual({ was: undefined });
    await cache.set('k', { pixels: real(100, 3) });
    const refreshed = await cache.load('many', { act: 'stale' }, { key: 'k', forceRefresh: true });
    expect(refreshed).toEqual({ was: { pixels: real(100, 3) } });
    await cache.expire('k');
    expect(await run(cache, 'stale')).toEqual({ was: refreshed });
  });
});

describe('allocate', () => {
  it('gives bytes of the cache, published without a copy', async () => {
    const cache = await create();
    const lease = await cache.acquireOrLoad('many', { act: 'image' }, { key: 'k' });
    expect(brief(lease?.value)).toEqual({ width: 10, pixels: bytesOf(1000, 7) });
    expect(lease?.value).toMatchObject({ pixels: { buffer: expect.any(SharedArrayBuffer) } });
    lease?.release();
    expect(brief(cache.get('k'))).toEqual({ width: 10, pixels: bytesOf(1000, 7) });
    expect(cache.bytes).toBeLessThan(1700);
  });

  it('is not needed: a buffer of the loader itself is copied', async () => {
    const cache = await create();
    expect(brief(await run(cache, 'ownBuffer'))).toEqual({ width: 10, pixels: bytesOf(1000, 8) });
    expect(brief(cache.get('k'))).toEqual({ width: 10, pixels: bytesOf(1000, 8) });
  });

  it('may be used in part', async () => {
    const cache = await create();
    await run(cache, 'subarray');
    expect(brief(cache.get('k'))).toEqual(bytesOf(100, 9));
  });

  it('can be called again and again', async () => {
    const cache = await create();
    await run(cache, 'blocks', { sizes: [100, 64, 5000, 0, 1] });
    expect(brief(cache.get('k'))).toEqual({
      blocks: [bytesOf(100, 1), bytesOf(64, 2), bytesOf(5000, 3), bytesOf(0, 0), bytesOf(1, 5)],
    });
  });

  it('gives back what the value does not hold', async () => {
    const cache = await create();
    await run(cache, 'drop', { sizes: [400_000, 1000, 300_000], keep: 1 });
    expect(brief(cache.get('k'))).toEqual({ kept: bytesOf(1000, 2) });
    expect(cache.bytes).toBeLessThan(3000);
    await cache.load('many', { act: 'drop', sizes: [500_000] }, { key: 'other' });
    expect(cache.get('other')).toBe('nothing of it');
    expect(cache.bytes).toBeLessThan(4000);
  });

  it('gives everything back when the loader throws, even what it did not wait for', async () => {
    const cache = await create();
    await rejection(run(cache, 'dropAndThrow', { sizes: [400_000, 400_000] }));
    expect(cache.stats.snapshot().reservedBytes).toBe(0);
    await rejection(run(cache, 'leaveBehind'));
    expect(await run(cache, 'leaveBehindAndReturn')).toBe('without waiting');
    expect(await run(cache, 'key')).toBe('without waiting');
  });

  it.each([-1, 1.5, Number.NaN, 2 ** 32, '5', undefined])('refuses %s bytes', async (byteLength) => {
    const cache = await create();
    const error = await rejection(run(cache, 'allocate', { byteLength }));
    expect(error.cause).toBeInstanceOf(CacheConfigError);
    expect(error.message).toContain('ctx.allocate: expected a whole number of bytes from 0 to 4294967295; got');
  });

  it('is over when the loader is', async () => {
    const cache = await create();
    expect(await run(cache, 'allocateLate')).toBe('early');
    await pause(50);
    const late = await cache.load('many', { act: 'whatWasLate' }, { key: 'late' });
    expect(late).toBe("ctx.allocate: expected a loader that runs; loader 'many' has ended");
  });
});

describe('a value that cannot be kept', () => {
  const big = { width: 10, pixels: bytesOf(2_000_000, 7) };

  it('reaches all who wait, and is not cached, when it is too large', async () => {
    const cache = await create();
    const told: unknown[] = [];
    cache.on('maxSizeExceeded', (event) => told.push(event));
    const tally = new Tally();
    const input = { act: 'image', bytes: 2_000_000, tally: tally.words };
    const [value, lease] = await Promise.all([
      cache.load('many', input, { key: 'k' }),
      cache.acquireOrLoad('many', input, { key: 'k' }),
    ]);
    expect(brief(value)).toEqual(big);
    expect(brief(lease?.value)).toEqual(big);
    lease?.release();
    expect(tally.runs).toBe(1);
    expect(cache.get('k')).toBe(undefined);
    expect(cache.stats.snapshot()).toMatchObject({ rejected: 1, loads: 1, loadErrors: 0, entries: 0 });
    await eventually(() => told).toEqual([expect.objectContaining({ key: 'k' })]);
  });

  it('is whole, although a part of it found room', async () => {
    const cache = await create();
    const value = await run(cache, 'blocks', { sizes: [300_000, 900_000, 1000] });
    expect(brief(value)).toEqual({ blocks: [bytesOf(300_000, 1), bytesOf(900_000, 2), bytesOf(1000, 3)] });
    expect(cache.stats.snapshot()).toMatchObject({ rejected: 1, entries: 0, reservedBytes: 0 });
  });

  it('is whole, although only what is around its parts found no room', async () => {
    const cache = await create({ maxEntryBytes: 10_000 });
    const value = await run(cache, 'captioned', { bytes: 4000, caption: 7000 });
    expect(brief(value)).toEqual({ pixels: bytesOf(4000, 7), caption: 'x'.repeat(7000) });
    expect(cache.stats.snapshot()).toMatchObject({ rejected: 1, entries: 0, reservedBytes: 0 });
  });

  it('is handed out when every byte is leased', async () => {
    const cache = await create({ reserveTimeout: 30 });
    await cache.set('old', real(900_000, 1));
    const lease = cache.acquire('old');
    expect(brief(await run(cache, 'image', { bytes: 500_000 }))).toEqual({ width: 10, pixels: bytesOf(500_000, 7) });
    expect(cache.has('k')).toBe(false);
    expect(cache.stats.snapshot().rejected).toBe(1);
    expect(brief(lease?.value)).toEqual(bytesOf(900_000, 1));
    lease?.release();
    await run(cache, 'image', { bytes: 500_000 });
    expect(cache.has('k')).toBe(true);
  });

  it.each([
    ['skip', undefined],
    ['skipValue', { pixels: bytesOf(5, 1) }],
    ['skipAllocated', { pixels: bytesOf(100, 2) }],
    ['undefined', undefined],
  ])('is not kept when the loader says so: %s', async (act, value) => {
    const cache = await create();
    expect(brief(await run(cache, act))).toEqual(value);
    expect(cache.has('k')).toBe(false);
    expect(cache.stats.snapshot()).toMatchObject({ rejected: 0, loads: 1, loadErrors: 0, reservedBytes: 0 });
  });
});

describe('what a loader decides', () => {
  it('caches null, and what a promise yields', async () => {
    const cache = await create();
    expect(await run(cache, 'null')).toBe(null);
    expect(cache.get('k')).toBe(null);
    await cache.load('many', { act: 'promise' }, { key: 'p' });
    expect(cache.get('p')).toBe('kept its promise');
  });

  it('sets the terms of its value', async () => {
    const cache = await create({ ttl: '1h' });
    await run(cache, 'setOptions', { options: { ttl: '5m', cost: 7 } });
    expect(cache.info('k')).toMatchObject({ ttl: 300_000, cost: 7 });
    const error = await rejection(cache.load('many', { act: 'setOptions', options: { ttl: -1 } }, { key: 'other' }));
    expect(error.message).toContain('ttl: expected a positive number');
  });
});

describe('a load that fails', () => {
  const cases: [string, RegExp, object | undefined][] = [
    ['throw', /out of it/, { name: 'RangeError', message: 'out of it', cause: new TypeError('deeper') }],
    ['throwUncloneable', /with more/, { message: 'with more', code: 'E_MORE' }],
    ['enoent', /no-such-file/, { code: 'ENOENT', syscall: 'open' }],
    ['fail', /no reason/, { code: 'ERR_CACHE_LOAD', cause: 'no reason', key: 'k' }],
    ['throwNull', /it threw null/, { message: 'it threw null' }],
    ['exit', /exited with code: 5/, {}],
    ['outOfMemory', /memory limit/, { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
  ];

  it.each(cases)('says why, and the next one succeeds: %s', async (act, message, cause) => {
    const cache = await create();
    const errors = await Promise.all([rejection(run(cache, act)), rejection(run(cache, act))]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(CacheLoadError);
      expect(error.message).toMatch(message);
      expect(error).toMatchObject({ key: 'k' });
      expect(error.cause).toBeInstanceOf(Error);
      expect(error.cause).toMatchObject(cause ?? {});
    }
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, loadErrors: 1 });
    expect(await run(cache, 'key')).toBe('k');
  });

  it('has whatever was thrown as its cause', async () => {
    const cache = await create();
    expect((await rejection(run(cache, 'throwString'))).cause).toBe('a string');
  });

  it('says what in a value cannot be stored', async () => {
    const cache = await create();
    const { cause, message } = await rejection(run(cache, 'returnFunction'));
    expect(cause).toBeInstanceOf(CacheSerializationError);
    expect(message).toContain('$.onload: a function cannot be stored');
  });

  it('is tried again as often as it was asked for', async () => {
    const cache = await create();
    const tally = new Tally();
    const input = { act: 'failUntil', tally: tally.words, times: 2 };
    expect(await cache.load('many', input, { key: 'k', retries: 2 })).toBe('at last');
    expect(tally.runs).toBe(3);
    const less = new Tally();
    await rejection(cache.load('many', { ...input, tally: less.words }, { key: 'other', retries: 1 }));
    expect(less.runs).toBe(2);
  });
});

describe('a load that is called off', () => {
  it.each([
    ['waitForAbort', 1],
    ['hang', 0],
  ])('stops, is not tried again, and frees its thread: %s', async (act, aborts) => {
    const cache = await create();
    const tally = new Tally();
    const controller = new AbortController();
    const options = { key: 'k', signal: controller.signal, retries: 5 };
    const waiting = rejection(cache.load('many', { act, tally: tally.words }, options));
    await eventually(() => tally.waits).toBe(true);
    controller.abort(new Error('enough'));
    expect((await waiting).message).toBe('enough');
    expect(await cache.load('many', { act: 'key' }, { key: 'k' })).toBe('k');
    expect(tally.runs).toBe(1);
    expect(tally.aborts).toBe(aborts);
  });

  it('goes on while somebody else waits', async () => {
    const cache = await create();
    const tally = new Tally();
    const controller = new AbortController();
    const input = { act: 'slow', ms: 50, tally: tally.words };
    const leaving = rejection(cache.load('many', input, { key: 'k', signal: controller.signal }));
    const staying = cache.load('many', input, { key: 'k' });
    await eventually(() => tally.runs).toBe(1);
    controller.abort();
    await leaving;
    expect(await staying).toBe('slow');
    expect(tally).toMatchObject({ runs: 1, aborts: 0 });
  });

  it('answers at its hardTimeout, and stores what comes late', async () => {
    const cache = await create();
    await warmUp(cache);
    const late = cache.load('many', { act: 'slow', ms: 300 }, { key: 'k', hardTimeout: 200 });
    expect(await rejection(late)).toBeInstanceOf(CacheTimeoutError);
    await eventually(() => cache.get('k')).toBe('slow');
  });

  it('is abandoned after three times its hardTimeout, and whoever asks then starts anew', async () => {
    const cache = await create();
    const tally = new Tally();
    await warmUp(cache);
    const options = { key: 'k', hardTimeout: 100, retries: 5 };
    await rejection(cache.load('many', { act: 'waitForAbort', tally: tally.words }, options));
    await eventually(() => tally.aborts).toBe(1);
    expect(await run(cache, 'key')).toBe('k');
    expect(tally.runs).toBe(1);
  });

  it('loses against a removal, but answers those who wait', async () => {
    const cache = await create();
    const tally = new Tally();
    const waiting = run(cache, 'slow', { ms: 60, tally: tally.words, value: real(1000, 1) });
    await eventually(() => tally.runs).toBe(1);
    await cache.delete('k');
    expect(brief(await waiting)).toEqual(bytesOf(1000, 1));
    expect(cache.has('k')).toBe(false);
  });

  it('ends with its cache', async () => {
    const cache = await create();
    const tally = new Tally();
    const waiting = rejection(run(cache, 'waitForAbort', { tally: tally.words }));
    await eventually(() => tally.runs).toBe(1);
    open.splice(0);
    await cache.close();
    expect(await waiting).toBeInstanceOf(CacheClosedError);
    await eventually(() => tally.aborts).toBe(1);
  });
});

describe('a loader module', () => {
  it.each([
    ['CommonJS', 'common.loader.cjs', [1, 'common']],
    ['with an export of the name of the loader', 'named.loader.mjs', [1, 'named']],
  ])('may be %s', async (_, file, value) => {
    const cache = await create({ loaders: { thumb: fixture(file) } });
    expect(await cache.load('thumb', 1)).toEqual(value);
  });

  it.each([
    [
      'that exports nothing callable',
      'nothing.loader.mjs',
      'got the exports { default: an object, width: 3 (number) }',
    ],
    ['that cannot be imported', 'broken.loader.mjs', 'no-such-module.mjs'],
  ])('%s is an error that names it', async (_, file, what) => {
    const cache = await create({ loaders: { thumb: fixture(file) } });
    const { cause, message } = await rejection(cache.load('thumb', 1));
    expect(cause).toBeInstanceOf(CacheConfigError);
    for (const part of ["loader 'thumb'", fixture(file).href, what]) expect(message).toContain(part);
  });

  it('is read as the creating thread reads modules; and the process ends by itself', async () => {
    const hook = fixture('import.hook.mjs').href;
    const program = fileURLToPath(fixture('hooked.program.mjs'));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', hook, program], { timeout: 20_000 });
    expect(stdout).toBe('hooked\n');
  });
});

describe('the pool', () => {
  it('runs many loads, one for a key, on all its threads', async () => {
    const cache = await create({ maxBytes: '64MiB', pool: { maxThreads: 3 } });
    const tally = new Tally();
    const input = { act: 'image', bytes: 100_000, tally: tally.words };
    const all = Array.from({ length: 300 }, (_, i) => cache.load('many', input, { key: `k${i % 100}` }));
    for (const value of await Promise.all(all))
      expect(brief(value)).toEqual({ width: 10, pixels: bytesOf(100_000, 7) });
    expect(tally.runs).toBe(100);
    expect(cache.size).toBe(100);
  });
});
