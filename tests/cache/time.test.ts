import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Cache, type CacheOptions } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

function make(options: Partial<CacheOptions<string, number>> = {}) {
  const clock = new FakeClock(1000);
  const removed: string[] = [];
  const cache = new Cache<string, number>({
    maxBytes: 100,
    weigher: () => 10,
    policy: 'lru',
    clock,
    onEvicted: (key, _value, reason) => void removed.push(`${key} ${reason}`),
    ...options,
  });
  return { cache, clock, removed };
}

describe('fresh, stale, dead', () => {
  it('is fresh for t < ttl', () => {
    const { cache, clock } = make({ ttl: 100 });
    cache.set('a', 1);
    clock.advance(99);
    expect([cache.get('a'), cache.has('a'), cache.size, [...cache.keys()]]).toEqual([1, true, 1, ['a']]);
    clock.advance(1);
    expect([cache.get('a'), cache.has('a'), cache.peek('a'), cache.size, [...cache.keys()]]).toEqual([
      undefined,
      false,
      undefined,
      0,
      [],
    ]);
    expect(cache.bytes).toBe(10);
    expect(cache.sweep()).toBe(1);
    expect(cache.bytes).toBe(0);
  });

  it('is stale within its grace: shown by info, swept only when dead', () => {
    const { cache, clock } = make({ ttl: 100, grace: 50 });
    cache.set('a', 1);
    clock.advance(100);
    expect([cache.get('a'), cache.size, cache.bytes, cache.sweep()]).toEqual([undefined, 0, 10, 0]);
    expect(cache.info('a')).toMatchObject({ stale: true, remainingTtl: 0, ttl: 100, age: 100 });
    clock.advance(49);
    expect([cache.info('a')?.stale, cache.sweep()]).toEqual([true, 0]);
    clock.advance(1);
    expect([cache.info('a'), cache.sweep(), cache.bytes]).toEqual([undefined, 1, 0]);
  });

  it('Infinity is never, for one entry of a cache with a default too', () => {
    const { cache, clock } = make({ ttl: 100 });
    cache.set('a', 1, { ttl: Number.POSITIVE_INFINITY });
    cache.set('b', 1, { ttl: '2s' });
    clock.advance('7d');
    expect([cache.get('a'), cache.get('b')]).toEqual([1, undefined]);
    expect(cache.info('a')).toMatchObject({ ttl: Number.POSITIVE_INFINITY, remainingTtl: Number.POSITIVE_INFINITY });
  });

  it('lives beyond 2^31 ms', () => {
    const { cache, clock } = make({ ttl: '60d' });
    cache.set('a', 1);
    clock.advance('59d');
    expect(cache.get('a')).toBe(1);
    clock.advance('1d');
    expect(cache.get('a')).toBeUndefined();
  });

  it('an overwrite and a touch restart the TTL', () => {
    const { cache, clock } = make({ ttl: 100 });
    cache.set('a', 1);
    cache.set('b', 1, { ttl: 200 });
    clock.advance(90);
    cache.set('a', 2);
    expect(cache.touch('b')).toBe(true);
    clock.advance(90);
    expect(cache.get('a')).toBe(2);
    expect(cache.info('b')).toMatchObject({ ttl: 200, remainingTtl: 110 });
    expect(cache.touch('a', 1000)).toBe(true);
    expect(cache.info('a')).toMatchObject({ ttl: 1000, remainingTtl: 1000 });
    clock.advance(110);
    expect(cache.touch('b')).toBe(false);
    expect(cache.touch('none')).toBe(false);
  });

  it('touch can set a TTL where there was none, and take it away', () => {
    const { cache, clock } = make();
    cache.set('a', 1);
    cache.set('b', 1);
    cache.touch('a', 50);
    cache.touch('b', 50);
    cache.touch('b', Number.POSITIVE_INFINITY);
    clock.advance(50);
    expect([cache.get('a'), cache.get('b'), cache.size]).toEqual([undefined, 1, 1]);
  });

  it('touch refreshes recency', () => {
    const { cache } = make({ maxBytes: 20 });
    cache.set('a', 1);
    cache.set('b', 1);
    cache.touch('a');
    cache.set('c', 1);
    expect([...cache.keys()]).toEqual(['a', 'c']);
  });

  it('reads prolong the idle time, up to the TTL', () => {
    const { cache, clock } = make({ ttl: 250, idleTtl: 100 });
    cache.set('a', 1);
    cache.set('b', 1);
    clock.advance(99);
    expect(cache.get('a')).toBe(1);
    cache.peek('b');
    clock.advance(1);
    expect([cache.size, cache.has('b')]).toEqual([1, false]);
    clock.advance(90);
    expect(cache.get('a')).toBe(1);
    clock.advance(59);
    expect(cache.get('a')).toBe(1);
    clock.advance(1);
    expect(cache.get('a')).toBeUndefined();
    expect(cache.sweep()).toBe(2);
  });

  it('expire leaves an entry its grace, with a TTL or without, also after a touch', async () => {
    const { cache, clock } = make({ grace: 50 });
    for (const [key, ttl] of [
      ['a', 1000],
      ['b', undefined],
      ['c', Number.POSITIVE_INFINITY],
    ] as const) {
      cache.set(key, 1, { ttl });
      cache.touch(key);
      expect(cache.expire(key)).toBe(true);
      expect(cache.info(key)?.stale).toBe(true);
      expect(await cache.getOrSet(key, () => Promise.reject(new Error('down')))).toBe(1);
    }
    clock.advance(50);
    expect([cache.sweep(), cache.bytes]).toEqual([3, 0]);
  });

  it('expire makes stale now, or dead without grace', () => {
    const { cache, clock } = make();
    cache.set('a', 1);
    cache.set('b', 1, { ttl: 1000, grace: 50 });
    expect([cache.expire('a'), cache.expire('a'), cache.expire('none')]).toEqual([true, false, false]);
    expect(cache.expire('b')).toBe(true);
    expect([cache.get('a'), cache.get('b'), cache.size, cache.info('a')]).toEqual([undefined, undefined, 0, undefined]);
    expect(cache.info('b')?.stale).toBe(true);
    expect(cache.sweep()).toBe(1);
    clock.advance(50);
    expect([cache.info('b'), cache.sweep()]).toEqual([undefined, 1]);
  });

  it('delete tells of what was fresh, and removes the rest too', () => {
    const { cache, clock, removed } = make({ ttl: 100 });
    cache.set('stale', 1, { grace: 1000 });
    cache.set('dead', 1);
    clock.advance(100);
    expect([cache.delete('stale'), cache.delete('dead'), cache.bytes]).toEqual([false, false, 0]);
    expect(removed).toEqual(['stale delete', 'dead expire']);
  });
});

describe('room', () => {
  it('is made by the dead first, then the stale, then the fresh', () => {
    const { cache, clock, removed } = make({ maxBytes: 40, ttl: 1000 });
    cache.set('fresh', 1);
    cache.set('late stale', 1, { ttl: 100, grace: 900 });
    cache.set('stale', 1, { ttl: 100, grace: 500 });
    cache.set('dead', 1, { ttl: 100 });
    clock.advance(100);
    cache.set('b', 1);
    cache.set('c', 1);
    cache.set('d', 1);
    expect(removed).toEqual(['dead expire', 'stale evict', 'late stale evict']);
    cache.set('e', 1);
    expect(removed.at(-1)).toBe('fresh evict');
    expect(cache.stats.snapshot()).toMatchObject({ evictions: 3, expirations: 1 });
  });

  it('an overwritten stale entry does not go for itself', () => {
    const { cache, clock } = make({ maxBytes: 20, ttl: 100, grace: 100 });
    cache.set('a', 1);
    clock.advance(100);
    cache.set('b', 1);
    expect(cache.set('a', 2, { size: 20 })).toBe(true);
    expect([cache.get('a'), cache.get('b'), cache.bytes]).toEqual([2, undefined, 20]);
  });
});

describe('iteration', () => {
  it('leaves out what dies meanwhile', () => {
    const { cache, clock } = make({ ttl: 100 });
    cache.set('a', 1);
    cache.set('b', 1);
    const keys = cache.keys();
    expect(keys.next().value).toBe('a');
    clock.advance(100);
    expect(keys.next().done).toBe(true);
  });
});

describe('the sweep behind the user', () => {
  it('removes the dead and tells expire', async () => {
    const removed: string[] = [];
    const cache = new Cache<string, number>({
      maxBytes: 1000,
      weigher: () => 1,
      ttl: 20,
      onEvicted: (key, _, reason) => void removed.push(`${key} ${reason}`),
    });
    cache.set('a', 1);
    cache.set('b', 1, { ttl: 1 });
    cache.set('c', 1, { ttl: '1h' });
    await sleep(200);
    expect(removed.sort()).toEqual(['a expire', 'b expire']);
    expect(cache.bytes).toBe(1);
    await cache.close();
  });

  it('keeps its interval, stops and starts, with a clock of the user too', async () => {
    const { cache, clock, removed } = make({ ttl: 100, sweepInterval: 5 });
    cache.stopSweep();
    cache.set('a', 1);
    clock.advance(100);
    await sleep(50);
    expect(removed).toEqual([]);
    cache.startSweep();
    await sleep(50);
    expect(removed).toEqual(['a expire']);
    cache.set('b', 1);
    await sleep(20);
    clock.advance(100);
    await sleep(50);
    expect(removed).toEqual(['a expire', 'b expire']);
    await cache.close();
  });

  it('goes on after a callback that fails', async () => {
    const told: string[] = [];
    const cache = new Cache<string, number>({
      maxBytes: 1000,
      ttl: 5,
      sweepInterval: 5,
      onEvicted: (key) => {
        told.push(key);
        throw new Error('listener');
      },
    });
    cache.on('error', () => undefined);
    cache.set('a', 1);
    await sleep(50);
    cache.set('b', 1);
    await sleep(50);
    expect(told).toEqual(['a', 'b']);
    await cache.close();
  });
});

describe('the clock of the process', () => {
  it('is read again in each turn, and for short lives each time', async () => {
    const cache = new Cache<number, number>({ maxBytes: 100_000, ttl: 5 });
    for (let i = 0; i < 100; i++) cache.set(i, i);
    for (let i = 0; i < 100; i++) cache.get(i);
    const start = performance.now();
    while (performance.now() < start + 6);
    expect(cache.get(99)).toBeUndefined();
    cache.set(1, 1, { ttl: 1100 });
    for (let i = 0; i < 100; i++) cache.get(1);
    await sleep(1110);
    for (let i = 0; i < 100; i++) expect(cache.get(1)).toBeUndefined();
    await cache.close();
  });

  // The last look is a good second before the end: its reading may be used for hits, but not for as many as that takes.
  it.each([0, 3, 7, 15, 19])(
    'is read often enough within a turn, however long that takes; looked at every %i reads at first',
    async (look) => {
      let now = Math.ceil(performance.now());
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
      try {
        const cache = new Cache<string, number>({ maxBytes: 100_000, ttl: 1500 });
        for (let round = 0; round < 5; round++) {
          cache.set('a', round);
          const start = now;
          // Each read comes 25 ms after the one before, in the same turn of the event loop.
          for (let read = 0; read < 120; read++) {
            now += 25;
            if (look > 0 && read % look === look - 1 && now - start < 490) cache.has('a');
            expect(cache.get('a')).toBe(now - start < 1500 ? round : undefined);
          }
        }
        await cache.close();
      } finally {
        clock.mockRestore();
      }
    },
  );
});
