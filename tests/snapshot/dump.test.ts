import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cache, CacheCorruptionError, type CacheDump, type CacheOptions } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { anyKey, anyValue } from './support/values.js';

const NEVER = Number.POSITIVE_INFINITY;

function make(options: Partial<CacheOptions<string, unknown>> = {}, clock = new FakeClock(500)) {
  return {
    clock,
    cache: new Cache<string, unknown>({ maxBytes: 1000, weigher: () => 10, policy: 'lru', clock, ...options }),
  };
}

function evictionOrder(cache: Cache<string, unknown>): string[] {
  return cache.dump().entries.map(({ key }) => key);
}

describe('a dump', () => {
  it('brings keys and values of any kind into another cache, as they are', () => {
    const mine = Symbol('mine');
    const from = new Cache<unknown, unknown>({ maxBytes: '1MiB' });
    const user = { name: 'Ada' };
    const keys = [1, '1', 1n, null, undefined, mine, user, Number.NaN, -0, () => 1];
    for (const key of keys) from.set(key, { key, user });
    from.set('class', new (class Point {})());
    const to = new Cache<unknown, unknown>({ maxBytes: '1MiB' });
    expect(to.load(from.dump())).toBe(keys.length + 1);
    for (const key of keys) expect(to.get(key)).toBe(from.get(key));
    expect(new Set(to.keys())).toEqual(new Set(from.keys()));
    expect([to.bytes, to.get('class')]).toEqual([from.bytes, from.get('class')]);
  });

  it('stays as it is, whatever the cache does', () => {
    const { cache } = make();
    cache.set('a', 1, { tags: ['t'] });
    const dump = cache.dump();
    cache.set('a', 2);
    cache.set('b', 3);
    expect(dump.entries.map(({ key, value }) => [key, value])).toEqual([['a', 1]]);
    cache.load(dump);
    expect([...cache.entries()]).toEqual([['a', 1]]);
  });

  it('holds clones where the cache hands out clones', () => {
    const { cache } = make({ copy: true });
    cache.set('a', { n: 1 });
    const dump = cache.dump();
    (dump.entries[0]!.value as { n: number }).n = 2;
    expect(cache.get('a')).toEqual({ n: 1 });
    cache.load(dump);
    (dump.entries[0]!.value as { n: number }).n = 3;
    expect(cache.get('a')).toEqual({ n: 2 });
    dump.entries[0]!.value = () => 1;
    expect(() => cache.load(dump)).toThrow(/copy: expected a cloneable value/);
    expect(cache.get('a')).toEqual({ n: 2 });
  });

  it.each([2 ** 31 - 5000, 2 ** 40])('carries a count of hits that grows beyond 32 bits: %i', (hits) => {
    const { cache } = make();
    cache.set('hot', 1);
    const dump = cache.dump();
    dump.entries[0]!.hits = hits;
    cache.load(dump);
    for (let i = 0; i < 10_000; i++) cache.get('hot');
    expect(cache.info('hot')?.hits).toBe(hits + 10_000);
    expect(cache.dump().entries[0]?.hits).toBe(hits + 10_000);
    cache.set('hot', 2);
    cache.get('hot');
    expect(cache.info('hot')?.hits).toBe(1);
  });

  it('carries what is known of each entry, and the time that has passed since', () => {
    const { cache, clock } = make({ grace: 50 });
    cache.set('plain', 1, { cost: 7, tags: ['x', 'y'], size: 33 });
    cache.set('timed', 2, { ttl: 100 });
    cache.set('idle', 3, { ttl: 500, idleTtl: 80, grace: 10 });
    clock.advance(30);
    cache.get('plain');
    cache.get('idle');
    clock.advance(20);
    const dump = cache.dump();
    clock.advance(10);
    const { cache: other } = make({ grace: 1 }, clock);
    other.load(dump);
    for (const to of [other, make({}, clock).cache]) {
      to.load(dump);
      for (const key of ['plain', 'timed', 'idle']) expect(to.info(key)).toEqual(cache.info(key));
    }
    expect(other.info('plain')).toMatchObject({ cost: 7, tags: ['x', 'y'], size: 33, hits: 1, age: 60, ttl: NEVER });
    expect(other.info('timed')).toMatchObject({ ttl: 100, remainingTtl: 40, age: 60 });
    expect(other.info('idle')).toMatchObject({ ttl: 500, remainingTtl: 50, age: 60, hits: 1 });
    clock.advance(40);
    expect([other.get('timed'), other.info('timed')?.stale, other.get('idle')]).toEqual([undefined, true, 3]);
    clock.advance(49);
    expect(other.info('timed')?.stale).toBe(true);
    expect(other.get('idle')).toBe(3);
    clock.advance(1);
    expect(other.info('timed')).toBeUndefined();
    clock.advance(79);
    expect([other.has('idle'), other.sweep()]).toEqual([false, 1]);
    clock.advance(10);
    expect([other.sweep(), other.size, other.bytes]).toEqual([1, 1, 33]);
    other.touch('plain', 5);
    clock.advance(5);
    expect(other.has('plain')).toBe(false);
  });

  it('leaves out what is dead, then and later', () => {
    const { cache, clock } = make();
    cache.set('dead', 1, { ttl: 10 });
    cache.set('dying', 1, { ttl: 20 });
    cache.set('ended', 1, { ttl: 1000, grace: 100 });
    cache.expire('ended');
    clock.advance(10);
    const dump = cache.dump();
    expect(dump.entries.map(({ key }) => key)).toEqual(['ended', 'dying']);
    clock.advance(10);
    expect(cache.load(dump)).toBe(1);
    expect([cache.size, cache.bytes, cache.info('ended')?.stale]).toEqual([0, 10, true]);
  });

  it('goes by the wall clock when the cache has another one', () => {
    const { cache } = make();
    cache.set('a', 1, { ttl: 60_000 });
    const dump = cache.dump();
    const later = { ...dump, savedAt: { ...dump.savedAt, clock: 'of another process', wall: Date.now() - 10_000 } };
    cache.load(later);
    expect(cache.info('a')!.remainingTtl).toBeGreaterThan(49_000);
    expect(cache.info('a')!.remainingTtl).toBeLessThanOrEqual(50_000);
    cache.load({ ...later, savedAt: { ...later.savedAt, wall: Date.now() + 1e9 } });
    expect(cache.info('a')!.remainingTtl).toBe(60_000);
  });

  it.each(['lru', 'fifo'] as const)('keeps the order of eviction: %s', (policy) => {
    const { cache } = make({ policy });
    for (const key of 'abcdef') cache.set(key, key, { size: 10 + key.charCodeAt(0) });
    cache.get('b');
    cache.get('b');
    cache.get('a');
    const { cache: other } = make({ policy });
    other.load(cache.dump());
    expect(evictionOrder(other)).toEqual(evictionOrder(cache));
    expect(evictionOrder(cache).slice(-2)).toEqual(policy === 'lru' ? ['b', 'a'] : ['e', 'f']);
  });

  it.each(['auto', 'lfu', 'gdsf'] as const)('keeps what was hit: %s', (policy) => {
    const { cache } = make({ policy });
    for (const key of 'abcdef') cache.set(key, key);
    for (const key of 'bbbdd') cache.get(key);
    const { cache: other } = make({ policy, maxBytes: 60 });
    other.load(cache.dump());
    expect(evictionOrder(other)).toEqual(evictionOrder(cache));
    for (const key of 'uvwx') other.set(key, key);
    expect([other.has('b'), other.has('d')]).toEqual([true, true]);
  });

  it('is trimmed to the budget: the most worthy stay', () => {
    const { cache } = make();
    for (const key of 'abcdef') cache.set(key, key);
    cache.get('a');
    expect(make({ maxBytes: 29 }).cache.load(cache.dump())).toBe(2);
    const { cache: small } = make({ maxBytes: 30 });
    small.load(cache.dump());
    expect(evictionOrder(small)).toEqual(['e', 'f', 'a']);
    const { cache: few } = make({ maxEntries: 2 });
    few.load(cache.dump());
    expect(evictionOrder(few)).toEqual(['f', 'a']);
    cache.set('big', 1, { size: 100 });
    const { cache: narrow } = make({ maxEntryBytes: 50, maxBytes: 50 });
    expect(narrow.load(cache.dump())).toBe(5);
    expect(narrow.has('big')).toBe(false);
  });

  it('replaces what was there, and tells it', () => {
    const gone: string[] = [];
    const { cache } = make({ onEvicted: (key, _value, reason) => void gone.push(`${key} ${reason} ${cache.size}`) });
    cache.set('a', 1);
    const dump = cache.dump();
    cache.set('b', 2);
    cache.stats.reset();
    cache.load(dump);
    expect(gone).toEqual(['a clear 1', 'b clear 1']);
    expect(cache.stats.snapshot()).toMatchObject({ sets: 0, evictions: 0, entries: 1, bytes: 10, byteHitRate: 0 });
  });

  it('wins over loads that run', async () => {
    const { cache } = make();
    cache.set('a', 'old');
    const dump = cache.dump();
    let finish = (_value: string): void => undefined;
    const loaded = cache.getOrSet(
      'b',
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    cache.load(dump);
    finish('late');
    expect([await loaded, cache.has('b'), cache.size]).toEqual(['late', false, 1]);
  });

  it('can be cloned, and be JSON', () => {
    const { cache, clock } = make();
    cache.set('a', { n: 1 }, { ttl: 100, tags: ['t'] });
    cache.set('b', [2]);
    const { cache: one } = make({}, clock);
    for (const copy of [structuredClone(cache.dump()), JSON.parse(JSON.stringify(cache.dump())) as CacheDump<string>]) {
      one.load(copy);
      expect([one.get('a'), one.peek('b'), one.info('a')?.remainingTtl]).toEqual([{ n: 1 }, [2], 100]);
    }
  });

  it('that is none is refused by name, and nothing changes', () => {
    const { cache } = make();
    cache.set('kept', 1);
    const good = cache.dump();
    const entry = good.entries[0]!;
    const wrong: [unknown, RegExp][] = [
      [undefined, /^load: dump: expected what `dump\(\)` has given; got undefined$/],
      [[], /dump/],
      [{ ...good, version: 2 }, /dump.version: expected version 1; got 2 \(number\)/],
      [{ ...good, savedAt: 5 }, /savedAt/],
      [{ ...good, savedAt: { ...good.savedAt, now: Number.NaN } }, /savedAt.now/],
      [{ ...good, entries: {} }, /entries: expected an array/],
      [{ ...good, entries: [entry, entry] }, /entries\[1\].key: expected a key that no other entry has; got "kept"/],
      [{ ...good, entries: [null] }, /entries\[0\]: expected an entry/],
      [{ ...good, entries: [{ ...entry, value: undefined }] }, /entries\[0\].value/],
      [{ ...good, entries: [{ ...entry, value: Promise.resolve() }] }, /promise/],
      ...Object.entries({
        size: 0,
        age: -1,
        cost: NEVER,
        hits: 0.5,
        grace: -1,
        ttl: 0,
        idleTtl: '1',
        left: Number.NaN,
      }).map(([name, value]): [unknown, RegExp] => [
        { ...good, entries: [entry, { ...entry, key: 'b', [name]: value }] },
        new RegExp(`entries\\[1\\].${name}: expected .*; got `),
      ]),
      [{ ...good, entries: [{ ...entry, tags: [''] }] }, /tags: expected an array of non-empty strings/],
    ];
    for (const [dump, message] of wrong) {
      let error: unknown;
      try {
        cache.load(dump as CacheDump<string>);
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(CacheCorruptionError);
      expect((error as Error).message).toMatch(message);
    }
    expect([...cache.entries()]).toEqual([['kept', 1]]);
  });

  it('brings back the same cache, whatever is in it', () => {
    const terms = fc.record(
      {
        ttl: fc.integer({ min: 1, max: 50 }),
        idleTtl: fc.integer({ min: 1, max: 50 }),
        grace: fc.integer({ min: 1, max: 50 }),
        cost: fc.double({ min: 0.1, max: 10, noNaN: true }),
        tags: fc.array(fc.string({ minLength: 1 }), { maxLength: 3 }),
        size: fc.integer({ min: 1, max: 300 }),
      },
      { requiredKeys: [] },
    );
    const step = fc.record({
      key: anyKey,
      value: anyValue,
      terms,
      advance: fc.integer({ min: 0, max: 9 }),
      get: anyKey,
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom('lru', 'fifo'),
        fc.nat(60),
        (steps, policy, pause) => {
          const clock = new FakeClock();
          const from = new Cache<unknown, unknown>({ maxBytes: 1000, policy, clock });
          const to = new Cache<unknown, unknown>({ maxBytes: 1000, policy, clock });
          for (const { key, value, terms, advance, get } of steps) {
            from.set(key, value, terms);
            clock.advance(advance);
            from.get(get);
          }
          const dump = from.dump();
          clock.advance(pause);
          to.load(dump);
          from.sweep();
          expect([to.size, to.bytes]).toEqual([from.size, from.bytes]);
          expect(to.dump().entries).toEqual(from.dump().entries);
          for (const [key, value] of from) expect(to.peek(key)).toBe(value);
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });
});
