import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Cache, type CacheOptions, type LoadContext } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

function make(options: Partial<CacheOptions<string, number | null>> = {}) {
  const clock = new FakeClock();
  const cache = new Cache<string, number | null>({ maxBytes: 1000, weigher: () => 10, clock, ...options });
  return { cache, clock };
}

const never = () => new Promise<never>(() => undefined);

describe('negativeTtl', () => {
  it('remembers a failure; delete, clear and writes forget it', async () => {
    const { cache, clock } = make();
    const failing = vi.fn(() => Promise.reject(new Error('no')));
    const ask = () => cache.getOrSet('a', failing, { negativeTtl: 100 });
    await expect(ask()).rejects.toThrow('no');
    await expect(ask()).rejects.toThrow('no');
    await expect(cache.getOrSet('a', () => 1)).rejects.toThrow('no');
    expect(failing).toHaveBeenCalledTimes(1);
    clock.advance(100);
    await expect(ask()).rejects.toThrow('no');
    expect(failing).toHaveBeenCalledTimes(2);
    cache.delete('a');
    await expect(ask()).rejects.toThrow('no');
    cache.clear();
    await expect(ask()).rejects.toThrow('no');
    expect(failing).toHaveBeenCalledTimes(4);
    cache.set('a', 5);
    expect(await ask()).toBe(5);
  });
});

describe('abort', () => {
  it('a signal aborted beforehand rejects, whatever is held', async () => {
    const { cache } = make();
    cache.set('a', 1);
    const reason = new Error('changed my mind');
    await expect(cache.getOrSet('a', () => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('ends one caller; that of the last ends the load', async () => {
    const { cache } = make();
    const first = new AbortController();
    const second = new AbortController();
    let load: AbortSignal | undefined;
    const hung = (context: LoadContext<number | null>) => {
      load = context.signal;
      return never();
    };
    const a = cache.getOrSet('a', hung, { signal: first.signal });
    const b = cache.getOrSet('a', hung, { signal: second.signal });
    first.abort(new Error('first'));
    await expect(a).rejects.toThrow('first');
    expect(load?.aborted).toBe(false);
    second.abort(new Error('second'));
    await expect(b).rejects.toThrow('second');
    expect(load?.aborted).toBe(true);
    expect(await cache.getOrSet('a', () => 3)).toBe(3);
  });

  it('does not end a load that somebody else waits for, or that goes on behind a stale value', async () => {
    const { cache, clock } = make({ ttl: 100, grace: 1000 });
    cache.set('a', 1);
    clock.advance(100);
    const controller = new AbortController();
    expect(await cache.getOrSet('a', () => sleep(20, 2), { timeout: 0 })).toBe(1);
    const wait = cache.getOrSet('a', never, { signal: controller.signal });
    controller.abort();
    await expect(wait).rejects.toThrow();
    await sleep(40);
    expect(cache.get('a')).toBe(2);
  });
});
