import { describe, expect, it } from 'vitest';
import { Cache, CacheSerializationError } from '../../src/index.js';

const make = (options = {}) => new Cache<unknown, unknown>({ maxBytes: '1MiB', policy: 'lru', ...options });
/** Every entry is charged with 10 bytes. */
const makeTens = (maxBytes: number, options = {}) =>
  new Cache<string, unknown>({ maxBytes, weigher: () => 10, policy: 'lru', ...options });

describe('set', () => {
  it('refuses undefined and promises, and keeps the old entry', () => {
    const cache = make();
    cache.set('a', 1);
    expect(() => cache.set('a', undefined)).toThrow(TypeError);
    expect(() => cache.set('a', Promise.resolve(2))).toThrow(/promise/);
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is refused
    expect(() => cache.set('a', { then: () => 1 })).toThrow(TypeError);
    expect(cache.get('a')).toBe(1);
  });

  it('refuses what is bigger than maxEntryBytes: the old value of the key goes, the others stay', () => {
    const removed: unknown[] = [];
    const cache = new Cache<string, number>({
      maxBytes: 100,
      maxEntryBytes: 50,
      weigher: (value) => value,
      onEvicted: (...args) => void removed.push(args),
    });
    cache.set('a', 10);
    cache.set('b', 20);
    expect(cache.set('a', 51)).toBe(false);
    expect(removed).toEqual([['a', 10, 'replace']]);
    expect([...cache.keys()]).toEqual(['b']);
    expect(cache.bytes).toBe(20);
    expect(cache.stats.snapshot()).toMatchObject({ rejected: 1, sets: 2, evictions: 0 });
    expect(cache.set('c', 50)).toBe(true);
  });

  it('refuses what is bigger than maxBytes, whatever maxEntryBytes says', () => {
    const make = () => new Cache<string, number>({ maxBytes: 100, maxEntryBytes: 150, weigher: (value) => value });
    const cache = make();
    cache.set('a', 60);
    expect(cache.set('b', 120)).toBe(false);
    cache.resize(200);
    expect(cache.set('b', 151)).toBe(false);
    expect(cache.set('b', 140)).toBe(true);
    expect([...cache.keys()]).toEqual(['a', 'b']);
    cache.resize(90);
    expect(cache.set('c', 91)).toBe(false);
    expect([cache.set('c', 90), cache.bytes]).toEqual([true, 90]);
    const smaller = make();
    smaller.load(cache.dump());
    expect(smaller.bytes).toBe(90);
  });

  it('compares the whole charge with maxBytes, which the bound of an entry follows', () => {
    const cache = new Cache<string, number>({ maxBytes: 100, weigher: (value) => value });
    expect(cache.set('a', 101)).toBe(false);
    cache.resize(101);
    expect(cache.set('a', 101)).toBe(true);
    cache.resize(50);
    expect(cache.set('a', 51)).toBe(false);
  });

  it.each(['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const)('true means readable at once, under %s', (policy) => {
    const cache = new Cache<number, number>({ maxBytes: 1000, policy, weigher: (value) => value });
    for (let i = 0; i < 500; i++) {
      const key = (i * 7) % 40;
      const size = 1 + ((i * 131) % 1000);
      expect(cache.set(key, size)).toBe(true);
      expect(cache.peek(key)).toBe(size);
      expect(cache.bytes).toBeLessThanOrEqual(1000);
      cache.get((i * 3) % 40);
    }
  });

  it('charges a size given in place of the weight, and estimates where nothing is said', () => {
    const cache = make();
    cache.set('a', 'x', { size: 1234 });
    expect(cache.bytes).toBe(1234);
    cache.set('a', new Uint8Array(10_000));
    expect(cache.bytes).toBeGreaterThan(10_000);
    expect(cache.bytes).toBeLessThan(11_000);
    expect(cache.info('a')?.size).toBe(cache.bytes);
  });

  it('a weigher or cost that throws or yields no positive number is a TypeError, and the old entry stays', () => {
    let weight: unknown = 10;
    const weigher = (): number => {
      if (weight === 'throw') throw new Error('scales broken');
      return weight as number;
    };
    const cache = new Cache<string, number>({ maxBytes: 100, weigher });
    cache.set('a', 1);
    for (weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined, 'throw']) {
      expect(() => cache.set('a', 2)).toThrow(TypeError);
    }
    expect(cache.get('a')).toBe(1);
    expect(cache.bytes).toBe(10);
    const costly = new Cache<string, number>({ maxBytes: 100, weigher: () => 1, cost: () => Number.NaN });
    expect(() => costly.set('a', 2)).toThrow(TypeError);
    expect(costly.size).toBe(0);
  });

  it('bounds entries too', () => {
    const cache = make({ maxEntries: 3 });
    for (let i = 0; i < 10; i++) cache.set(i, i);
    expect([...cache.keys()]).toEqual([7, 8, 9]);
    const unbounded = make({ maxEntries: Number.POSITIVE_INFINITY });
    for (let i = 0; i < 100; i++) unbounded.set(i, i);
    expect(unbounded.size).toBe(100);
  });

  it('under copy, stores and hands out clones', () => {
    const cache = make({ copy: true });
    const value = { list: [1] };
    cache.set('a', value);
    value.list.push(2);
    const seen = cache.get('a') as typeof value;
    expect(seen).toEqual({ list: [1] });
    seen.list.push(3);
    expect(cache.get('a')).toEqual({ list: [1] });
    expect(cache.peek('a')).not.toBe(cache.peek('a'));
    expect(() => cache.set('f', () => 1)).toThrow(CacheSerializationError);
  });

  it('under copy, refuses what has no clone, or one that is something else, and names where it lies', () => {
    const cache = make({ copy: true, name: 'pages' });
    cache.set('a', 1);
    const refused = (value: unknown, found: string) =>
      expect(() => cache.set('a', value)).toThrow(
        new CacheSerializationError(`pages: copy: expected a cloneable value; ${found}`, { key: 'a' }),
      );
    refused({ on: [() => 1] }, '$.on[0]: a function cannot be stored');
    refused({ stop: [AbortSignal.abort()] }, '$.stop[0]: an AbortSignal becomes an empty object');
    expect(() => cache.set('a', { to: new URL('https://a.b/') })).toThrow(
      /cloneable value; \$\.to: a URL (becomes an empty object|cannot be cloned)/,
    );
    expect(cache.get('a')).toBe(1);
    const kept = { blob: new Blob(['whale']), at: new Date(0), list: [new Map([[1, { n: 1 }]])] };
    expect(cache.set('a', kept)).toBe(true);
    expect((cache.get('a') as typeof kept).blob.size).toBe(5);
  });

  it('hands out the stored reference otherwise', () => {
    const cache = make();
    const value = {};
    cache.set('a', value);
    expect(cache.get('a')).toBe(value);
  });
});

describe('resize', () => {
  it('evicts down at once, and takes the units of maxBytes', () => {
    const removed: unknown[] = [];
    const cache = makeTens(100, {
      onEvicted: (key: string, _: unknown, reason: string) => removed.push([key, reason]),
    });
    for (const key of 'abcdefghij') cache.set(key, 1);
    cache.resize(75);
    expect(cache.maxBytes).toBe(75);
    expect(cache.bytes).toBe(70);
    expect(removed).toEqual([
      ['a', 'evict'],
      ['b', 'evict'],
      ['c', 'evict'],
    ]);
    cache.resize('1kb');
    expect(cache.maxBytes).toBe(1000);
    expect(() => cache.resize(0)).toThrow(/maxBytes/);
  });
});

describe('an overwrite that grows', () => {
  it('lets the next victim of the policy go, never itself', () => {
    const cache = makeTens(30, { policy: 'fifo' });
    for (const key of 'abc') cache.set(key, 1);
    cache.delete('b');
    cache.set('b', 1);
    cache.set('a', 2, { size: 20 });
    expect([...cache.keys()].sort()).toEqual(['a', 'b']);
  });
});
