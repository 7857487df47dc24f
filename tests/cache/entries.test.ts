import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheSerializationError } from '../../src/index.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

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
    cache.forEach((value, key, self) => void seen.push([key, value, self === cache]));
    expect(seen).toEqual([
      ['a', 1, true],
      ['b', 2, true],
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

/** The first in goes first. */
const sizes = (cache: Cache<string, unknown>) =>
  Array.from(cache.keys(), (key) => cache.info(key)!.size).reduce((sum, size) => sum + size, 0);

function inOrder() {
  const handles = new Set<number>();
  return {
    insert: (handle: number) => void handles.add(handle),
    touch: () => undefined,
    update: () => undefined,
    remove: (handle: number) => void handles.delete(handle),
    victim: () => [...handles][0] ?? -1,
    defer: (handle: number) => void (handles.delete(handle) && handles.add(handle)),
    order: () => [...handles],
    validate: () => undefined,
  };
}

describe('a policy of the user', () => {
  it('is asked, and one that names nobody hangs nothing', () => {
    const handles = new Set<number>();
    const policy = {
      insert: (handle: number) => void handles.add(handle),
      touch: () => undefined,
      update: () => undefined,
      remove: (handle: number) => void handles.delete(handle),
      victim: () => Math.max(-1, ...handles),
      defer: () => undefined,
      order: () => [...handles],
      validate: () => undefined,
    };
    const cache = makeTens(30, { policy });
    for (const key of 'abcd') cache.set(key, 1);
    expect([...cache.keys()]).toEqual(['a', 'b', 'd']);
    cache.clear();
    expect(handles.size).toBe(0);
    const lost = makeTens(30, { policy: { ...policy, victim: () => -1 } });
    for (const key of 'abcd') lost.set(key, 1);
    expect([...lost.keys()]).toEqual(['b', 'c', 'd']);
  });

  it.each(['insert', 'touch', 'update', 'remove', 'victim', 'defer'])(
    'that throws in %s tells its caller, and the ledger stays true',
    (method) => {
      const boo = () => {
        throw new Error('boo');
      };
      const cache = makeTens(30, { policy: { ...inOrder(), [method]: boo } });
      let told = 0;
      const attempt = (act: () => unknown) => {
        try {
          act();
        } catch (error) {
          expect(error).toEqual(new Error('boo'));
          told++;
        }
        const sizes = Array.from(cache.keys(), (key) => cache.info(key)!.size);
        expect(cache.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
      };
      for (const key of 'abcadeafbg') {
        attempt(() => cache.get(key));
        attempt(() => cache.set(key, 1));
        attempt(() => cache.delete('c'));
      }
      expect(cache.bytes).toBeLessThanOrEqual(30);
      // The oldest is to stay, and others are to go for it.
      for (const key of cache.keys()) attempt(() => cache.set(key, 2, { size: 20 }));
      attempt(() => cache.resize(20));
      expect(told).toBeGreaterThan(0);
    },
  );

  it.each(['update', 'victim', 'remove', 'defer'])(
    'that throws in %s while an entry grows, or the budget shrinks, leaves no more than is allowed',
    (method) => {
      const policy = inOrder();
      const cache = makeTens(30, { policy });
      for (const key of 'abc') cache.set(key, 1);
      Reflect.set(policy, method, () => {
        throw new Error('boo');
      });
      expect(() => cache.set('a', 2, { size: 30 })).toThrow('boo');
      expect(cache.bytes).toBeLessThanOrEqual(30);
      expect(cache.bytes).toBe(sizes(cache));
      if (method !== 'victim' && method !== 'remove') return;
      const other = makeTens(30, { policy: { ...inOrder(), [method]: policy[method] } });
      for (const key of 'abc') other.set(key, 1);
      expect(() => other.resize(20)).toThrow('boo');
      expect([other.bytes, sizes(other)]).toEqual([20, 20]);
    },
  );

  it('that throws when all is cleared, or much is removed, tells its caller when all is gone, and told', () => {
    const evicted: unknown[] = [];
    const onEvicted = (key: unknown, _: unknown, reason: string) => evicted.push(`${key} ${reason}`);
    const remove = () => {
      throw new Error('boo');
    };
    const clock = new FakeClock();
    const cache = makeTens(100, { policy: { ...inOrder(), remove }, onEvicted, clock });
    const fill = () => {
      for (const key of 'abc') cache.set(key, 1, { tags: ['t'] });
    };
    const wholly = (act: () => unknown, told: string[]) => {
      expect(act).toThrow('boo');
      expect([cache.size, cache.bytes, [...cache.keys()]]).toEqual([0, 0, []]);
      expect(evicted.splice(0)).toEqual(told);
    };
    fill();
    wholly(() => cache.clear(), ['a clear', 'b clear', 'c clear']);
    fill();
    wholly(() => cache.deleteByTag('t'), ['a delete', 'b delete', 'c delete']);
    const tenant = cache.namespace('n');
    for (const key of 'xy') tenant.set(key, 1);
    wholly(() => tenant.clear(), ['x clear', 'y clear']);
    for (const key of 'xy') cache.set(key, 1, { ttl: 5 });
    clock.advance(5);
    wholly(() => cache.sweep(), ['x expire', 'y expire']);
  });

  it('that throws in the background sweep is told as an error event, and the dead are gone', async () => {
    const remove = () => {
      throw new Error('boo');
    };
    const cache = makeTens(100, { policy: { ...inOrder(), remove }, ttl: 5 });
    const told = new Promise((resolve) => cache.once('error', resolve));
    for (const key of 'abc') cache.set(key, 1);
    expect(await told).toMatchObject({ error: new Error('boo') });
    // Where the three were written slowly they die in several sweeps.
    await vi.waitFor(() => expect(cache.bytes).toBe(0));
  });
});

describe('hooks of a subclass', () => {
  class Shouting extends Cache<string, string> {
    protected override preSet(key: string, value: string): string {
      if (value === '') throw new RangeError(`nothing to say for ${key}`);
      return value.toUpperCase();
    }

    protected override postGet(_key: string, value: string): string {
      return `${value}!`;
    }
  }

  it('preSet sees what is set and loaded, postGet what is got', async () => {
    const cache = new Shouting({ maxBytes: 10_000, loader: (key) => key });
    cache.set('a', 'x');
    expect(cache.get('a')).toBe('X!');
    expect(cache.getMany(['a']).get('a')).toBe('X!');
    expect(cache.peek('a')).toBe('X');
    expect([...cache.values()]).toEqual(['X']);
    expect(await cache.getOrSet('b', () => 'y')).toBe('Y!');
    expect(await cache.getOrSet('b', () => 'z')).toBe('Y!');
    expect(await cache.fetch('c')).toBe('C!');
    expect(cache.setMany([['d', 'w']])).toBe(1);
    expect(cache.peek('d')).toBe('W');
  });

  it('preSet may refuse', async () => {
    const cache = new Shouting({ maxBytes: 10_000 });
    cache.set('a', 'x');
    expect(() => cache.set('a', '')).toThrow(RangeError);
    expect(cache.peek('a')).toBe('X');
    await expect(cache.getOrSet('b', () => '')).rejects.toThrow(RangeError);
    expect(cache.has('b')).toBe(false);
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
