import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Cache } from '../../src/index.js';
import { FakeClock } from '../../src/testing/fake-clock.js';

/** Every entry is charged with 10 bytes. */
const makeTens = (maxBytes: number, options = {}) =>
  new Cache<string, unknown>({ maxBytes, weigher: () => 10, policy: 'lru', ...options });

/** The sum of what is charged for each. */
const sizes = (cache: Cache<string, unknown>) =>
  Array.from(cache.keys(), (key) => cache.info(key)!.size).reduce((sum, size) => sum + size, 0);

class Probe<K, V> extends Cache<K, V> {
  validate(): void {
    this.engine.store.validate();
  }
}

/** The first in goes first. */
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

const boo = (): never => {
  throw new Error('boo');
};

const home = mkdtempSync(join(tmpdir(), 'cachalot-policy-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

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
      Reflect.set(policy, method, boo);
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

  it('that throws for some keys of many lets the others in, and each is there wholly or not at all', async () => {
    for (const after of [true, false]) {
      const policy = inOrder();
      const told: string[] = [];
      const onEvicted = (key: string, _: unknown, reason: string) => void told.push(`${key} ${reason}`);
      const cache = new Probe<string, unknown>({ maxBytes: 40, weigher: () => 10, policy, onEvicted });
      cache.on('set', ({ key }) => told.push(`${key} set`));
      const { insert } = policy;
      const failAt = (which: number): void => {
        let inserts = 0;
        policy.insert = (handle) => {
          const fails = ++inserts === which;
          if (!fails || after) insert(handle);
          if (fails) boo();
        };
      };
      const whole = after ? ['b set'] : [];
      failAt(2);
      const failed = (() => {
        try {
          return cache.setMany(
            [...'abc'].map((key) => [key, key] as const),
            { tags: ['t'], ttl: 1000 },
          );
        } catch (error) {
          return error;
        }
      })();
      expect(failed).toMatchObject({
        ...{ name: 'CacheError', key: 'b', cause: new Error('boo') },
        message: 'cache: setMany: key "b" (string): expected a policy that throws nothing; it threw: boo',
      });
      expect([...cache.keys()].sort()).toEqual(after ? ['a', 'b', 'c'] : ['a', 'c']);
      expect(told.splice(0)).toEqual(['a set', ...whole, 'c set']);
      expect(cache.stats.snapshot().sets).toBe(cache.size);
      cache.validate();
      cache.clear();
      told.length = 0;

      failAt(2);
      const outcomes: string[] = [];
      const onProgress = ({ key, outcome, error }: { key: string; outcome: string; error?: unknown }) =>
        outcomes.push(`${key} ${outcome} ${error === undefined ? '' : String(error)}`.trim());
      const summary = await cache.warm(new Map([...'abc'].map((key) => [key, key])), { onProgress });
      expect(outcomes).toEqual(['a stored', 'b failed Error: boo', 'c stored']);
      expect(summary).toEqual({ stored: 2, loaded: 0, skipped: 0, failed: 1 });
      expect(cache.has('b')).toBe(after);
      cache.validate();

      // What goes for an entry that then is not let in is told all the same.
      for (const key of 'wxyz') cache.set(key, 1);
      told.length = 0;
      failAt(1);
      expect(() => cache.set('new', 1)).toThrow('boo');
      expect(told).toEqual(after ? ['w evict', 'new set'] : ['w evict']);
      cache.validate();
      expect([cache.bytes, cache.deleteByTag('t')]).toEqual([sizes(cache), 0]);

      const all = [...cache.keys()];
      policy.remove = boo;
      told.length = 0;
      expect(() => cache.deleteMany(all)).toThrow('boo');
      expect([cache.size, told]).toEqual([0, all.map((key) => `${key} delete`)]);
    }
    const strict = makeTens(100);
    expect(() =>
      strict.setMany([
        ['a', 1],
        ['b', undefined],
        ['c', 1],
      ]),
    ).toThrow(TypeError);
    expect([...strict.keys()]).toEqual(['a']);
  });

  it('that throws when all is cleared, or much is removed, tells its caller when all is gone, and told', () => {
    const evicted: unknown[] = [];
    const onEvicted = (key: unknown, _: unknown, reason: string) => evicted.push(`${key} ${reason}`);
    const clock = new FakeClock();
    const cache = makeTens(100, { policy: { ...inOrder(), remove: boo }, onEvicted, clock });
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

  it.each(['insert', 'update', 'remove', 'victim', 'defer'])(
    'that throws in %s lets a transaction be carried out wholly, and told, before its caller hears of it',
    async (method) => {
      const told: string[] = [];
      const onEvicted = (key: string, _: unknown, reason: string) => void told.push(`${key} ${reason}`);
      const policy = inOrder();
      const cache = makeTens(40, { policy, onEvicted });
      cache.on('set', ({ key }) => told.push(`${key} set`));
      for (const key of 'abcd') cache.set(key, 1);
      told.length = 0;
      const { sets } = cache.stats.snapshot();
      Reflect.set(policy, method, boo);
      const transaction = cache.transaction((txn) => {
        txn.delete('b');
        for (const key of 'axyz') txn.set(key, 2);
      });
      await expect(transaction).rejects.toThrow('boo');
      expect([...cache.entries()].sort()).toEqual([...'axyz'].map((key) => [key, 2]));
      expect([cache.bytes, sizes(cache)]).toEqual([40, 40]);
      expect(cache.stats.snapshot().sets - sets).toBe(4);
      const all = ['a set', 'x set', 'y set', 'z set', 'b delete', 'c evict', 'd evict', 'a replace'];
      expect([...told].sort()).toEqual(all.sort());
    },
  );

  it.each(['insert', 'remove', 'touch'])(
    'that throws in %s lets a dump be loaded, and a file be restored, wholly, before the caller hears of it',
    async (method) => {
      for (const way of ['load', 'restore'] as const) {
        const clock = new FakeClock();
        const source = makeTens(100, { clock });
        for (const key of 'abcd') source.set(key, key, { ttl: 50, tags: ['t'] });
        source.namespace('n').set('e', 'e', { ttl: 50 });
        for (const key of 'abcd') source.get(key);
        const path = join(home, 'policy.snapshot');
        await source.save(path);
        const told: string[] = [];
        const onEvicted = (key: string, _: unknown, reason: string) => void told.push(`${key} ${reason}`);
        const policy = inOrder();
        const cache = makeTens(50, { policy, onEvicted, clock });
        for (const key of 'pq') cache.set(key, 1);
        cache.namespace('n').set('r', 1);
        Reflect.set(policy, method, boo);
        if (way === 'load') expect(() => cache.load(source.dump())).toThrow('boo');
        else await expect(cache.restore(path)).rejects.toThrow('boo');
        expect([...cache.keys()].sort()).toEqual([...'abcd']);
        expect(cache.namespace('n').peek('e')).toBe('e');
        expect([cache.size, cache.bytes]).toEqual([5, 50]);
        expect([...told].sort()).toEqual(['p clear', 'q clear', 'r clear']);
        expect(cache.info('a')).toMatchObject({ hits: 1, tags: ['t'], remainingTtl: 50 });
        clock.advance(20);
        expect(cache.info('a')!.remainingTtl).toBe(30);
      }
    },
  );

  it('that names nobody by an error loses what was to be restored beside what is new, and no more', async () => {
    const source = makeTens(100);
    for (const key of 'abcd') source.set(key, key);
    const path = join(home, 'narrow.snapshot');
    await source.save(path);
    const policy = inOrder();
    const cache = makeTens(40, { policy });
    const { insert } = policy;
    policy.victim = boo;
    policy.insert = (handle) => {
      policy.insert = insert;
      insert(handle);
      queueMicrotask(() => cache.set('new', 1));
    };
    await expect(cache.restore(path)).rejects.toThrow('boo');
    expect(cache.get('new')).toBe(1);
    expect([cache.size, cache.bytes, sizes(cache)]).toEqual([4, 40, 40]);
  });

  it('that throws in the background sweep is told as an error event, and the dead are gone', async () => {
    const cache = makeTens(100, { policy: { ...inOrder(), remove: boo }, ttl: 5 });
    const told: unknown[] = [];
    cache.on('error', (event) => told.push(event));
    for (const key of 'abc') cache.set(key, 1);
    // The sweep holds no cache, and neither does a promise that it alone would resolve: what is asked again and again does.
    await vi.waitFor(() => expect(cache.bytes).toBe(0));
    expect(told[0]).toMatchObject({ error: new Error('boo') });
  });
});
