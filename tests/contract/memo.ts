import type { Cache, Memoized, MemoOptions } from 'cachalot';
import { describe, expect, it, vi } from 'vitest';

/** A cache of either kind, as far as memoizing goes. */
export interface MemoCache extends Pick<Cache<string, unknown>, 'get' | 'has' | 'info' | 'size'> {
  set(key: string, value: unknown): boolean | Promise<boolean>;
  wrap<This, A extends unknown[], R>(
    fn: (this: This, ...args: A) => R,
    options?: MemoOptions<A, string>,
  ): Memoized<This, A, R, string, unknown, boolean | Promise<boolean>>;
}

interface MemoHarness {
  create(options?: { ttl?: number; grace?: number }): Promise<MemoCache>;
  sleep(ms: number): Promise<void>;
}

/** Arguments of which no two may be taken for one another. */
const DISTINCT: unknown[][] = [
  [],
  [1],
  ['1'],
  [[1]],
  [{ 0: 1 }],
  [1n],
  [0],
  [-0],
  [0n],
  ['0'],
  [Number.NaN],
  [null],
  [undefined, 1],
  [1, 1],
  [[1, 1]],
  [new Date(1)],
  [new Map([[1, 1]])],
  [new Set([1])],
  [new Uint8Array([1])],
  [new Int8Array([1])],
  [Buffer.from([1])],
  [/1/],
  [new URL('http://one.example')],
];

/** What `wrap` promises, of any cache: its answers are awaited. */
export function memoContract(name: string, { create, sleep }: MemoHarness): void {
  let count = 0;
  const unique = () => `fn${++count}`;

  describe(`wrap of ${name}`, () => {
    it('runs a function once for the same arguments, sync or async', async () => {
      const cache = await create();
      const add = vi.fn((a: number, b: number) => a + b);
      const slow = vi.fn(async (a: number) => a * 10);
      const fast = cache.wrap(add, { name: unique() });
      const later = cache.wrap(slow, { name: unique() });
      expect([await fast(1, 2), await fast(1, 2), await fast(2, 1)]).toEqual([3, 3, 3]);
      expect(add).toHaveBeenCalledTimes(2);
      expect(await Promise.all([later(4), later(4), later(4)])).toEqual([40, 40, 40]);
      expect(slow).toHaveBeenCalledTimes(1);
    });

    it('tells arguments apart by type and content', async () => {
      const cache = await create();
      let runs = 0;
      const f = cache.wrap((..._args: unknown[]) => ++runs, { name: unique() });
      const seen = new Set<number>();
      for (const args of DISTINCT) seen.add(await f(...args));
      expect(seen.size).toBe(DISTINCT.length);
      for (const args of DISTINCT) seen.add(await f(...structuredCloneable(args)));
      expect(seen.size).toBe(DISTINCT.length);
      expect(new Set(DISTINCT.map((args) => f.keyOf(...args))).size).toBe(DISTINCT.length);
    });

    it('takes arguments for the same whatever the order of properties, entries and members', async () => {
      const f = (await create()).wrap((_value?: unknown, _more?: unknown) => 1, { name: unique() });
      expect(f.keyOf({ a: 1, b: { c: 2, d: 3 } })).toBe(f.keyOf({ b: { d: 3, c: 2 }, a: 1 }));
      expect(
        f.keyOf(
          new Map([
            ['a', 1],
            ['b', 2],
          ]),
        ),
      ).toBe(
        f.keyOf(
          new Map([
            ['b', 2],
            ['a', 1],
          ]),
        ),
      );
      expect(f.keyOf(new Set([1, 2]))).toBe(f.keyOf(new Set([2, 1])));
      expect(f.keyOf([1, 2])).not.toBe(f.keyOf([2, 1]));
      expect(f.keyOf(1, undefined)).toBe(f.keyOf(1));
      expect(f.keyOf(undefined)).toBe(f.keyOf());
    });

    it('makes keys of a bounded length', async () => {
      const f = (await create()).wrap((_value: unknown) => 1, { name: 'f' });
      const long = [f.keyOf('x'.repeat(1e6)), f.keyOf(new Uint8Array(1e6)), f.keyOf(Array(1e4).fill(1))];
      for (const key of long) expect(key.length).toBeLessThan(180);
      expect(new Set(long).size).toBe(3);
    });

    it('stores null, and not undefined', async () => {
      const cache = await create();
      const nothing = vi.fn((kind: string) => (kind === 'null' ? null : undefined));
      const f = cache.wrap(nothing, { name: unique() });
      expect([await f('null'), await f('null')]).toEqual([null, null]);
      expect(nothing).toHaveBeenCalledTimes(1);
      expect([await f('undefined'), await f('undefined')]).toEqual([undefined, undefined]);
      expect(nothing).toHaveBeenCalledTimes(3);
      expect(cache.has(f.keyOf('undefined'))).toBe(false);
    });

    it('passes `this` on, as no part of the key', async () => {
      const cache = await create();
      const scale = cache.wrap(
        function (this: { factor: number }, x: number) {
          return x * this.factor;
        },
        { name: unique() },
      );
      expect(await scale.call({ factor: 2 }, 5)).toBe(10);
      expect(await scale.call({ factor: 3 }, 5)).toBe(10);
      const scaled = { factor: 3, scale };
      expect(await scaled.scale(6)).toBe(18);
    });

    it('has keyOf, invalidate and the cache', async () => {
      const cache = await create();
      const fn = vi.fn((x: number) => x + 1);
      const f = cache.wrap(fn, { name: unique() });
      expect(f.cache).toBe(cache);
      expect(f.length).toBe(fn.length);
      expect(await f.invalidate(1)).toBe(false);
      await f(1);
      await f(2);
      expect(cache.get(f.keyOf(1))).toBe(2);
      expect(await f.invalidate(1)).toBe(true);
      expect(await f.invalidate(1)).toBe(false);
      expect([cache.has(f.keyOf(1)), cache.has(f.keyOf(2))]).toEqual([false, true]);
      await f(1);
      expect(fn).toHaveBeenCalledTimes(3);
    });

    it('takes the key of the function `key` for what it is, everywhere', async () => {
      const cache = await create();
      const fn = vi.fn((user: { id: number; seen: number }) => `user ${user.id}`);
      const f = cache.wrap(fn, { name: unique(), key: (user) => `user:${user.id}` });
      expect([await f({ id: 1, seen: 1 }), await f({ id: 1, seen: 2 })]).toEqual(['user 1', 'user 1']);
      expect(fn).toHaveBeenCalledTimes(1);
      expect(f.keyOf({ id: 7, seen: 0 })).toBe('user:7');
      expect(cache.get('user:1')).toBe('user 1');
      await cache.set('user:2', 'set by hand');
      expect(await f({ id: 2, seen: 0 })).toBe('set by hand');
      expect(await f.invalidate({ id: 1, seen: 9 })).toBe(true);
      expect(cache.has('user:1')).toBe(false);
    });

    it('rejects with what the function throws, and caches nothing', async () => {
      const cache = await create();
      const boom = new RangeError('boom');
      const fn = vi.fn((sync: boolean): string => {
        if (sync) throw boom;
        return Promise.reject(boom) as never;
      });
      const f = cache.wrap(fn, { name: unique() });
      await expect(f(true)).rejects.toBe(boom);
      await expect(f(false)).rejects.toBe(boom);
      await expect(f(true)).rejects.toBe(boom);
      expect(fn).toHaveBeenCalledTimes(3);
      expect(cache.size).toBe(0);
    });

    it('rejects arguments without a stable key, and names the place', async () => {
      const fn = vi.fn((..._args: unknown[]) => 1);
      const f = (await create()).wrap(fn, { name: unique() });
      const refused = { name: 'CacheKeyError' };
      await expect(f(1, { on: () => 1 })).rejects.toMatchObject(refused);
      await expect(f(1, { on: () => 1 })).rejects.toThrow('arguments[1].on: a function has no stable key');
      await expect(f(Symbol('x'))).rejects.toThrow('arguments[0]: a symbol');
      expect(() => f.keyOf(new (class Session {})())).toThrow('arguments[0]: an instance of Session');
      await expect((async () => f.invalidate(new WeakMap()))()).rejects.toMatchObject(refused);
      const cycle: unknown[] = [];
      cycle.push(cycle);
      await expect(f(cycle)).rejects.toThrow('arguments[0][0]: a cycle');
      expect(fn).not.toHaveBeenCalled();
    });

    it('rejects keys of `key` that are none', async () => {
      const cache = await create();
      const none = cache.wrap((_x: number) => 1, { name: unique(), key: () => undefined as never });
      await expect(none(1)).rejects.toMatchObject({ name: 'CacheKeyError' });
      const late = cache.wrap((_x: number) => 1, { name: unique(), key: (async () => 'k') as never });
      await expect(late(1)).rejects.toMatchObject({ name: 'CacheKeyError' });
    });

    it('leaves the TTL to the cache, unless it is given', async () => {
      const cache = await create({ ttl: 60_000 });
      const own = cache.wrap((x: number) => x, { name: unique() });
      const given = cache.wrap((x: number) => x, { name: unique(), ttl: '1h', tags: ['t'] });
      await own(1);
      await given(1);
      expect(cache.info(own.keyOf(1))).toMatchObject({ ttl: 60_000, tags: [] });
      expect(cache.info(given.keyOf(1))).toMatchObject({ ttl: 3_600_000, tags: ['t'] });
    });

    it('serves what is stale within its grace, by the options of getOrSet', async () => {
      const cache = await create();
      let up = true;
      const fn = async (x: number) => {
        if (!up) throw new Error('down');
        return x;
      };
      const f = cache.wrap(fn, { name: unique(), ttl: 20, grace: '1m' });
      expect(await f(1)).toBe(1);
      up = false;
      await sleep(40);
      expect(await f(1)).toBe(1);
      await expect(f(2)).rejects.toThrow('down');
    });

    it('lets an invalidation during a run win', async () => {
      const cache = await create();
      let open = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const f = cache.wrap(
        async (x: number) => {
          await gate;
          return x;
        },
        { name: unique() },
      );
      const call = f(1);
      await sleep(20);
      await f.invalidate(1);
      open();
      expect(await call).toBe(1);
      expect(cache.has(f.keyOf(1))).toBe(false);
    });

    it('refuses what cannot be memoized', async () => {
      const cache = await create();
      const refuse = (fn: unknown, options: object, message: string) => {
        expect(() => cache.wrap(fn as () => 1, { name: 'f', ...options })).toThrow(
          expect.objectContaining({ name: 'CacheConfigError', message: expect.stringContaining(message) }),
        );
      };
      refuse(undefined, {}, 'fn: expected a function; got undefined');
      refuse(function* g() {}, {}, 'got the generator g');
      refuse(() => 1, { ttl: 0 }, 'ttl');
      refuse(() => 1, { name: '' }, 'name: expected a non-empty string');
      refuse(() => 1, { key: 'k' }, 'key: expected a function; got "k" (string)');
      refuse(() => 1, { retries: -1 }, 'retries');
    });
  });
}

/** The same arguments, other objects. URLs cannot be cloned. */
function structuredCloneable(args: unknown[]): unknown[] {
  return args.map((arg) => {
    if (arg instanceof URL) return new URL(arg);
    return Buffer.isBuffer(arg) ? Buffer.from(arg) : structuredClone(arg);
  });
}
