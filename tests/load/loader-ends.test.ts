import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CacheClosedError,
  CacheConfigError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
} from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';
import {
  brief,
  bytesOf,
  closeAll,
  create,
  eventually,
  fixture,
  open,
  real,
  rejection,
  run,
  Tally,
  warmUp,
} from './support/loaders.js';

afterEach(closeAll);

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
    const late = cache.load('many', { act: 'slow', ms: 1200 }, { key: 'k', hardTimeout: 1000 });
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
