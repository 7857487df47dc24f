import { setTimeout as pause } from 'node:timers/promises';
import { CacheConfigError, keyOf } from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';
import { brief, bytesOf, closeAll, create, eventually, real, rejection, run, Tally } from './support/loaders.js';

afterEach(closeAll);

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

  it('makes the key, which keyOf says', async () => {
    const cache = await create();
    const input = { act: 'echo', page: 1 };
    await cache.load('many', input);
    const key = keyOf('many', { page: 1, act: 'echo' });
    expect(cache.get(key)).toEqual(input);
    expect([await cache.delete(key), await cache.delete(keyOf('other', input))]).toEqual([true, false]);
  });

  it('is refused when it cannot be cloned', async () => {
    const cache = await create();
    const error = await rejection(cache.load('many', { act: () => 1 }, { key: 'k' }));
    expect(error.message).toMatch(/^loader 'many': expected an input that can be cloned; .* could not be cloned/);
    expect(error).toMatchObject({ code: 'ERR_CACHE_SERIALIZATION', key: 'k' });
    expect(await run(cache, 'key')).toBe('k');
  });

  it('is refused when its clone would silently be another thing, and goes as it is to a function', async () => {
    const cache = await create();
    const input = { act: 'echo', to: new URL('https://a.b/'), when: AbortSignal.abort() };
    await expect(cache.load('many', input, { key: 'k' })).rejects.toThrow(
      /^loader 'many': expected an input that can be cloned; /,
    );
    await expect(cache.load('many', { act: 'echo', when: input.when }, { key: 'k' })).rejects.toThrow(
      "loader 'many': expected an input that can be cloned; $.when: an AbortSignal becomes an empty object",
    );
    await expect(cache.registerLoader('href', 5 as never)).rejects.toThrow(
      "loader 'href': expected a function, or the URL of a module; got 5 (number)",
    );
    await cache.registerLoader('href', ({ to }: typeof input) => to.href);
    expect(await cache.load('href', input, { key: 'href' })).toBe('https://a.b/');
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
