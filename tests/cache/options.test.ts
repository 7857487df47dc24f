import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheClosedError, CacheConfigError, type CacheOptions } from '../../src/index.js';
import { resolveSharedOptions } from '../../src/shared/options.js';

const make = (options: unknown) => new Cache(options as CacheOptions<unknown, unknown>);

describe('options', () => {
  it.each([
    [undefined, /options: expected an object with maxBytes; got undefined/],
    [{}, /maxBytes: expected .*; got undefined/],
    [{ maxBytes: 0 }, /maxBytes: expected .*; got 0 \(number\)/],
    [{ maxBytes: Number.POSITIVE_INFINITY }, /maxBytes: .*got Infinity/],
    [{ maxBytes: '12 parsecs' }, /maxBytes: .*got "12 parsecs" \(string\)/],
    [{ maxBytes: 1, maxEntries: 0 }, /maxEntries: expected .*; got 0/],
    [{ maxBytes: 1, maxEntries: 1.5 }, /maxEntries/],
    [{ maxBytes: 1, maxEntryBytes: -1 }, /maxEntryBytes/],
    [{ maxBytes: 1, ttl: 0 }, /ttl: expected .*; got 0/],
    [{ maxBytes: 1, ttl: -5 }, /ttl/],
    [{ maxBytes: 1, ttl: '60' }, /ttl/],
    [{ maxBytes: 1, idleTtl: Number.NaN }, /idleTtl/],
    [{ maxBytes: 1, grace: 0 }, /grace/],
    [{ maxBytes: 1, sweepInterval: 'often' }, /sweepInterval/],
    [{ maxBytes: 1, policy: 'mru' }, /policy: expected one of 'auto', .* got "mru"/],
    [{ maxBytes: 1, policy: {} }, /policy: .*it has no insert, touch/],
    [{ maxBytes: 1, cost: 'free' }, /cost: expected one of 'requests'.* or a function; got "free"/],
    [{ maxBytes: 1, weigher: 5 }, /weigher: expected a function; got 5/],
    [{ maxBytes: 1, loader: 'x' }, /loader/],
    [{ maxBytes: 1, onEvicted: true }, /onEvicted/],
    [{ maxBytes: 1, copy: 1 }, /copy: expected true or false/],
    [{ maxBytes: 1, clock: {} }, /clock: expected an object with now/],
    [{ maxBytes: 1, name: '' }, /name: expected a non-empty string/],
  ])('%j is refused', (options, message) => {
    expect(() => make(options)).toThrow(CacheConfigError);
    expect(() => make(options)).toThrow(message);
  });

  it('undefined is as good as absent', () => {
    const cache = make({ maxBytes: '1kb', ttl: undefined, maxEntries: undefined, policy: undefined, name: undefined });
    expect([cache.maxBytes, cache.name]).toEqual([1000, 'cache']);
  });

  it('what is spelt nearly as one is warned of, for both caches; what is meant for somebody else is not', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const told = () => warn.mock.calls.splice(0).map(([text]) => String(text));
    const foreign = { loaders: {}, levels: [], host: 'x', max: 5, prefix: 'p', timeout: 5, strict: true };
    make({ maxBytes: 1000, ...foreign });
    expect(told()).toEqual([]);
    make({ maxBytes: 1000, tll: 5, maxentries: 5 });
    expect(told()).toEqual([
      "option 'tll' of a cache is none, and ignored; did you mean 'ttl'?",
      "option 'maxentries' of a cache is none, and ignored; did you mean 'maxEntries'?",
    ]);
    const options = { name: 'n', maxBytes: 1000, defaultLoder: 'x', pool: {}, clocks: 1 };
    resolveSharedOptions(options as never);
    expect(told()).toEqual(["option 'defaultLoder' of a cache is none, and ignored; did you mean 'defaultLoader'?"]);
    // What it does not have is not what was meant.
    make({ maxBytes: 1000, clocks: 1, resereTimeout: 1 });
    expect(told()).toEqual(["option 'clocks' of a cache is none, and ignored; did you mean 'clock'?"]);
    warn.mockRestore();
  });

  it('of calls are watched in the same way, those of whatever else is in them left alone', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const told = () => warn.mock.calls.splice(0).map(([text]) => String(text));
    const cache = new Cache<string, number>({ maxBytes: 10_000 });
    const foreign: object = { validate: true, ttlMs: 5, timeout: 5, priority: 1, retries: 1, start: 0 };
    cache.set('a', 1, foreign);
    await cache.getOrSet('b', () => 1, foreign);
    await cache.warm(new Map(), foreign);
    await cache.transaction(() => 0, foreign);
    expect(told()).toEqual([]);
    const misspelt = async (call: (options: never) => unknown, option: string, meant: string) => {
      for (let time = 1; time <= 2; time++) await call({ [option]: 5 } as never);
      const text = `option '${option}' of a call is none, and ignored; did you mean '${meant}'?`;
      expect(told()).toEqual([text]);
    };
    await misspelt((options) => cache.set('a', 1, options), 'tll', 'ttl');
    await misspelt((options) => cache.set('a', 1, Object.assign({ ttl: 9 }, options)), 'tag', 'tags');
    await misspelt((options) => cache.setMany([['a', 1]], options), 'idlettl', 'idleTtl');
    await misspelt((options) => cache.update('a', () => 1, options), 'ttljitter', 'ttlJitter');
    await misspelt((options) => cache.getOrSet('c', () => 1, options), 'timout', 'timeout');
    const deciding = (options: never) => (load: { setOptions(options: never): void }) => {
      load.setOptions(options);
      return 1;
    };
    await misspelt((options) => cache.getOrSet('d', deciding(options)), 'gracce', 'grace');
    await misspelt((options) => cache.wrap(() => 1, options), 'keys', 'key');
    await misspelt((options) => cache.warm(new Map(), options), 'concurency', 'concurrency');
    await misspelt((options) => cache.transaction((txn) => txn.set('e', 1, options)), 'costs', 'cost');
    await misspelt((options) => cache.transaction(() => 0, options), 'timeOut', 'timeout');
    // Later, one call in so many is looked at.
    for (let i = 0; i < 1000; i++) cache.set('a', i, { ttl: 5 });
    for (let i = 0; i < 64; i++) cache.set('a', i, { idelTtl: 5 } as never);
    expect(told()).toEqual(["option 'idelTtl' of a call is none, and ignored; did you mean 'idleTtl'?"]);
    warn.mockRestore();
  });

  it.each([
    [{ ttl: 0 }, /ttl/],
    [{ idleTtl: -1 }, /idleTtl/],
    [{ grace: 'x' }, /grace/],
    [{ size: 0 }, /size: expected a number above 0; got 0/],
    [{ cost: Number.NaN }, /cost/],
    [{ tags: 'a' }, /tags/],
    [{ tags: [''] }, /tags/],
    [null, /options/],
  ])('%j is refused by set, and changes nothing', (options, message) => {
    const cache = make({ maxBytes: 1000 });
    cache.set('a', 1);
    expect(() => cache.set('a', 2, options as never)).toThrow(message);
    expect(cache.get('a')).toBe(1);
  });

  it.each([
    [{ timeout: -1 }, /timeout/],
    [{ hardTimeout: 0 }, /hardTimeout/],
    [{ refreshAfter: 0 }, /refreshAfter/],
    [{ negativeTtl: 'x' }, /negativeTtl/],
    [{ graceBackoff: 0 }, /graceBackoff/],
    [{ retries: -1 }, /retries/],
    [{ forceRefresh: 'yes' }, /forceRefresh/],
    [{ signal: {} }, /signal/],
    [{ ttl: 0 }, /ttl/],
  ])('%j is a rejection of getOrSet', async (options, message) => {
    const cache = make({ maxBytes: 1000 });
    await expect(cache.getOrSet('a', () => 1, options as never)).rejects.toThrow(message);
    await expect(cache.getOrSet('a', 5 as never)).rejects.toThrow(/factory: expected a function; got 5/);
  });

  it('fetch needs a loader', async () => {
    await expect(make({ maxBytes: 1000 }).fetch('a')).rejects.toThrow(CacheConfigError);
  });
});

describe('costs', () => {
  it.each([
    [undefined, 1],
    ['requests', 1],
    ['bytes', 400],
    ['balanced', 20],
    [(value: unknown, key: unknown) => (value === 7 && key === 'a' ? 9 : 0), 9],
  ] as const)('%s', (cost, expected) => {
    const cache = new Cache<string, number>({ maxBytes: 1000, weigher: () => 400, cost });
    cache.set('a', 7);
    expect(cache.info('a')?.cost).toBe(expected);
    cache.set('a', 7, { cost: 3 });
    expect(cache.info('a')?.cost).toBe(3);
    cache.set('a', 7);
    expect(cache.info('a')?.cost).toBe(expected);
  });

  it('measured: the time that the load took', async () => {
    const cache = new Cache<string, number>({ maxBytes: 1000, weigher: () => 1, cost: 'measured' });
    cache.set('unknown', 1);
    expect(cache.info('unknown')?.cost).toBe(1);
    await cache.getOrSet('slow', () => new Promise((resolve) => setTimeout(resolve, 30, 1)));
    expect(cache.info('slow')?.cost).toBeGreaterThan(25);
    cache.set('other', 1);
    expect(cache.info('other')?.cost).toBeGreaterThan(25);
  });
});

describe('info', () => {
  it('tells what is known', () => {
    let now = 0;
    const cache = new Cache<string, number>({ maxBytes: 1000, clock: { now: () => now }, ttl: 250 });
    cache.set('a', 1, { size: 7, cost: 2, tags: ['x', 'y', 'x'] });
    cache.get('a');
    cache.get('a');
    now = 100;
    expect(cache.info('a')).toEqual({
      size: 7,
      ttl: 250,
      remainingTtl: 150,
      age: 100,
      hits: 2,
      cost: 2,
      tags: ['x', 'y'],
      stale: false,
    });
    expect(cache.info('b')).toBeUndefined();
  });
});

describe('close', () => {
  it('lets everything go; later use throws; again is nothing', async () => {
    const cache = make({ maxBytes: 1000, ttl: 100 });
    cache.set('a', 1);
    cache.get('a');
    await cache.close();
    await cache.close();
    expect([cache.size, cache.bytes, cache.stats.snapshot().hits]).toEqual([0, 0, 1]);
    const uses: (() => unknown)[] = [
      () => cache.get('a'),
      () => cache.peek('a'),
      () => cache.has('a'),
      () => cache.set('a', 1),
      () => cache.delete('a'),
      () => cache.expire('a'),
      () => cache.update('a', () => 1),
      () => cache.take('a'),
      () => cache.touch('a'),
      () => cache.getMany(['a']),
      () => cache.setMany([['a', 1]]),
      () => cache.deleteMany(['a']),
      () => cache.keys(),
      () => cache.values(),
      () => cache.entries(),
      () => cache[Symbol.iterator](),
      () => cache.forEach(console.log),
      () => cache.info('a'),
      () => cache.clear(),
      () => cache.sweep(),
      () => cache.startSweep(),
      () => cache.resize(5),
    ];
    for (const use of uses) expect(use, String(use)).toThrow(CacheClosedError);
    await expect(cache.getOrSet('a', () => 1)).rejects.toThrow(CacheClosedError);
  });

  it('await using closes', async () => {
    const cache = make({ maxBytes: 1000 });
    await cache[Symbol.asyncDispose]();
    expect(() => cache.get('a')).toThrow(CacheClosedError);
  });

  it('waiters are rejected at once, and loads aborted', async () => {
    const cache = make({ maxBytes: 1000 });
    let signal: AbortSignal | undefined;
    const wait = cache.getOrSet('a', (context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    await cache.close();
    await expect(wait).rejects.toThrow(CacheClosedError);
    expect(signal?.aborted).toBe(true);
  });
});
