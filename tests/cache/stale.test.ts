import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Cache, type CacheOptions, CacheTimeoutError, type LoadContext } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

function make(options: Partial<CacheOptions<string, number | null>> = {}) {
  const clock = new FakeClock();
  const cache = new Cache<string, number | null>({ maxBytes: 1000, weigher: () => 10, clock, ...options });
  return { cache, clock };
}

const never = () => new Promise<never>(() => undefined);

describe('stale values', () => {
  const stale = async (options: Partial<CacheOptions<string, number | null>> = {}) => {
    const made = make({ ttl: 100, grace: 1000, ...options });
    made.cache.set('a', 1);
    made.clock.advance(100);
    return made;
  };

  it('stand in for a load that fails, within grace', async () => {
    const { cache, clock } = await stale();
    const failing = vi.fn((_: LoadContext<number | null>) => Promise.reject(new Error('no')));
    expect(await cache.getOrSet('a', failing)).toBe(1);
    expect(failing.mock.calls[0]?.[0].staleValue).toBe(1);
    expect(await cache.getOrSet('a', failing)).toBe(1);
    expect(failing).toHaveBeenCalledTimes(2);
    clock.advance(1000);
    await expect(cache.getOrSet('a', failing)).rejects.toThrow('no');
  });

  it('stand in for one that is slower than timeout, while it goes on', async () => {
    const { cache } = await stale();
    expect(await cache.getOrSet('a', () => sleep(30, 2), { timeout: 5 })).toBe(1);
    await sleep(50);
    expect(cache.get('a')).toBe(2);
  });

  it('are the answer at once with timeout 0', async () => {
    const { cache } = await stale();
    let done = 0;
    const factory = async () => {
      await sleep(10);
      return ++done + 10;
    };
    expect(await cache.getOrSet('a', factory, { timeout: 0 })).toBe(1);
    expect(done).toBe(0);
    await sleep(30);
    expect(cache.get('a')).toBe(11);
  });

  it('a timeout without one waits', async () => {
    const { cache } = make();
    expect(await cache.getOrSet('a', () => sleep(20, 2), { timeout: 1 })).toBe(2);
  });

  it('do not come back after a delete during the load', async () => {
    const { cache } = await stale();
    const wait = cache.getOrSet('a', async () => {
      await sleep(5);
      throw new Error('no');
    });
    cache.delete('a');
    await expect(wait).rejects.toThrow('no');
  });

  it('graceBackoff spares the loader after a failure', async () => {
    const { cache, clock } = await stale();
    const failing = vi.fn(() => Promise.reject(new Error('no')));
    for (let i = 0; i < 3; i++) expect(await cache.getOrSet('a', failing, { graceBackoff: 50 })).toBe(1);
    expect(failing).toHaveBeenCalledTimes(1);
    clock.advance(50);
    expect(await cache.getOrSet('a', failing, { graceBackoff: 50 })).toBe(1);
    expect(failing).toHaveBeenCalledTimes(2);
  });
});

describe('hardTimeout', () => {
  it('is a CacheTimeoutError without a stale value; the late result is stored', async () => {
    const { cache } = make();
    let end: (value: number) => void = () => undefined;
    const slow = () => new Promise<number>((resolve) => (end = resolve));
    // Given up for good when it is three times as old.
    const wait = cache.getOrSet('a', slow, { hardTimeout: 300 });
    await expect(wait).rejects.toBeInstanceOf(CacheTimeoutError);
    end(1);
    await expect.poll(() => cache.get('a')).toBe(1);
  });

  it('is the stale value where there is one', async () => {
    const { cache, clock } = make({ ttl: 100, grace: 1000 });
    cache.set('a', 1);
    clock.advance(100);
    expect(await cache.getOrSet('a', never, { hardTimeout: 5 })).toBe(1);
  });

  it('three times as old, a load is given up and no longer joined', async () => {
    const { cache } = make();
    let signal: AbortSignal | undefined;
    const hung = (context: LoadContext<number | null>) => {
      signal = context.signal;
      return never();
    };
    await expect(cache.getOrSet('a', hung, { hardTimeout: 10 })).rejects.toBeInstanceOf(CacheTimeoutError);
    const joined = cache.getOrSet('a', () => 3);
    await expect(joined).rejects.toBeInstanceOf(CacheTimeoutError);
    expect(signal?.aborted).toBe(true);
    expect(await cache.getOrSet('a', () => 2, { hardTimeout: 10 })).toBe(2);
  });
});

describe('refreshAfter and forceRefresh', () => {
  it('answers what is held and loads behind it; age and TTL begin anew', async () => {
    const { cache, clock } = make({ ttl: 1000 });
    cache.set('a', 1);
    clock.advance(99);
    expect(await cache.getOrSet('a', () => 3, { refreshAfter: 100 })).toBe(1);
    // As with a TTL, the moment itself is after it.
    clock.advance(1);
    const factory = vi.fn(() => 2);
    expect(await cache.getOrSet('a', factory, { refreshAfter: 100 })).toBe(1);
    await sleep(1);
    expect(factory).toHaveBeenCalledTimes(1);
    expect(cache.get('a')).toBe(2);
    expect(cache.info('a')).toMatchObject({ age: 0, remainingTtl: 1000 });
  });

  it('a refresh that fails behind is told, and the value stays', async () => {
    const { cache, clock } = make({ ttl: 1000 });
    const errors = vi.fn();
    cache.on('loadError', errors);
    cache.set('a', 1);
    clock.advance(200);
    expect(await cache.getOrSet('a', () => Promise.reject(new Error('no')), { refreshAfter: 100 })).toBe(1);
    await sleep(1);
    expect(errors).toHaveBeenCalledTimes(1);
    expect(cache.get('a')).toBe(1);
  });

  it('forceRefresh loads although a fresh value is held', async () => {
    const { cache } = make();
    cache.set('a', 1);
    expect(await cache.getOrSet('a', ({ staleValue }) => (staleValue ?? 0) + 1, { forceRefresh: true })).toBe(2);
    expect(cache.get('a')).toBe(2);
  });
});
