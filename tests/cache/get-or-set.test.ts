import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheLoadError, type CacheOptions, CacheTimeoutError, type LoadContext } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

function make(options: Partial<CacheOptions<string, number | null>> = {}) {
  const clock = new FakeClock();
  const cache = new Cache<string, number | null>({ maxBytes: 1000, weigher: () => 10, clock, ...options });
  return { cache, clock };
}

const never = () => new Promise<never>(() => undefined);

describe('getOrSet', () => {
  it('runs once per key however many callers; every caller is a miss', async () => {
    const { cache } = make();
    const factory = vi.fn(() => sleep(5, 7));
    expect(await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('a', factory)))).toEqual(
      Array(50).fill(7),
    );
    expect(await cache.getOrSet('a', factory)).toBe(7);
    expect(factory).toHaveBeenCalledTimes(1);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, hits: 1, misses: 50, gets: 51, sets: 1, loadErrors: 0 });
  });

  it('takes sync factories, caches null, stores no undefined', async () => {
    const { cache } = make();
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    expect(await cache.getOrSet('null', () => null)).toBeNull();
    expect(await cache.getOrSet('null', () => 1)).toBeNull();
    expect(await cache.getOrSet('none', () => undefined)).toBeUndefined();
    expect(cache.has('none')).toBe(false);
    expect(await cache.getOrSet('none', () => 2)).toBe(2);
  });

  it('a rejection reaches every caller as it is, and caches nothing', async () => {
    const { cache } = make();
    const error = new RangeError('no');
    const results = await Promise.allSettled([
      cache.getOrSet('a', () => Promise.reject(error)),
      cache.getOrSet('a', () => 1),
    ]);
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([error, error]);
    await expect(
      cache.getOrSet('a', () => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(await cache.getOrSet('a', () => 1)).toBe(1);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 3, loadErrors: 2 });
  });

  it('different keys load side by side', async () => {
    const { cache } = make();
    let running = 0;
    let most = 0;
    const factory = async () => {
      most = Math.max(most, ++running);
      await sleep(5);
      running--;
      return 1;
    };
    await Promise.all(['a', 'b', 'c'].map((key) => cache.getOrSet(key, factory)));
    expect(most).toBe(3);
  });

  it('gives the entry its options; setOptions wins', async () => {
    const { cache } = make();
    await cache.getOrSet('a', () => 1, { ttl: '1m', cost: 3, size: 20, tags: ['t'] });
    expect(cache.info('a')).toMatchObject({ ttl: 60_000, cost: 3, size: 20, tags: ['t'] });
    await cache.getOrSet(
      'b',
      ({ setOptions }) => {
        setOptions({ ttl: '1h', tags: ['u'] });
        return 1;
      },
      { ttl: '1m', cost: 3 },
    );
    expect(cache.info('b')).toMatchObject({ ttl: 3_600_000, cost: 3, tags: ['u'] });
  });

  it('skip answers without storing; fail rejects', async () => {
    const { cache } = make();
    expect(await cache.getOrSet('a', (context) => context.skip(5))).toBe(5);
    expect(await cache.getOrSet('a', ({ skip }) => skip())).toBeUndefined();
    expect(cache.has('a')).toBe(false);
    await expect(cache.getOrSet('a', ({ fail }) => fail('gone'))).rejects.toThrow(/gone/);
    await expect(cache.getOrSet('a', ({ fail }) => fail('gone'))).rejects.toBeInstanceOf(CacheLoadError);
    await expect(cache.getOrSet('a', ({ fail }) => fail(new RangeError('r')))).rejects.toBeInstanceOf(RangeError);
  });

  it('retries as often as told', async () => {
    const { cache } = make();
    let runs = 0;
    const factory = () => {
      if (++runs < 3) throw new Error(`run ${runs}`);
      return runs;
    };
    await expect(cache.getOrSet('a', factory, { retries: 1 })).rejects.toThrow('run 2');
    runs = 0;
    expect(await cache.getOrSet('a', factory, { retries: 2 })).toBe(3);
  });

  it('a value that is too big answers and is not kept', async () => {
    const { cache } = make({ maxEntryBytes: 10 });
    expect(await cache.getOrSet('a', () => 1, { size: 11 })).toBe(1);
    expect(cache.has('a')).toBe(false);
    expect(cache.stats.snapshot().rejected).toBe(1);
  });

  it('fetch is getOrSet with the loader', async () => {
    const loader = vi.fn(
      (key: string, context: LoadContext<number | null>) => key.length + (context.key === key ? 0 : 9),
    );
    const { cache } = make({ loader });
    expect(await Promise.all([cache.fetch('abc'), cache.fetch('abc')])).toEqual([3, 3]);
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('under copy, gives each caller a clone of his own', async () => {
    const cache = new Cache<string, { n: number }>({ maxBytes: 10_000, copy: true });
    const [a, b] = await Promise.all([cache.getOrSet('a', () => ({ n: 1 })), cache.getOrSet('a', () => ({ n: 2 }))]);
    expect(a).toEqual(b);
    expect(a).not.toBe(b);
  });
});

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
    clock.advance(100);
    expect(await cache.getOrSet('a', () => 2, { refreshAfter: 100 })).toBe(1);
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

describe('a load that asks for its own key', () => {
  it('is rejected at once, directly and by another key', async () => {
    const { cache } = make();
    await expect(cache.getOrSet('a', () => cache.getOrSet('a', () => 1))).rejects.toBeInstanceOf(CacheLoadError);
    const roundabout = () =>
      cache.getOrSet('b', async () => {
        await sleep(1);
        return cache.getOrSet('a', () => 1);
      });
    await expect(cache.getOrSet('a', roundabout)).rejects.toThrow(/key that it loads/);
  });

  it('also when two loads, started apart, wait for one another', async () => {
    const { cache } = make();
    const crossing = (other: string) => async () => {
      await sleep(5);
      return cache.getOrSet(other, () => 1);
    };
    const results = await Promise.allSettled([cache.getOrSet('a', crossing('b')), cache.getOrSet('b', crossing('a'))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('also after removing it', async () => {
    const { cache } = make();
    const factory = async (): Promise<number | null | undefined> => {
      await sleep(1);
      cache.delete('a');
      return cache.getOrSet('a', factory);
    };
    await expect(cache.getOrSet('a', factory)).rejects.toBeInstanceOf(CacheLoadError);
  });

  it('other keys, other caches and what a load leaves behind are free to ask', async () => {
    const { cache } = make();
    const { cache: other } = make();
    let later: Promise<number | null | undefined> | undefined;
    const value = await cache.getOrSet('a', async () => {
      later = sleep(20).then(() => cache.getOrSet('a', () => 9, { forceRefresh: true }));
      const b = await cache.getOrSet('b', () => 2);
      return ((await other.getOrSet('a', () => 3)) ?? 0) + (b ?? 0);
    });
    expect(value).toBe(5);
    expect(await later).toBe(9);
  });
});
