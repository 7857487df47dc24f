import { describe, expect, it } from 'vitest';

type Awaitable<T> = T | Promise<T>;

/** A cache of either kind, as far as operations go that are one step. */
export interface SingleCache {
  readonly size: number;
  get(key: string): string | undefined;
  peek(key: string): string | undefined;
  has(key: string): boolean;
  set(key: string, value: string, options?: object): Awaitable<boolean>;
  delete(key: string): Awaitable<boolean>;
  expire(key: string): Awaitable<boolean>;
  take(key: string): Awaitable<string | undefined>;
  update(key: string, fn: (old: string | undefined) => string, options?: object): Awaitable<string>;
  getMany(keys: Iterable<string>): Map<string, string>;
  setMany(entries: Iterable<readonly [string, string]>, options?: object): Awaitable<number>;
  deleteMany(keys: Iterable<string>): Awaitable<number>;
  getOrSet(key: string, factory: () => string): Promise<string | undefined>;
  keys(): IterableIterator<string>;
  values(): Iterable<string>;
  entries(): Iterable<[string, string]>;
  [Symbol.iterator](): Iterator<[string, string]>;
  forEach(callback: (value: string, key: string, cache: SingleCache) => void): void;
  info(key: string): { tags: readonly string[]; ttl: number } | undefined;
  startSweep(): Awaitable<void>;
  stopSweep(): Awaitable<void>;
  sweep(): Awaitable<number>;
  on(event: 'expire' | 'set' | 'delete', listener: (event: { key?: string | undefined }) => void): unknown;
  readonly bytes: number;
  readonly stats: { snapshot(): { hits: number; misses: number; sets: number; deletes: number } };
}

export interface SingleHarness {
  create(options?: {
    maxBytes?: string;
    maxEntries?: number;
    grace?: number;
    sweepInterval?: number;
    hooks?: { preSet?: (key: string, value: string) => string; postGet?: (value: string) => string };
  }): Promise<SingleCache>;
  sleep(ms: number): Promise<void>;
}

async function until(holds: () => boolean, sleep: (ms: number) => Promise<void>): Promise<void> {
  for (let waited = 0; waited < 300 && !holds(); waited++) await sleep(10);
  expect(holds()).toBe(true);
}

/** What is promised of operations that are one step, and of those on many keys; of any cache: its answers are awaited. */
export function singleContract(name: string, { create, sleep }: SingleHarness): void {
  describe(`${name}: update`, () => {
    it('stores what the function makes of the present value, on the given terms, and answers with it', async () => {
      const cache = await create();
      expect(await cache.update('k', (old) => `${old}!`, { ttl: 60_000, tags: ['t'] })).toBe('undefined!');
      expect(cache.info('k')).toMatchObject({ ttl: 60_000, tags: ['t'] });
      expect(await cache.update('k', (old) => `${old}!`)).toBe('undefined!!');
      expect(cache.info('k')).toMatchObject({ ttl: Number.POSITIVE_INFINITY, tags: [] });
      await cache.expire('k');
      expect(await cache.update('k', (old) => `${old}`)).toBe('undefined');
      expect(cache.get('k')).toBe('undefined');
    });

    it('leaves the old value when the function fails, or yields what cannot be stored', async () => {
      const cache = await create();
      await cache.set('k', 'old');
      const update = async (fn: () => unknown) => cache.update('k', fn as () => string);
      const failure = new RangeError('no');
      await expect(
        update(() => {
          throw failure;
        }),
      ).rejects.toBe(failure);
      await expect(update(() => undefined)).rejects.toThrow(TypeError);
      await expect(update(7 as never)).rejects.toThrow(/update: expected a function; got 7/);
      await expect((async () => cache.update('k', () => 'new', { ttl: -1 }))()).rejects.toThrow(/ttl: expected/);
      expect(cache.get('k')).toBe('old');
      expect(await cache.update('k', (old) => `${old} and new`)).toBe('old and new');
    });

    it('passes values through the hooks', async () => {
      const cache = await create({
        hooks: { preSet: (_, value) => `<${value}>`, postGet: (value) => value.slice(1, -1) },
      });
      await cache.set('k', 'a');
      await cache.update('k', (old) => `${old}b`);
      expect([cache.get('k'), cache.peek('k')]).toEqual(['ab', '<ab>']);
    });

    it('of a value that is too large answers with it, and leaves nothing', async () => {
      const cache = await create({ maxBytes: '16KiB' });
      await cache.set('k', 'old');
      const large = 'x'.repeat(40_000);
      expect(await cache.update('k', () => large)).toBe(large);
      expect(cache.has('k')).toBe(false);
      expect(await cache.update('k', (old) => `${old}`)).toBe('undefined');
    });
  });

  describe(`${name}: take`, () => {
    it('reads and removes in one: a hit, and a removal', async () => {
      const cache = await create();
      const gone: unknown[] = [];
      cache.on('delete', ({ key }) => gone.push(key));
      await cache.set('k', 'v');
      expect(await Promise.all([cache.take('k'), cache.take('k'), cache.take('k')])).toEqual([
        'v',
        undefined,
        undefined,
      ]);
      expect(cache.has('k')).toBe(false);
      expect(gone).toEqual(['k']);
      expect(cache.stats.snapshot()).toMatchObject({ hits: 1, misses: 2, deletes: 1 });
    });

    it('does not give what is past its time, and removes it', async () => {
      const cache = await create({ grace: 60_000 });
      await cache.set('k', 'v');
      await cache.expire('k');
      expect(cache.bytes).toBeGreaterThan(0);
      expect(await cache.take('k')).toBeUndefined();
      expect(cache.bytes).toBe(0);
    });

    it('wins over a load that runs, and passes the value through postGet', async () => {
      const cache = await create({ hooks: { postGet: (value) => value.toUpperCase() } });
      await cache.set('k', 'v');
      expect(await cache.take('k')).toBe('V');
      let taken: unknown;
      await cache.getOrSet('k', () => {
        taken = cache.take('k');
        return 'late';
      });
      expect(await taken).toBeUndefined();
    });
  });

  describe(`${name}: many`, () => {
    it('are written, read and removed, whatever their number', async () => {
      const cache = await create();
      const entries = Array.from({ length: 1_500 }, (_, i): [string, string] => [`k${i}`, `v${i}`]);
      expect(await cache.setMany(entries, { tags: ['many'] })).toBe(1_500);
      expect(cache.size).toBe(1_500);
      expect(cache.info('k1400')?.tags).toEqual(['many']);
      const keys = entries.map(([key]) => key);
      expect([...cache.getMany([...keys, 'none', 'k1'])]).toEqual(entries);
      expect(cache.stats.snapshot().misses).toBe(1);
      expect(await cache.deleteMany([...keys.slice(0, 700), 'none'])).toBe(700);
      expect(cache.size).toBe(800);
      expect(await cache.setMany([])).toBe(0);
      expect(await cache.deleteMany([])).toBe(0);
      expect(cache.getMany([]).size).toBe(0);
    });

    it.each([
      ['setMany', 5, 'setMany: expected an iterable of [key, value] pairs; got 5 (number)'],
      ['setMany', { a: '1' }, 'setMany: expected an iterable of [key, value] pairs; got an object'],
      ['setMany', ['ab'], 'setMany: expected [key, value] pairs; got "ab" (string) among them'],
      ['getMany', undefined, 'getMany: expected an iterable of keys; got undefined'],
      ['getMany', 'ab', 'getMany: expected an iterable of keys; got "ab" (string)'],
      ['deleteMany', { a: 1 }, 'deleteMany: expected an iterable of keys; got an object'],
    ] as const)('%s says what it cannot go through: %o', async (method, given, message) => {
      const cache = await create();
      await cache.set('a', '1');
      const call = async () => (cache[method] as (given: unknown) => unknown)(given);
      await expect(call()).rejects.toThrow(expect.objectContaining({ code: 'ERR_CACHE_CONFIG', message }));
      expect(cache.get('a')).toBe('1');
    });

    it('of a batch larger than the budget the last stay, and none is refused', async () => {
      const cache = await create({ maxBytes: '64KiB' });
      const entries = Array.from({ length: 100 }, (_, i): [string, string] => [`k${i}`, 'x'.repeat(5_000)]);
      expect(await cache.setMany(entries)).toBe(100);
      expect(cache.size).toBeGreaterThan(5);
      expect(cache.has('k99')).toBe(true);
      expect(
        await cache.setMany([
          ['big', 'x'.repeat(80_000)],
          ['last', 'x'],
        ]),
      ).toBe(1);
      expect([cache.has('big'), cache.has('last')]).toEqual([false, true]);
      const few = await create({ maxEntries: 3 });
      expect(await few.setMany(entries)).toBe(100);
      expect(few.size).toBe(3);
    });

    it('with one key twice keep the later value', async () => {
      const cache = await create();
      expect(
        await cache.setMany([
          ['a', '1'],
          ['b', '1'],
          ['a', '2'],
        ]),
      ).toBe(3);
      expect([cache.get('a'), cache.get('b')]).toEqual(['2', '1']);
    });

    it('pass through the hooks; peek and iteration do not', async () => {
      const cache = await create({
        hooks: { preSet: (_, value) => `<${value}>`, postGet: (value) => value.slice(1, -1) },
      });
      await cache.setMany([['a', '1']]);
      expect(await cache.getOrSet('b', () => '2')).toBe('2');
      expect([...cache.getMany(['a', 'b'])]).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
      expect(cache.peek('a')).toBe('<1>');
      expect([...cache.values()].sort()).toEqual(['<1>', '<2>']);
    });
  });

  describe(`${name}: iteration`, () => {
    it('is by keys, values, entries, for…of and forEach, and not disturbed by changes', async () => {
      const cache = await create();
      for (const key of 'abc') await cache.set(key, key.toUpperCase());
      const seen: unknown[] = [];
      cache.forEach((value, key, self) => void seen.push([value, key, self === cache]));
      expect(seen.sort()).toEqual([...'abc'].map((key) => [key.toUpperCase(), key, true]));
      expect([...cache.keys()].sort()).toEqual(['a', 'b', 'c']);
      expect([...cache.values()].sort()).toEqual(['A', 'B', 'C']);
      expect([...cache].sort()).toEqual([...cache.entries()].sort());
      const passed: string[] = [];
      let i = 0;
      for (const [key] of cache) {
        passed.push(key);
        await cache.delete(key);
        await cache.set(`new ${i++}`, 'x');
      }
      expect(passed.sort()).toEqual(['a', 'b', 'c']);
      expect([...cache.keys()].sort()).toEqual(['new 0', 'new 1', 'new 2']);
    });
  });

  describe(`${name}: the background sweep`, () => {
    it('can be stopped and started; the dead can be swept by hand', async () => {
      const cache = await create();
      const expired: unknown[] = [];
      cache.on('expire', ({ key }) => expired.push(key));
      await cache.stopSweep();
      await cache.set('a', '1', { ttl: 20 });
      await cache.set('b', '1');
      await sleep(120);
      expect([cache.size, cache.has('a'), expired]).toEqual([1, false, []]);
      const { bytes } = cache;
      expect(await cache.sweep()).toBe(1);
      expect(cache.bytes).toBeLessThan(bytes);
      await cache.set('a', '1', { ttl: 20 });
      await cache.startSweep();
      await until(() => expired.length === 2, sleep);
    });

    it('keeps its interval, and is off when that is Infinity', async () => {
      const off = await create({ sweepInterval: Number.POSITIVE_INFINITY });
      const slow = await create({ sweepInterval: 1000 });
      const expired: string[] = [];
      off.on('expire', () => expired.push('off'));
      slow.on('expire', () => expired.push('slow'));
      for (const cache of [off, slow]) await cache.set('a', '1', { ttl: 20 });
      await sleep(100);
      expect(expired).toEqual([]);
      await until(() => expired.length === 1, sleep);
      expect(expired).toEqual(['slow']);
      await off.startSweep();
      await until(() => expired.length === 2, sleep);
    });
  });
}
