import { tracingChannel } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cache, CacheConfigError, type CacheOptions, type EntryOptions, type Factory } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

const clock = new FakeClock();
const create = (options: Partial<CacheOptions<string, number>> = {}) =>
  new Cache<string, number>({ maxBytes: '1MiB', weigher: () => 100, clock, ...options });

/** A factory that says something of its entry. */
const deciding =
  (options: EntryOptions<number, string>): Factory<number, string> =>
  ({ setOptions }) => {
    setOptions(options);
    return 5;
  };

/** Lets what runs behind come to its end. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('ttl as a function of the value', () => {
  it('is asked for each write, whoever writes, and may be overruled', async () => {
    const cache = create({ ttl: (value, key) => (key === 'short' ? 10 : value * 100) });
    cache.set('a', 2);
    cache.set('short', 2);
    cache.set('own', 2, { ttl: '1s' });
    cache.setMany([['many', 3]]);
    cache.update('update', () => 4);
    await cache.getOrSet('loaded', () => 5);
    await cache.getOrSet('of the call', () => 5, { ttl: (value) => value + 1 });
    await cache.getOrSet('of the load', deciding({ ttl: (value) => value + 2 }), { ttl: 1 });
    await cache.getOrSet('said nothing', deciding({ ttl: undefined }), { ttl: 7 });
    const ttls = ['a', 'short', 'own', 'many', 'update', 'loaded', 'of the call', 'of the load', 'said nothing'];
    expect(ttls.map((key) => cache.info(key)?.ttl)).toEqual([200, 10, 1000, 300, 400, 500, 6, 7, 7]);
  });

  it('is refused when it yields no duration, and what was held stays', async () => {
    const cache = create();
    cache.set('a', 1);
    expect(() => cache.set('a', 2, { ttl: () => 0 })).toThrow(CacheConfigError);
    expect(() => cache.set('a', 2, { ttl: () => 0 })).toThrow(/ttl\(value, key\): expected a positive number/);
    expect(() => cache.set('a', 2, { ttl: () => Number.NaN })).toThrow(CacheConfigError);
    expect(cache.get('a')).toBe(1);
    await expect(cache.getOrSet('b', () => 1, { ttl: () => -1 })).rejects.toThrow(CacheConfigError);
    expect(() => create({ ttl: true as never })).toThrow(CacheConfigError);
  });
});

describe('ttlJitter', () => {
  it.each([
    [0.5, 500, 1000],
    ['10%', 900, 1000],
    ['200ms', 800, 1000],
    [300, 700, 1000],
    ['1h', 0, 1000],
  ])('%s cuts the TTL, within bounds', (ttlJitter, least, most) => {
    const cache = create({ ttl: 1000, ttlJitter });
    for (let i = 0; i < 200; i++) cache.set(`k${i}`, i);
    const ttls = Array.from({ length: 200 }, (_, i) => cache.info(`k${i}`)!.ttl);
    expect(Math.min(...ttls)).toBeGreaterThan(least);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(most);
    const spread = Math.max(...ttls) - Math.min(...ttls);
    expect(spread).toBeGreaterThan((most - least) / 2);
  });

  it('may be said, or called off, for one entry, and cuts what the load decides', async () => {
    const cache = create({ ttl: 1000, ttlJitter: '10%' });
    cache.set('exact', 1, { ttlJitter: 0 });
    expect(cache.info('exact')?.ttl).toBe(1000);
    cache.set('for ever', 1, { ttl: Number.POSITIVE_INFINITY });
    expect(cache.info('for ever')?.ttl).toBe(Number.POSITIVE_INFINITY);
    await cache.getOrSet('loaded', deciding({ ttl: 5000 }));
    expect(cache.info('loaded')?.ttl).toBeLessThan(5000);
    expect(cache.info('loaded')?.ttl).toBeGreaterThan(4500);
    cache.touch('loaded', 3000);
    expect(cache.info('loaded')?.ttl).toBe(3000);
  });

  it.each([Number.POSITIVE_INFINITY, -1, '100%', '0', 'x', Number.NaN, true])('refuses %s', (ttlJitter) => {
    expect(() => create({ ttlJitter: ttlJitter as number })).toThrow(/ttlJitter: expected a share of the TTL/);
  });
});

describe('refreshAhead', () => {
  it('loads anew, behind the answer, what is hit past that share of its TTL', async () => {
    const cache = create({ ttl: 1000, refreshAhead: 0.8, loader: (key) => key.length + clock.now() });
    const start = clock.now();
    expect(await cache.fetch('k')).toBe(start + 1);
    clock.advance(799);
    expect(await cache.fetch('k')).toBe(start + 1);
    await settled();
    expect(cache.info('k')?.age).toBe(799);
    clock.advance(2);
    expect(await Promise.all([cache.fetch('k'), cache.fetch('k')])).toEqual([start + 1, start + 1]);
    await settled();
    expect(cache.info('k')).toMatchObject({ age: 0, ttl: 1000 });
    expect(cache.get('k')).toBe(start + 802);
    expect(cache.stats.snapshot()).toMatchObject({ loads: 2, misses: 1 });
  });

  it('lets what nobody uses end, and what has no end alone', async () => {
    const loader = vi.fn(() => 1);
    const cache = create({ ttl: 1000, refreshAhead: 0.5, loader });
    await cache.fetch('unused');
    await cache.fetch('endless', { ttl: Number.POSITIVE_INFINITY });
    clock.advance('1h');
    expect(cache.has('unused')).toBe(false);
    expect(await cache.fetch('endless')).toBe(1);
    expect(loader).toHaveBeenCalledTimes(2);
  });

  it('is said for a call, too; whichever of it and refreshAfter comes first counts', async () => {
    const cache = create({ ttl: 1000 });
    cache.set('k', 1);
    clock.advance(150);
    await cache.getOrSet('k', () => 2, { refreshAhead: 0.2 });
    await cache.getOrSet('k', () => 3, { refreshAhead: 0.2, refreshAfter: 160 });
    await settled();
    expect(cache.peek('k')).toBe(1);
    await cache.getOrSet('k', () => 4, { refreshAhead: 0.2, refreshAfter: 100 });
    await settled();
    expect(cache.peek('k')).toBe(4);
    await expect(cache.getOrSet('k', () => 4, { refreshAhead: 1 })).rejects.toThrow(/refreshAhead: expected a share/);
    expect(() => create({ refreshAhead: 0 })).toThrow(CacheConfigError);
  });
});

describe('retries', () => {
  it('begin anew: what a failed attempt has decided is forgotten', async () => {
    const cache = create();
    let attempt = 0;
    const factory = vi.fn(({ setOptions, skip }: { setOptions(o: { ttl: number }): void; skip(): number }) => {
      if (attempt++ > 0) return 1;
      setOptions({ ttl: 5 });
      skip();
      throw new Error('once');
    });
    expect(await cache.getOrSet('k', factory, { retries: 1 })).toBe(1);
    expect(cache.info('k')?.ttl).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what hits have saved', () => {
  it('is the hits of each loaded entry times its load time', async () => {
    const cache = create();
    const load = (ms: number) => () => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));
    cache.set('set', 1);
    for (let i = 0; i < 100; i++) cache.get('set');
    expect(cache.stats.snapshot().savedTime).toBe(0);
    await cache.getOrSet('slow', load(40));
    for (let i = 0; i < 10; i++) cache.get('slow');
    const saved = cache.stats.snapshot().savedTime;
    expect(saved).toBeGreaterThan(350);
    expect(saved).toBeLessThan(2000);
    cache.delete('slow');
    expect(cache.stats.snapshot().savedTime).toBeCloseTo(saved, 6);
    cache.clear();
    cache.stats.reset();
    expect(cache.stats.snapshot().savedTime).toBe(0);
  });

  it("cost 'measured' is smoothed while the key lives, and the mean for what was never loaded", async () => {
    const cache = create({ cost: 'measured' });
    let now = 0;
    const loadClock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => loadClock.mockRestore());
    const load = (ms: number) => () => {
      now += ms;
      return ms;
    };
    cache.set('before', 1);
    expect(cache.info('before')?.cost).toBe(1);
    await cache.getOrSet('k', load(20));
    const first = cache.info('k')!.cost;
    expect(first).toBe(20);
    cache.set('k', 3);
    expect(cache.info('k')?.cost).toBe(first);
    await cache.getOrSet('k', load(2), { forceRefresh: true });
    const second = cache.info('k')!.cost;
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(first * 0.6);
    cache.set('after', 1);
    expect(cache.info('after')?.cost).toBeCloseTo(cache.stats.snapshot().loadTimeTotal / 2, 6);
    cache.delete('k');
    await cache.getOrSet('k', load(2));
    expect(cache.info('k')?.cost).toBeLessThan(first * 0.6);
  });

  it('what replaces a value past its time had to be brought in', () => {
    const cache = create({ ttl: 10, grace: 1000 });
    cache.set('k', 1);
    cache.get('k');
    cache.set('k', 2);
    expect(cache.stats.snapshot().byteHitRate).toBe(0.5);
    clock.advance(20);
    cache.set('k', 3);
    expect(cache.stats.snapshot().byteHitRate).toBeCloseTo(1 / 3, 9);
  });
});

describe('the tracing channel cachalot:load', () => {
  it('tells of each load, well or badly ended, to who subscribes', async () => {
    const cache = create({ name: 'traced' });
    const told: unknown[] = [];
    const note = (event: string) => (message: object) => told.push([event, { ...message }]);
    const subscribers = {
      start: note('start'),
      end: () => undefined,
      asyncStart: () => undefined,
      asyncEnd: note('asyncEnd'),
      error: note('error'),
    };
    const channel = tracingChannel<unknown, object>('cachalot:load');
    channel.subscribe(subscribers);
    const error = new Error('down');
    await Promise.all([cache.getOrSet('k', async () => 1), cache.getOrSet('k', async () => 1)]);
    await expect(cache.getOrSet('bad', () => Promise.reject(error))).rejects.toBe(error);
    channel.unsubscribe(subscribers);
    await cache.getOrSet('unheard', () => 1);
    const of = { cache: 'traced', key: 'k' };
    expect(told).toEqual([
      ['start', of],
      ['asyncEnd', { ...of, result: 1 }],
      ['start', { cache: 'traced', key: 'bad' }],
      ['error', { cache: 'traced', key: 'bad', error }],
      ['asyncEnd', { cache: 'traced', key: 'bad', error }],
    ]);
  });
});
