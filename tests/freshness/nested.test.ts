import type { CacheLoadError, SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, thread, until } from '../shared/support/threads.js';

const OWN_KEY = /must not ask, directly or through others, for the key that it loads/;

async function createNested(maxThreads: number): Promise<{ cache: SharedCache; input: object; most: () => number }> {
  const cache = await create({
    loaders: { nested: new URL('./nested.loader.mjs', import.meta.url) },
    pool: { maxThreads },
  });
  const tally = new Int32Array(new SharedArrayBuffer(16));
  return { cache, input: { cache: cache.name, tally }, most: () => Atomics.load(tally, 1) };
}

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error as Error,
  );

describe('a loader that loads through its own pool', () => {
  it('gets there, although every thread waits', async () => {
    const { cache, input, most } = await createNested(1);
    expect(await cache.load('nested', { ...input, act: 'deep', depth: 3 }, { key: 'a 3' })).toBe(3);
    expect(cache.stats.snapshot().loads).toBe(4);
    expect(most()).toBe(4);
  });

  it('many of them at once, too: only threads that wait come on top of those allowed', async () => {
    const { cache, input, most } = await createNested(2);
    const loads = Array.from({ length: 30 }, (_, i) =>
      cache.load('nested', { ...input, act: 'deep', depth: 2 }, { key: `k${i} 2` }),
    );
    expect(await Promise.all(loads)).toEqual(new Array(30).fill(2));
    expect(most()).toBeLessThanOrEqual(6);
  });

  it('also when it joins what waits in the queue behind it', async () => {
    const { cache, input } = await createNested(1);
    const leaf = { ...input, act: 'leaf', ms: 30 };
    const busy = cache.load('nested', leaf, { key: 'busy' });
    const joins = cache.load('nested', { ...leaf, act: 'joins', other: 'last' }, { key: 'joins' });
    const between = cache.load('nested', leaf, { key: 'between' });
    const last = cache.load('nested', leaf, { key: 'last' });
    expect(await Promise.all([busy, joins, between, last])).toEqual(new Array(4).fill('leaf'));
    expect(cache.stats.snapshot().loads).toBe(4);
  });

  it('is refused in the end when it goes on and on', async () => {
    const { cache, input } = await createNested(1);
    const error = await rejection(cache.load('nested', { ...input, act: 'deep', depth: 50 }, { key: 'a 50' }));
    expect(error).toMatchObject({ name: 'CacheLoadError' });
    expect(error.message).toMatch(/expected loads that wait for one another at most 8 deep/);
    expect(await cache.load('nested', { ...input, act: 'leaf', ms: 1 }, { key: 'after' })).toBe('leaf');
  });
});

describe('a load that asks for its own key', () => {
  it('is rejected at once in a thread of the pool', async () => {
    const { cache, input } = await createNested(2);
    const error = await rejection(cache.load('nested', { ...input, act: 'own' }, { key: 'k' }));
    expect(error.message).toMatch(OWN_KEY);
    expect((error as CacheLoadError).cause).toMatchObject({ name: 'CacheLoadError', key: 'k' });
  });

  it('is rejected when two of them wait for one another', async () => {
    const { cache, input } = await createNested(2);
    const outcomes = await Promise.allSettled([
      cache.load('nested', { ...input, act: 'ring', other: 'b' }, { key: 'a' }),
      cache.load('nested', { ...input, act: 'ring', other: 'a' }, { key: 'b' }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(JSON.stringify(outcomes.map((one) => String((one as PromiseRejectedResult).reason)))).toMatch(OWN_KEY);
  });

  it('also as a function, in the same thread and through another one', async () => {
    const cache = await create<number>();
    const own = await rejection(cache.getOrSet('k', () => cache.getOrSet('k', () => 1) as Promise<number>));
    expect(own.message).toMatch(OWN_KEY);
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const far = thread().run(
      async ({ SharedCache }, name, begun) => {
        const attached = await SharedCache.attach<number>(name);
        return attached.getOrSet('far', async () => {
          Atomics.add(begun, 0, 1);
          while (Atomics.load(begun, 0) < 2) await new Promise((resolve) => setTimeout(resolve, 2));
          return attached.getOrSet('near', () => 1) as Promise<number>;
        });
      },
      cache.name,
      begun,
    );
    const settledFar = far.catch((error: unknown) => error);
    await until(() => Atomics.load(begun, 0) === 1);
    const near = cache.getOrSet('near', () => {
      Atomics.add(begun, 0, 1);
      return cache.getOrSet('far', () => 2) as Promise<number>;
    });
    await Promise.allSettled([settledFar, near]);
    for (const outcome of await Promise.allSettled([far, near])) {
      expect(outcome.status === 'rejected' && String(outcome.reason)).toMatch(OWN_KEY);
    }
    expect(await cache.getOrSet('near', () => cache.getOrSet('elsewhere', () => 3) as Promise<number>)).toBe(3);
  });

  it('through another cache, too', async () => {
    const [a, b] = [await create<number>(), await create<number>()];
    const through = () => b.getOrSet('k', () => a.getOrSet('k', () => 1) as Promise<number>) as Promise<number>;
    expect((await rejection(a.getOrSet('k', through))).message).toMatch(OWN_KEY);
    expect(await b.getOrSet('k', () => 2)).toBe(2);
  });
});

describe('failures that are remembered', () => {
  it('hold for all threads, and are forgotten when any of them changes the key', async () => {
    const cache = await create<number>();
    const other = thread();
    const ask = () =>
      other.run(async ({ SharedCache }, name) => {
        const attached = await SharedCache.attach<number>(name);
        return attached.getOrSet('k', () => 1, { negativeTtl: '1h' });
      }, cache.name);
    const failing = () => cache.getOrSet('k', () => Promise.reject(new RangeError('down')), { negativeTtl: '1h' });
    await rejection(failing());
    expect(await rejection(ask())).toMatchObject({ name: 'RangeError', message: 'down' });
    await cache.delete('k');
    expect(await ask()).toBe(1);
    await cache.clear();
    await rejection(failing());
    await other.run(async ({ SharedCache }, name) => {
      await (await SharedCache.attach<number>(name)).delete('k');
    }, cache.name);
    expect(await cache.getOrSet('k', () => 2)).toBe(2);
  });
});
