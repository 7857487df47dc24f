import { SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, expectEmpty, sleep, thread, until } from '../shared/support/threads.js';

const THREADS = 3;

describe('listeners across threads', () => {
  it('hear each removal exactly once in each thread, by onEvicted and by on, whoever removes', {
    timeout: 60_000,
  }, async () => {
    const told: string[] = [];
    const cache = await create<number>({
      maxBytes: '256KiB',
      policy: 'lru',
      onEvicted: (key, { size }, reason) => void told.push(`${key} ${reason} ${size > 0}`),
    });
    const others = Array.from({ length: THREADS }, () => thread());
    await Promise.all(
      others.map((one) =>
        one.run(async ({ SharedCache, state }, name) => {
          const heard: string[] = [];
          const events: string[] = [];
          const cache = await SharedCache.attach<number>(name, {
            onEvicted: (key, { size }, reason) => void heard.push(`${key} ${reason} ${size > 0}`),
          });
          for (const event of ['delete', 'evict', 'expire', 'clear'] as const) {
            cache.on(event, ({ key, reason, size }) => events.push(`${key} ${reason} ${(size ?? 0) > 0}`));
          }
          Object.assign(state, { cache, heard, events });
        }, cache.name),
      ),
    );
    await Promise.all(
      others.map((one, i) =>
        one.run(async ({ state }, i) => {
          const cache = state['cache' as never] as SharedCache<number>;
          for (let n = 0; n < 50; n++) await cache.set(`${i} ${n}`, n, { ttl: n % 5 === 0 ? 30 : 60_000 });
          for (let n = 1; n < 50; n += 5) await cache.delete(`${i} ${n}`);
          await cache.set(`${i} 2`, 3);
          await cache.take(`${i} 3`);
          await cache.transaction((txn) => {
            txn.delete(`${i} 4`);
            txn.set(`${i} 7`, 1);
          });
        }, i),
      ),
    );
    await sleep(60);
    await cache.sweep();
    await cache.setMany(Array.from({ length: 2_000 }, (_, i) => [`more ${i}`, i]));
    await cache.clear();
    const { entries, sets } = cache.stats.snapshot();
    expect(entries).toBe(0);
    // Whatever was written has left, each once.
    await until(() => told.length === sets);
    expect(new Set(told.map((line) => line.split(' ').at(-2)))).toEqual(
      new Set(['delete', 'replace', 'expire', 'evict', 'clear']),
    );
    const sorted = (list: string[]) => [...list].sort();
    for (const one of others) {
      const count = () => one.run(({ state }) => (state['heard' as never] as string[]).length);
      await until(async () => (await count()) >= told.length);
      const { heard, events } = await one.run(({ state }) => ({
        heard: state['heard' as never] as string[],
        events: state['events' as never] as string[],
      }));
      expect(sorted(heard)).toEqual(sorted(told));
      expect(sorted(events)).toEqual(sorted(told.filter((line) => !line.includes('replace'))));
    }
    await expectEmpty(cache);
  });

  it('that throw, reject, stall or come back harm nobody', async () => {
    const errors: string[] = [];
    const cache = await create<number>();
    cache.on('error', ({ error }) => errors.push((error as Error).message));
    cache.on('delete', () => {
      throw new Error('thrown');
    });
    cache.on('delete', async () => {
      throw new Error('rejected');
    });
    cache.on('delete', () => new Promise(() => undefined));
    const again: unknown[] = [];
    cache.on('delete', ({ key }) => {
      if (key === 'a') again.push(cache.get(key), cache.set('from a listener', 1), cache.delete('a'));
    });
    await cache.set('a', 1);
    expect(await cache.delete('a')).toBe(true);
    expect(await Promise.all(again)).toEqual([undefined, true, false]);
    expect(cache.get('from a listener')).toBe(1);
    expect(errors.sort()).toEqual(['rejected', 'thrown']);
  });

  it('of two views of one thread do not silence each other', async () => {
    const cache = await create<number>();
    const same = await SharedCache.attach<number>(cache.name);
    const heard: string[] = [];
    const here = () => heard.push('here');
    cache.on('set', here);
    same.on('set', () => heard.push('there'));
    await cache.set('a', 1);
    cache.off('set', here);
    await cache.set('a', 2);
    await same.close();
    await cache.set('a', 3);
    expect(heard).toEqual(['here', 'there', 'there']);
  });

  it('that are too slow lose events, which are counted and announced; the cache goes on', {
    timeout: 120_000,
  }, async () => {
    const cache = await create<number>({ maxBytes: '64MiB', maxEntries: 60_000 });
    const slow = thread();
    await slow.run(async ({ SharedCache, state }, name) => {
      const heard = { told: 0, lost: 0 };
      const onEvicted = () => void heard.told++;
      const one = await SharedCache.attach<number>(name, { onEvicted });
      one.on('set', () => heard.told++);
      one.on('error', ({ error }) => {
        heard.lost += Number(/(\d+) events were dropped/.exec((error as Error).message)?.[1]);
      });
      Object.assign(state, { one, heard });
    }, cache.name);
    // It hears nothing as long as it is in this loop.
    const stalled = slow.run(({ state }) => {
      const one = state['one' as never] as SharedCache<number>;
      while (one.peek('go on') === undefined);
    });
    const entries = Array.from({ length: 50_000 }, (_, i): [string, number] => [`k${i}`, i]);
    let written = 0;
    for (let round = 0; round < 3; round++) written += await cache.setMany(entries);
    await cache.set('go on', 1);
    await stalled;
    // Each write is an event, and so is each value that was replaced.
    const all = written + 1 + 100_000;
    const heard = () => slow.run(({ state }) => state['heard' as never] as { told: number; lost: number });
    await until(async () => {
      const { told, lost } = await heard();
      return told + lost === all;
    });
    const { told, lost } = await heard();
    expect([told >= 100_000, lost > 0]).toEqual([true, true]);
    await expectEmpty(cache);
  });
});
