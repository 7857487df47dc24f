import { SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, expectEmpty, sleep, thread, until } from './support/threads.js';

const bytes = (length: number) => new Uint8Array(length);

describe('events', () => {
  it('tell each removal once, with its reason, before the call is answered', async () => {
    const told: [string, string, number][] = [];
    const cache = await create<Uint8Array>({
      maxBytes: '64KiB',
      policy: 'lru',
      onEvicted: (key, { size }, reason) => void told.push([key, reason, size]),
    });
    const take = () => told.splice(0).map(([key, reason]) => `${key} ${reason}`);
    await cache.set('a', bytes(100));
    const size = cache.bytes;
    await cache.set('a', bytes(100));
    expect(told).toEqual([['a', 'replace', size]]);
    told.length = 0;
    await cache.delete('a');
    await cache.delete('a');
    expect(take()).toEqual(['a delete']);
    await cache.set('b', bytes(100));
    await cache.set('c', bytes(100));
    await cache.clear();
    expect(take().sort()).toEqual(['b clear', 'c clear']);
    await cache.set('d', bytes(100));
    await cache.expire('d');
    expect(take()).toEqual(['d expire']);
    await cache.set('e', bytes(40_000));
    await cache.set('f', bytes(40_000));
    expect(take()).toEqual(['e evict']);
    await cache.resize('16KiB');
    expect(take()).toEqual(['f evict']);
    await cache.set('g', bytes(100));
    await cache.set('g', bytes(40_000));
    expect(take()).toEqual(['g replace']);
    await cache.set('h', bytes(100));
    await cache.close();
    expect(take()).toEqual([]);
  });

  it('tell what a hit is charged with', async () => {
    const cache = await create<Uint8Array>();
    const sizes: unknown[] = [];
    cache.on('hit', ({ key, size }) => sizes.push([key, size]));
    await cache.set('k', bytes(1000));
    cache.get('k');
    cache.acquire('k')?.release();
    const { size } = cache.info('k')!;
    await cache.take('k');
    expect(sizes).toEqual(new Array(3).fill(['k', size]));
    await expectEmpty(cache);
  });

  it('tell of a clear that found nothing', async () => {
    const cache = await create<number>();
    const inner = cache.namespace('inner');
    const told: unknown[] = [];
    cache.on('clear', (event) => told.push(event));
    await until(async () => {
      await cache.clear();
      return told.length > 0;
    });
    expect(told.at(-1)).toEqual({});
    await inner.clear();
    expect(told.at(-1)).toEqual({ namespace: 'inner' });
    await inner.set('k', 1);
    told.length = 0;
    await cache.clear();
    expect(told).toMatchObject([{ key: 'k', namespace: 'inner', reason: 'clear' }]);
    await expectEmpty(cache);
  });

  it('are heard in every thread that listens, whoever acts', async () => {
    const cache = await create<number>();
    const here: string[] = [];
    const other = thread();
    await other.run(async ({ SharedCache, state }, name) => {
      const one = await SharedCache.attach<number>(name);
      const heard: string[] = [];
      for (const event of ['set', 'delete', 'load'] as const) one.on(event, ({ key }) => heard.push(`${event} ${key}`));
      Object.assign(state, { heard, one });
      await one.set('there', 1);
    }, cache.name);
    for (const event of ['set', 'delete', 'hit', 'miss', 'loadError'] as const) {
      cache.on(event, ({ key }) => here.push(`${event} ${key}`));
    }
    await cache.set('here', 1);
    cache.get('here');
    cache.get('nothing');
    await cache.delete('there');
    await cache.getOrSet('loaded', () => 1);
    await cache.getOrSet('failed', () => Promise.reject(new Error('no'))).catch(() => undefined);
    const heard = () => other.run(({ state }) => state['heard' as never] as string[]);
    await until(async () => (await heard()).length === 5);
    expect(await heard()).toEqual(['set there', 'set here', 'delete there', 'set loaded', 'load loaded']);
    await cache.getOrSet('loaded', () => 2);
    expect(here).toEqual([
      'set here',
      'hit here',
      'miss nothing',
      'delete there',
      'miss loaded',
      'set loaded',
      'miss failed',
      'loadError failed',
      'hit loaded',
    ]);
    const told: unknown[] = [];
    cache.on('loadError', (event) => told.push(event));
    await cache.getOrSet('failed', () => Promise.reject(new Error('no'))).catch(() => undefined);
    await until(() => told.length > 0);
    // As of a `Cache`: what could not be loaded has no size.
    expect(told).toEqual([{ key: 'failed', error: new Error('no'), durationMs: expect.any(Number) }]);
  });

  it('are told to nobody who has left; a listener that throws harms nobody', async () => {
    const cache = await create<number>();
    const errors: unknown[] = [];
    let count = 0;
    const listener = () => {
      count++;
      throw new Error('clumsy');
    };
    expect(cache.on('set', listener).on('error', ({ error }) => errors.push(error))).toBe(cache);
    cache.once('delete', () => count++);
    await cache.set('k', 1);
    await cache.delete('k');
    cache.off('set', listener);
    await cache.set('k', 1);
    await cache.delete('k');
    expect(count).toBe(2);
    expect(errors).toEqual([new Error('clumsy')]);
  });
});

describe('statistics', () => {
  it('sum all threads, those that have ended too', async () => {
    const cache = await create<Uint8Array>();
    await cache.set('k', bytes(1000));
    const others = [thread(), thread()];
    await Promise.all(
      others.map((one) =>
        one.run(async ({ SharedCache }, name) => {
          const cache = await SharedCache.attach(name);
          for (let i = 0; i < 10; i++) cache.get('k');
          for (let i = 0; i < 5; i++) cache.acquire('nothing');
        }, cache.name),
      ),
    );
    cache.peek('k');
    cache.has('k');
    const check = () => {
      const stats = cache.stats.snapshot();
      expect(stats).toMatchObject({ hits: 20, misses: 10, gets: 30, sets: 1, entries: 1, maxBytes: 2 ** 20 });
      expect(stats.hitRate).toBeCloseTo(2 / 3);
      expect(stats.byteHitRate).toBeGreaterThan(0.9);
      expect(stats.bytes).toBe(cache.bytes);
      expect(Object.isFrozen(stats)).toBe(true);
    };
    check();
    for (const one of others) await one.end();
    check();
    await sleep(50);
    check();
    cache.stats.reset();
    await until(() => cache.stats.snapshot().gets === 0);
    expect(cache.stats.snapshot()).toMatchObject({ hits: 0, misses: 0, sets: 0, entries: 1, hitRate: 0 });
    cache.get('k');
    expect(cache.stats.snapshot().hits).toBe(1);
    await expectEmpty(cache);
  });
});

describe('what cannot be', () => {
  const OPTIONS: [object, RegExp][] = [
    [{ maxBytes: 0 }, /maxBytes: expected .*0/],
    [{ maxBytes: -1 }, /maxBytes: expected .*-1/],
    [{ maxBytes: '12 parsecs' }, /maxBytes: expected .*"12 parsecs" \(string\)/],
    [{ maxBytes: Number.POSITIVE_INFINITY }, /maxBytes: expected .*Infinity/],
    [{ maxBytes: undefined }, /maxBytes: expected .*undefined/],
    [{ maxBytes: '900TiB' }, /maxBytes: expected at most .*900 ?TiB/],
    [{ maxEntryBytes: 'much' }, /maxEntryBytes: expected .*"much"/],
    [{ maxEntries: 0 }, /maxEntries: expected .*0 \(number\)/],
    [{ policy: 'mru' }, /policy: expected one of 'auto'.*"mru"/],
    [{ cost: 'free' }, /cost: expected one of 'requests'.*"free"/],
    [{ ttl: 0 }, /ttl: expected .*0/],
    [{ ttl: 'soon' }, /ttl: expected .*"soon"/],
    [{ grace: -1 }, /grace: expected .*-1/],
    [{ name: '' }, /name: expected a non-empty string; got ""/],
    [{ onEvicted: 'log' }, /onEvicted: expected a function; got "log"/],
    [{ loaders: { l: '/no/such/file.js' } }, /loader 'l': .*no file \/no\/such\/file\.js/],
    [{ loaders: { l: 7 } }, /loader 'l': expected the URL of a module; got 7 \(number\)/],
    [{ defaultLoader: 'l' }, /defaultLoader: expected one of the loaders.*"l"/],
    [{ pool: { maxThreads: 0 } }, /pool\.maxThreads: expected .*0/],
    [{ clock: { now: () => 1 } }, /clock: is an option of Cache; the threads/],
    [{ loaders: 5 }, /loaders: expected an object of module URLs by name; got 5/],
    [{ pool: { maxQueue: 'all' } }, /pool.maxQueue: expected .*"all"/],
  ];

  it.each(OPTIONS)('create %o', async (options, message) => {
    const attempt = create({ ...options });
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toMatchObject({ code: 'ERR_CACHE_CONFIG' });
  });

  it.each([[''], [7], [undefined], [null], [{}], ['x'.repeat(65_537)]])('key %o', async (key) => {
    const cache = await create<number>();
    const wrong = key as string;
    const error = expect.objectContaining({ code: 'ERR_CACHE_KEY', message: expect.stringContaining('key: expected') });
    expect(() => cache.get(wrong)).toThrow(error);
    expect(() => cache.acquire(wrong)).toThrow(error);
    expect(() => cache.has(wrong)).toThrow(error);
    for (const call of [
      () => cache.set(wrong, 1),
      () => cache.delete(wrong),
      () => cache.deleteMany(['fine', wrong]),
      () => cache.touch(wrong),
      () => cache.expire(wrong),
      () => cache.reserve(wrong, 1),
      () => cache.getOrSet(wrong, () => 1),
    ]) {
      await expect(call()).rejects.toThrow(error);
    }
  });

  it('options of a call', async () => {
    const cache = await create<number>();
    await expect(cache.set('k', 1, { ttl: 0 })).rejects.toThrow(/ttl: expected/);
    await expect(cache.set('k', 1, { cost: -1 })).rejects.toThrow(/cost: expected.*-1/);
    await expect(cache.resize(0)).rejects.toThrow(/maxBytes: expected/);
    await expect(cache.getOrSet('k', 'value' as never)).rejects.toThrow(/factory: expected a function; got "value"/);
    await expect(cache.getOrSet('k', () => 1, { retries: -1 })).rejects.toThrow(/retries: expected/);
    await expect(cache.fetch('k')).rejects.toThrow(/fetch: expected one loader/);
    await expect(cache.registerLoader('', () => 1)).rejects.toThrow(/loader: expected a non-empty name/);
    expect(cache.size).toBe(0);
  });

  it('no options at all', async () => {
    await expect(SharedCache.create(undefined as never)).rejects.toThrow(/options: expected an object.*undefined/);
  });
});
