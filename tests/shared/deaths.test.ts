import type { SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, expectEmpty, sleep, thread, until } from './support/threads.js';

const big = 100_000;

describe('a thread that is terminated', () => {
  it('while it leads a load: those who wait load for themselves', async () => {
    const cache = await create<string>();
    const leader = thread();
    // The function is called once the keeper has named its thread the leader; the miss is counted before that.
    await leader.run(async ({ SharedCache }, name) => {
      const one = await SharedCache.attach<string>(name);
      await new Promise<void>((called) => {
        void one.getOrSet('k', () => {
          called();
          return new Promise<string>(() => undefined);
        });
      });
    }, cache.name);
    const others = [thread(), thread()];
    const values = others.map((one, i) =>
      one.run(
        async ({ SharedCache }, name, i) => {
          const cache = await SharedCache.attach<string>(name);
          return cache.getOrSet('k', async () => `loaded by ${i}`);
        },
        cache.name,
        i,
      ),
    );
    const here = cache.getOrSet('k', () => 'loaded by 2');
    await until(() => cache.stats.snapshot().misses === 4);
    await leader.end();
    const all = await Promise.all([...values, here]);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).toMatch(/^loaded by [012]$/);
    expect(cache.get('k')).toBe(all[0]);
    expect(cache.stats.snapshot().loads).toBe(1);
    await expectEmpty(cache);
  });

  it('while it holds leases: their bytes come back', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '256KiB' });
    await cache.set('k', new Uint8Array(big));
    const holder = thread();
    await holder.run(async ({ SharedCache, state }, name) => {
      const one = await SharedCache.attach(name);
      Object.assign(state, { leases: [one.acquire('k'), one.acquire('k')] });
    }, cache.name);
    await cache.delete('k');
    expect(cache.stats.snapshot().pinnedBytes).toBeGreaterThan(big);
    await holder.end();
    await until(() => cache.stats.snapshot().pinnedBytes === 0);
    expect(await cache.set('all', new Uint8Array(2 * big))).toBe(true);
    await expectEmpty(cache);
  });

  it('between reserve and commit: the bytes come back', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '256KiB' });
    const writer = thread();
    await writer.run(
      async ({ SharedCache, state }, name, big) => {
        const one = await SharedCache.attach(name);
        Object.assign(state, { held: [await one.reserve('a', big), await one.reserve('b', big)] });
      },
      cache.name,
      big,
    );
    expect(cache.stats.snapshot().reservedBytes).toBeGreaterThan(2 * big);
    const waiting = cache.set('mine', new Uint8Array(2 * big));
    await writer.end();
    expect(await waiting).toBe(true);
    expect([...cache.keys()]).toEqual(['mine']);
    await expectEmpty(cache);
  });

  it('while it reads without a pause, again and again: nothing stays pinned, and its hits stay counted', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '256KiB' });
    await cache.set('k', new Uint8Array(1000).fill(1));
    for (let round = 0; round < 10; round++) {
      const reader = thread();
      const spinning = reader.run(async ({ SharedCache }, name) => {
        const one: SharedCache<Uint8Array> = await SharedCache.attach<Uint8Array>(name);
        for (;;) {
          const lease = one.acquire('k');
          const first = lease?.value[0];
          lease?.release();
          const copy = one.get('k');
          if (copy?.some((byte) => byte !== copy[0])) throw new Error(`torn: ${first}`);
        }
      }, cache.name);
      spinning.catch((error: unknown) => expect(error).toBeUndefined());
      const before = cache.stats.snapshot().hits;
      await until(() => cache.stats.snapshot().hits > before + 100);
      for (let i = 0; i < 20; i++) await cache.set('k', new Uint8Array(1000).fill(i + 2));
      const counted = cache.stats.snapshot().hits;
      await reader.end();
      expect(cache.stats.snapshot().hits).toBeGreaterThanOrEqual(counted);
    }
    await sleep(20);
    await expectEmpty(cache);
  });

  it('the one that created the cache: the cache lives on', async () => {
    const creator = thread();
    const name = `created elsewhere ${process.pid}`;
    await creator.run(async ({ SharedCache }, name) => {
      const one = await SharedCache.create<number>({ name, maxBytes: '1MiB' });
      await one.set('k', 1);
    }, name);
    const { SharedCache } = await import('cachalot');
    const cache = await SharedCache.attach<number>(name);
    await creator.end();
    await sleep(20);
    expect(cache.get('k')).toBe(1);
    expect(await cache.set('k', 2)).toBe(true);
    expect(cache.get('k')).toBe(2);
    await expectEmpty(cache);
    await cache.close();
  });
});
