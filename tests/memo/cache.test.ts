import { setTimeout as sleep } from 'node:timers/promises';
import { Cache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { memoContract } from '../contract/memo.js';

const MIB = 2 ** 20;

memoContract('a Cache', {
  create: async (options = {}) => new Cache<string, unknown>({ maxBytes: MIB, ...options }),
  sleep: (ms) => sleep(ms),
});

describe('functions in a Cache', () => {
  it('never share keys, whatever they are called and look like', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    const times = (factor: number, name?: string) => cache.wrap((x: number) => x * factor, { name });
    const wrapped = [times(2), times(3), times(5, 'times'), times(7, 'times'), times(11, 'times(')];
    const answers = await Promise.all(wrapped.map((f) => f(10)));
    expect(answers).toEqual([20, 30, 50, 70, 110]);
    expect(await Promise.all(wrapped.map((f) => f(10)))).toEqual(answers);
    expect(cache.size).toBe(5);
  });

  it('share them with themselves, however often they are wrapped', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    const double = (x: number) => 2 * x;
    expect(cache.wrap(double).keyOf(1)).toBe(cache.wrap(double, { ttl: '1m' }).keyOf(1));
  });

  it('have a key that tells no more than the name, where they have one of their own', () => {
    const keyOf = () => new Cache<string, number>({ maxBytes: MIB }).wrap((x: number) => x, { name: 'area' }).keyOf(1);
    expect(keyOf()).toBe('area(a1:d1;)');
    expect(keyOf()).toBe(keyOf());
  });

  it('never share keys with names that look like theirs', () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    const plain = cache.wrap(function area(x: number) {
      return x;
    });
    const label = plain.keyOf(1).replace(/\(.*/, '');
    expect(cache.wrap((x: number) => x, { name: label }).keyOf(1)).not.toBe(plain.keyOf(1));
  });

  it('may live as long as their results say', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    const f = cache.wrap((x: number) => x, { ttl: (value, key) => value * key.length });
    await f(1000);
    expect(cache.info(f.keyOf(1000))?.ttl).toBe(1000 * f.keyOf(1000).length);
  });

  it('keep to the namespace in which they were wrapped', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    let runs = 0;
    const count = () => ++runs;
    const [outer, inner] = [cache.wrap(count), cache.namespace('n').wrap(count)];
    expect([await outer(), await inner(), await outer(), await inner()]).toEqual([1, 2, 1, 2]);
    expect([inner.invalidate(), await outer(), await inner()]).toEqual([true, 1, 3]);
  });

  it('answers invalidate at once', async () => {
    const f = new Cache<string, number>({ maxBytes: MIB }).wrap((x: number) => x);
    await f(1);
    expect(f.invalidate(1)).toBe(true);
    expect(f.invalidate(1)).toBe(false);
  });

  it('may have keys of any type, when they are made by hand', async () => {
    const cache = new Cache<number, string>({ maxBytes: MIB });
    const f = cache.wrap((x: number) => String(x), { key: (x) => x % 10 });
    expect([await f(12), await f(22)]).toEqual(['12', '12']);
    expect(cache.get(2)).toBe('12');
    // @ts-expect-error the keys made by default are strings
    cache.wrap((x: number) => String(x));
  });

  it('reject when the cache has been closed', async () => {
    const cache = new Cache<string, number>({ maxBytes: MIB });
    const f = cache.wrap((x: number) => x);
    await cache.close();
    await expect(f(1)).rejects.toMatchObject({ name: 'CacheClosedError' });
  });
});
