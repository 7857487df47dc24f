import { setTimeout as sleep } from 'node:timers/promises';
import { cached } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { memoContract } from '../contract/memo.js';
import { create, thread } from '../shared/support/threads.js';

memoContract('a SharedCache', { create: (options = {}) => create<unknown>(options), sleep: (ms) => sleep(ms) });

describe('functions in a SharedCache', () => {
  it('need a name, or keys of their own', async () => {
    const cache = await create<number>();
    const refused = expect.objectContaining({
      name: 'CacheConfigError',
      message: expect.stringContaining('name: expected a non-empty string'),
    });
    expect(() => cache.wrap((x: number) => x)).toThrow(refused);
    expect(() => cache.cached()).toThrow(refused);
    expect(() => cached({ cache })).toThrow(refused);
    expect(cache.wrap((x: number) => x, { key: (x) => `x${x}` }).keyOf(1)).toBe('x1');
  });

  it('are stood for by their names, in all threads', async () => {
    const cache = await create<number>();
    const area = cache.wrap((w: number, h: number) => w * h, { name: 'area' });
    const other = cache.wrap(() => -1, { name: 'area' });
    const differently = cache.wrap((w: number, h: number) => w + h, { name: 'ar:ea' });
    expect(await area(3, 4)).toBe(12);
    const away = await thread().run(async ({ SharedCache }, name) => {
      const same = (await SharedCache.attach<number>(name)).wrap((w: number, h: number) => w * h + 1000, {
        name: 'area',
      });
      return [await same(3, 4), await same(5, 5), await same.invalidate(3, 4)];
    }, cache.name);
    expect(away).toEqual([12, 1025, true]);
    expect(await area(5, 5)).toBe(1025);
    expect(await area(3, 4)).toBe(12);
    expect(await other()).toBe(-1);
    expect(await differently(3, 4)).toBe(7);
  });

  it('run once for callers in several threads', async () => {
    const cache = await create<string>();
    const threads = [thread(), thread()];
    const counts = await Promise.all(
      threads.map((one) =>
        one.run(async ({ SharedCache }, name) => {
          let runs = 0;
          const slow = async (x: number) => {
            runs++;
            await new Promise((resolve) => setTimeout(resolve, 200));
            return `slow ${x}`;
          };
          const f = (await SharedCache.attach<string>(name)).wrap(slow, { name: 'slow' });
          const answers = await Promise.all([f(1), f(1), f(1)]);
          return { runs, answers };
        }, cache.name),
      ),
    );
    expect(counts.flatMap(({ answers }) => answers)).toEqual(Array(6).fill('slow 1'));
    expect(counts.reduce((sum, { runs }) => sum + runs, 0)).toBe(1);
  });

  it('keep to the namespace in which they were wrapped', async () => {
    const cache = await create<number>();
    let runs = 0;
    const count = () => ++runs;
    const options = { name: 'count' };
    const [outer, inner] = [cache.wrap(count, options), cache.namespace('n').wrap(count, options)];
    expect([await outer(), await inner(), await outer(), await inner()]).toEqual([1, 2, 1, 2]);
    expect([await inner.invalidate(), await outer(), await inner()]).toEqual([true, 1, 3]);
  });

  it('share no key with a loader', async () => {
    const cache = await create<unknown>();
    await cache.registerLoader('twin', (input: unknown) => ({ loaded: input }));
    const twin = cache.wrap((input: unknown) => ({ wrapped: input }), { name: 'twin' });
    expect(await cache.load('twin', ['a'])).toEqual({ loaded: ['a'] });
    expect(await twin('a')).toEqual({ wrapped: 'a' });
  });
});
