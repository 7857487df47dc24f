import { describe, expect, it } from 'vitest';
import { defineLoader } from '../../src/index.js';
import { create, expectEmpty, sleep, thread, until } from './support/threads.js';

/** A load that lasts until the test ends it. */
function held<T>() {
  let end: ((value: T) => void) | undefined;
  let seen: T | undefined;
  return {
    factory: ({ staleValue }: { staleValue?: T | undefined }) => {
      seen = staleValue;
      return new Promise<T>((resolve) => {
        end = resolve;
      });
    },
    hasBegun: () => end !== undefined,
    end: (value: T) => end!(value),
    /** The stale value that it was given. */
    seen: () => seen,
  };
}

describe('getOrSet', () => {
  it('runs one factory for a key, however many threads ask', async () => {
    const cache = await create<{ by: number; bytes: Uint8Array }>();
    const others = [thread(), thread(), thread()];
    const values = await Promise.all(
      others.map((one, i) =>
        one.run(
          async ({ SharedCache }, name, by) => {
            const cache = await SharedCache.attach<{ by: number; bytes: Uint8Array }>(name);
            const factory = async () => {
              await new Promise((resolve) => setTimeout(resolve, 2000));
              return { by, bytes: new Uint8Array(1000).fill(by) };
            };
            return Promise.all(Array.from({ length: 10 }, () => cache.getOrSet('k', factory)));
          },
          cache.name,
          i + 1,
        ),
      ),
    );
    const winner = cache.get('k')!;
    expect(values.flat()).toEqual(new Array(30).fill(winner));
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, sets: 1, misses: 30 });
    await expectEmpty(cache);
  });

  it('stores null, and nothing for undefined', async () => {
    const cache = await create<null | undefined>();
    expect(await cache.getOrSet('null', () => null)).toBeNull();
    expect(cache.has('null')).toBe(true);
    expect(await cache.getOrSet('none', async () => undefined)).toBeUndefined();
    expect(cache.has('none')).toBe(false);
  });

  it('is outdone by a write that is refused, and by the removal of a tag that the old value bears', async () => {
    const cache = await create<Uint8Array>({ grace: '1m' });
    for (const outdo of [
      async () => expect(await cache.set('k', new Uint8Array(cache.maxBytes))).toBe(false),
      async () => expect(await cache.deleteByTag('old')).toBe(0),
    ]) {
      await cache.set('k', new Uint8Array(1), { tags: ['old'] });
      await cache.expire('k');
      const run = held<Uint8Array>();
      const load = cache.getOrSet('k', run.factory);
      await until(run.hasBegun);
      await outdo();
      run.end(new Uint8Array(2));
      expect((await load)?.length).toBe(2);
      expect(cache.has('k')).toBe(false);
    }
  });

  it('rejects all who wait with what was thrown, in whatever thread', async () => {
    const cache = await create<number>();
    const failing = cache.getOrSet('k', async () => {
      await sleep(200);
      throw new RangeError('too far');
    });
    const joined = cache.getOrSet('k', () => 1);
    const far = thread().run(
      async ({ SharedCache }, name) => (await SharedCache.attach<number>(name)).getOrSet('k', () => 2),
      cache.name,
    );
    for (const outcome of await Promise.allSettled([failing, joined])) {
      expect(outcome).toEqual({ status: 'rejected', reason: new RangeError('too far') });
    }
    const outcome = await far.catch((error: Error) => `${error.name}: ${error.message}`);
    expect(['RangeError: too far', 2]).toContain(outcome);
    expect(cache.stats.snapshot().loadErrors).toBe(1);
    expect(await cache.getOrSet('other', () => 3)).toBe(3);
  });

  it('loses against writes and removals that happen meanwhile, in whatever thread', async () => {
    const cache = await create<string>();
    const other = thread();
    const deeds = {
      set: async (name: string) =>
        void (await other.run(async ({ SharedCache }, name) => {
          await (await SharedCache.attach<string>(name)).set('k', 'written');
        }, name)),
      delete: async () => void (await cache.delete('k')),
      clear: () => cache.clear(),
      expire: async () => void (await cache.expire('k')),
    };
    for (const [deed, act] of Object.entries(deeds)) {
      const run = held<string>();
      const loading = cache.getOrSet('k', run.factory);
      await until(run.hasBegun);
      await act(cache.name);
      const anew = cache.getOrSet('k', () => 'anew');
      run.end('late');
      expect(await loading, deed).toBe('late');
      expect(await anew, deed).toBe(deed === 'set' ? 'written' : 'anew');
      expect(cache.get('k'), deed).toBe(deed === 'set' ? 'written' : 'anew');
      await cache.clear();
    }
    await expectEmpty(cache);
  });

  it('answers with the stale value when it is slow or fails, within grace', async () => {
    const cache = await create<number>({ ttl: 30, grace: '1h' });
    await cache.set('k', 1);
    await sleep(40);
    expect(await cache.getOrSet('k', () => Promise.reject(new Error('down')))).toBe(1);
    const run = held<number>();
    expect(await cache.getOrSet('k', run.factory, { timeout: 20, ttl: '1h' })).toBe(1);
    await until(run.hasBegun);
    expect(run.seen()).toBe(1);
    run.end(2);
    await until(() => cache.get('k') === 2);
    await cache.expire('k');
    expect(await cache.getOrSet('k', () => 3, { timeout: 0, ttl: '1h' })).toBe(2);
    await until(() => cache.get('k') === 3);
  });

  it('gives up at its hardTimeout, and stores what comes late', async () => {
    const cache = await create<number>();
    const run = held<number>();
    // Late, and still before the load is old enough to be abandoned: after 3 s.
    await expect(cache.getOrSet('k', run.factory, { hardTimeout: 1000 })).rejects.toMatchObject({
      code: 'ERR_CACHE_TIMEOUT',
      key: 'k',
    });
    run.end(1);
    await until(() => cache.get('k') === 1);
  });

  it('stops waiting at an abort; the last one aborts the load', async () => {
    const cache = await create<number>();
    const first = new AbortController();
    const second = new AbortController();
    let signal: AbortSignal | undefined;
    const factory = (ctx: { signal: AbortSignal }) => {
      signal = ctx.signal;
      return new Promise<number>((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
    };
    const waits = [first, second].map((one) => cache.getOrSet('k', factory, { signal: one.signal }));
    const outcomes = Promise.allSettled(waits);
    await until(() => signal !== undefined);
    await sleep(20);
    first.abort(new Error('first'));
    await sleep(50);
    expect(signal!.aborted).toBe(false);
    second.abort(new Error('second'));
    expect((await outcomes).map((one) => (one as PromiseRejectedResult).reason.message)).toEqual(['first', 'second']);
    await until(() => signal!.aborted);
    expect(await cache.getOrSet('k', () => 5)).toBe(5);
    await expect(cache.getOrSet('l', () => 1, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
      'before',
    );
    expect(cache.has('l')).toBe(false);
  });

  it('knows skip, fail, retries, forceRefresh, refreshAfter, setOptions and negativeTtl', async () => {
    const cache = await create<number>();
    expect(await cache.getOrSet('skip', (ctx) => ctx.skip(1))).toBe(1);
    expect(cache.has('skip')).toBe(false);
    await expect(cache.getOrSet('fail', (ctx) => ctx.fail('no luck'))).rejects.toMatchObject({
      code: 'ERR_CACHE_LOAD',
      message: expect.stringContaining('no luck'),
    });
    let tries = 0;
    const third = () => (++tries < 3 ? Promise.reject(new Error('again')) : 7);
    expect(await cache.getOrSet('retry', third, { retries: 2 })).toBe(7);
    expect(await cache.getOrSet('retry', () => 8)).toBe(7);
    expect(await cache.getOrSet('retry', () => 9, { forceRefresh: true })).toBe(9);
    await sleep(30);
    expect(await cache.getOrSet('retry', () => 10, { refreshAfter: 10 })).toBe(9);
    await until(() => cache.get('retry') === 10);
    await cache.getOrSet('terms', (ctx) => {
      ctx.setOptions({ ttl: '2h' });
      return 1;
    });
    expect(cache.info('terms')!.ttl).toBe(7_200_000);
    let runs = 0;
    const failing = () => {
      runs++;
      throw new Error('down');
    };
    for (let i = 0; i < 3; i++)
      await expect(cache.getOrSet('neg', failing, { negativeTtl: '1h' })).rejects.toThrow('down');
    expect(runs).toBe(1);
    await cache.delete('neg');
    expect(await cache.getOrSet('neg', () => 1)).toBe(1);
  });

  it('is rejected at once when it asks for its own key', async () => {
    const cache = await create<number>();
    await expect(cache.getOrSet('k', async () => (await cache.getOrSet('k', () => 1))!)).rejects.toMatchObject({
      code: 'ERR_CACHE_LOAD',
      key: 'k',
    });
  });

  it('answers with what finds no room, and counts it', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '64KiB' });
    const told: string[] = [];
    cache.on('maxSizeExceeded', ({ key }) => told.push(key));
    const waits = Promise.all(
      [1, 2].map(() => cache.getOrSet('k', () => sleep(20).then(() => new Uint8Array(100_000).fill(1)))),
    );
    for (const value of await waits) expect(value!.every((byte) => byte === 1) && value!.length).toBe(100_000);
    expect(cache.has('k')).toBe(false);
    expect(cache.stats.snapshot().rejected).toBe(1);
    await until(() => told.length > 0);
    expect(told).toEqual(['k']);
    await expectEmpty(cache);
  });
});

describe('a loader that is a function', () => {
  it('may be one that could run in the pool: it allocates, what it makes is shared', async () => {
    const cache = await create<{ side: number; pixels: Uint8Array }>();
    const square = defineLoader<number, { side: number; pixels: Uint8Array }>(async (side, ctx) => {
      const pixels = await ctx.allocate(side * side);
      return { side, pixels: pixels.fill(side) };
    });
    await cache.registerLoader('square', square);
    expect(await cache.load('square', 3)).toEqual({ side: 3, pixels: new Uint8Array(9).fill(3) });
    const lease = (await cache.acquireOrLoad('square', 3))!;
    expect(lease.value.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    lease.release();
    expect(cache.stats.snapshot()).toMatchObject({ loads: 1, entries: 1 });
    await expect(cache.load('square', 0.5)).rejects.toThrow(/^ctx\.allocate: expected a whole number of bytes.*0\.25/);
  });

  it('runs in its own thread, and elsewhere is an error that says where it is', async () => {
    const cache = await create<string>();
    await cache.registerLoader('shout', (input: string) => input.toUpperCase());
    expect(await cache.load('shout', 'moin')).toBe('MOIN');
    const lease = (await cache.acquireOrLoad('shout', 'moin'))!;
    expect(lease.value).toBe('MOIN');
    lease.release();
    expect(await cache.fetch('ahoi')).toBe('AHOI');
    expect(cache.get('ahoi')).toBe('AHOI');
    const far = thread().run(
      async ({ SharedCache }, name) => (await SharedCache.attach<string>(name)).load('shout', 'x'),
      cache.name,
    );
    await expect(far).rejects.toMatchObject({
      code: 'ERR_CACHE_CONFIG',
      message: expect.stringMatching(/'shout'.*function of thread 0/),
    });
    await expect(cache.load('whisper', 'x')).rejects.toThrow(/'whisper'.*'shout'/);
    await expectEmpty(cache);
  });
});
