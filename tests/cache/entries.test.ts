import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/index.js';

const make = (options = {}) => new Cache<unknown, unknown>({ maxBytes: '1MiB', policy: 'lru', ...options });
/** Every entry is charged with 10 bytes. */
const makeTens = (maxBytes: number, options = {}) =>
  new Cache<string, unknown>({ maxBytes, weigher: () => 10, policy: 'lru', ...options });

describe('get, has, peek', () => {
  it('tells falsy values from a miss', () => {
    const cache = make();
    for (const value of [null, 0, '', false, Number.NaN]) {
      cache.set('key', value);
      expect(cache.get('key')).toBe(value);
      expect(cache.get('key', 'fallback')).toBe(value);
      expect(cache.peek('key')).toBe(value);
      expect(cache.has('key')).toBe(true);
    }
    expect(cache.get('other')).toBeUndefined();
    expect(cache.get('other', 'fallback')).toBe('fallback');
    expect(cache.has('other')).toBe(false);
  });

  it('takes any key that a Map takes', () => {
    const cache = make();
    const keys = ['__proto__', 'constructor', '', 0, Number.NaN, null, undefined, {}, Symbol('s'), 1n, () => 1, true];
    for (const [i, key] of keys.entries()) cache.set(key, i);
    expect(cache.size).toBe(keys.length);
    for (const [i, key] of keys.entries()) expect(cache.get(key)).toBe(i);
    expect(cache.get(-0)).toBe(3);
    expect(cache.get({})).toBeUndefined();
  });

  it('peek and has leave statistics and recency alone', () => {
    const cache = makeTens(20);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.peek('a');
    cache.has('a');
    expect([cache.peek('a', 9), cache.peek('none', 9), cache.peek('none')]).toEqual([1, 9, undefined]);
    expect(cache.stats.snapshot().gets).toBe(0);
    cache.set('c', 3);
    expect(cache.has('a')).toBe(false);
  });

  it('may be awaited', async () => {
    const cache = make();
    expect(await cache.set('a', 1)).toBe(true);
    expect(await cache.get('a')).toBe(1);
  });
});

describe('delete, take, update, clear', () => {
  it('tells whether something fresh went, and brings the ledger back', () => {
    const cache = make();
    cache.set('a', 1);
    expect(cache.delete('a')).toBe(true);
    expect(cache.delete('a')).toBe(false);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
    expect(cache.stats.snapshot().deletes).toBe(1);
  });

  it('take reads and removes', () => {
    const cache = make();
    cache.set('a', 1);
    expect(cache.take('a')).toBe(1);
    expect(cache.take('a')).toBeUndefined();
    expect(cache.stats.snapshot()).toMatchObject({ hits: 1, misses: 1, deletes: 1 });
  });

  it('update stores what the function makes of the present value', () => {
    const cache = new Cache<string, number>({ maxBytes: 1000 });
    const increment = (old: number | undefined) => (old ?? 0) + 1;
    expect(cache.update('n', increment)).toBe(1);
    expect(cache.update('n', increment, { ttl: '1h' })).toBe(2);
    expect(cache.info('n')?.ttl).toBe(3_600_000);
    expect(() =>
      cache.update('n', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(cache.get('n')).toBe(2);
  });

  it('clear removes all, keeps the statistics, and leaves a cache that works', () => {
    const cache = make();
    for (let i = 0; i < 100; i++) cache.set(i, i);
    cache.get(1);
    cache.clear();
    expect([cache.size, cache.bytes, [...cache]]).toEqual([0, 0, []]);
    expect(cache.stats.snapshot()).toMatchObject({ hits: 1, sets: 100, entries: 0, bytes: 0 });
    cache.set('a', 1);
    expect(cache.get('a')).toBe(1);
  });
});

describe('many at once', () => {
  it('getMany, setMany, deleteMany', () => {
    const cache = makeTens(1000, { maxEntryBytes: 10 });
    expect(
      cache.setMany(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toBe(2);
    expect(cache.setMany([['c', 3]], { size: 11 })).toBe(0);
    expect(cache.getMany(['a', 'b', 'c'])).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    );
    expect(cache.deleteMany(new Set(['a', 'c']))).toBe(1);
    expect(cache.stats.snapshot()).toMatchObject({ hits: 2, misses: 1 });
  });
});

describe('iteration', () => {
  it('lists keys, values and entries', () => {
    const cache = make();
    cache.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    expect([...cache.keys()]).toEqual(['a', 'b']);
    expect([...cache.values()]).toEqual([1, 2]);
    expect([...cache.entries()]).toEqual([...cache]);
    const seen: unknown[] = [];
    cache.forEach(function (this: unknown, value, key, self) {
      seen.push([key, value, self === cache, this]);
    }, 'this');
    expect(seen).toEqual([
      ['a', 1, true, 'this'],
      ['b', 2, true, 'this'],
    ]);
  });

  it('is not disturbed by changes', () => {
    const cache = make();
    for (let i = 0; i < 50; i++) cache.set(i, i);
    const seen: unknown[] = [];
    for (const key of cache.keys()) {
      seen.push(key);
      cache.delete((key as number) + 1);
      cache.set(`new ${key}`, 1);
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
    let count = 0;
    for (const [key] of cache) {
      cache.delete(key);
      count++;
    }
    expect(count).toBeGreaterThan(0);
    expect(cache.size).toBe(0);
  });
});

describe('a write after a miss', () => {
  it('finds what was written in between', () => {
    const cache = makeTens(1000);
    cache.get('a');
    cache.set('b', 1);
    cache.set('a', 1);
    cache.get('c');
    cache.set('a', 2);
    cache.set('c', 1);
    cache.set('c', 2);
    expect([...cache]).toEqual([
      ['b', 1],
      ['a', 2],
      ['c', 2],
    ]);
    expect(cache.bytes).toBe(30);
    cache.get('d');
    cache.clear();
    cache.set('d', 1);
    cache.set('d', 2);
    expect(cache.bytes).toBe(10);
  });
});
