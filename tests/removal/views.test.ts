import { setTimeout as pause } from 'node:timers/promises';
import { Cache, SharedCache } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, sleep, thread, until } from '../shared/support/threads.js';

class Tagging extends Cache<string, string> {
  protected override preSet(key: string, value: string): string {
    if (value === 'refused') throw new RangeError('refused');
    return `${key}=${value}`;
  }

  protected override postGet(_key: string, value: string): string {
    return `<${value}>`;
  }
}

class SharedTagging extends SharedCache<string> {
  protected override preSet(key: string, value: string): string {
    return `${key}=${value}`;
  }

  protected override postGet(_key: string, value: string): string {
    return `<${value}>`;
  }
}

describe('a namespace of a Cache', () => {
  it('has the hooks of the cache, its loader, and keys of any kind', async () => {
    const cache = new Tagging({ maxBytes: '1MiB', loader: (key) => `loaded ${key}` });
    const view = cache.namespace('a').namespace('b');
    view.set('k', 'v');
    expect(view.get('k')).toBe('<k=v>');
    expect(await view.fetch('l')).toBe('<l=loaded l>');
    expect(() => view.set('k', 'refused')).toThrow('refused');
    expect([cache.has('k'), cache.has('l')]).toEqual([false, false]);
    const any = new Cache<unknown, number>({ maxBytes: '1MiB' }).namespace('a');
    const keys = [1, '1', Number.NaN, null, undefined, Symbol('s'), {}, true];
    keys.forEach((key, i) => {
      any.set(key, i);
    });
    expect([...any]).toEqual(keys.map((key, i) => [key, i]));
    expect(any.deleteByPattern('*')).toBe(1);
    expect(any.size).toBe(keys.length - 1);
  });

  it('tells onEvicted its name', () => {
    const told: unknown[] = [];
    const cache = new Cache<string, number>({ maxBytes: '1MiB', onEvicted: (...args) => void told.push(args) });
    cache.set('k', 1);
    cache.namespace('a').set('k', 2);
    cache.namespace('a').delete('k');
    cache.delete('k');
    expect(told).toEqual([
      ['k', 2, 'delete', 'a'],
      ['k', 1, 'delete'],
    ]);
  });

  it('hears hits and misses of its own, a listener of the cache all of them', () => {
    const cache = new Cache<string, number>({ maxBytes: '1MiB' });
    const view = cache.namespace('a');
    const told: unknown[] = [];
    view.on('hit', ({ key, namespace }) => void told.push(['view', key, namespace]));
    cache.on('hit', ({ key, namespace }) => void told.push(['cache', key, namespace]));
    for (const one of [cache, view]) {
      one.set('k', 1);
      one.get('k');
    }
    expect(told).toEqual([
      ['cache', 'k', undefined],
      ['view', 'k', 'a'],
      ['cache', 'k', 'a'],
    ]);
  });

  it('is told of what a write elsewhere evicts', () => {
    const cache = new Cache<string, number>({ maxBytes: 1000, policy: 'lru' });
    const view = cache.namespace('a');
    view.set('k', 1, { size: 600 });
    const told: unknown[] = [];
    view.on('evict', ({ key, namespace }) => void told.push([key, namespace]));
    cache.set('l', 1, { size: 600 });
    expect(told).toEqual([['k', 'a']]);
  });

  it('costs nothing once it is empty and nobody holds it, and stays while somebody listens', async () => {
    const cache = new Cache<string, number>({ maxBytes: '64MiB' });
    let heard = 0;
    cache.namespace('heard').on('set', () => {
      heard++;
    });
    const names = (): number => {
      // Names that are used once, as by a cache with a namespace for each of its users.
      for (let i = 0; i < 20_000; i++) {
        const view = cache.namespace(`user ${i}`);
        view.set('k', i);
        view.clear();
      }
      return process.memoryUsage().heapUsed;
    };
    names();
    const used: number[] = [];
    for (let round = 0; round < 4; round++) {
      names();
      for (let i = 0; i < 5; i++) {
        await pause(5);
        globalThis.gc?.();
      }
      used.push(process.memoryUsage().heapUsed);
    }
    expect(used.at(-1)! - used[0]!).toBeLessThan(5e6);
    cache.namespace('kept').set('k', 1);
    globalThis.gc?.();
    await pause(5);
    globalThis.gc?.();
    expect(cache.namespace('kept').get('k')).toBe(1);
    cache.namespace('heard').set('k', 1);
    expect(heard).toBe(1);
  });
});

describe('a namespace of a SharedCache', () => {
  const loaders = { tagged: new URL('./fixtures/tagged.loader.mjs', import.meta.url) };

  it('has the loaders of the cache, which are called with the key of the user', async () => {
    const cache = await create<{ key: string }>({ loaders, pool: { maxThreads: 1 } });
    const view = cache.namespace('a');
    expect(await view.load('tagged', {}, { key: 'k' })).toEqual({ key: 'k' });
    await view.registerLoader('own', (input: string, ctx) => ({ key: `${input} ${ctx.key}` }));
    expect(await cache.load('own', 'in', { key: 'l' })).toEqual({ key: 'in l' });
    expect(await view.load('own', 'in', { key: 'm' })).toEqual({ key: 'in m' });
    expect([[...cache.keys()], [...view.keys()].sort()]).toEqual([['l'], ['k', 'm']]);
    const lease = await view.acquireOrLoad('own', 'in', { key: 'm' });
    expect(lease?.value).toEqual({ key: 'in m' });
    lease?.release();
    await expect(view.load('tagged', { early: 'no array' }, { key: 'bad' })).rejects.toMatchObject({ key: 'bad' });
  });

  it('is the same in every thread', async () => {
    const cache = await create<string>();
    const view = cache.namespace('a').namespace('b');
    const told: unknown[] = [];
    view.on('delete', ({ key, namespace }) => void told.push([key, namespace]));
    await view.set('k', 'mine', { tags: ['t'] });
    const other = thread();
    const seen = await other.run(async ({ SharedCache }, name) => {
      const shared = await SharedCache.attach<string>(name);
      const there = shared.namespace('a').namespace('b');
      const found = [shared.get('k'), there.get('k'), there.info('k')?.tags, there.size, shared.size];
      await there.set('l', 'theirs');
      await there.delete('k');
      return found;
    }, cache.name);
    expect(seen).toEqual([undefined, 'mine', ['t'], 1, 1]);
    expect([...view]).toEqual([['l', 'theirs']]);
    await until(() => told.length > 0);
    expect(told).toEqual([['k', 'a:b']]);
  });

  it('reads in place, reserves and takes many', async () => {
    const cache = await create<Uint8Array>();
    const view = cache.namespace('\0');
    const reservation = await view.reserve('k', 4);
    reservation.bytes.set([1, 2, 3, 4]);
    expect(await reservation.commit()).toBe(true);
    for (let i = 0; i < 3; i++) {
      const lease = view.acquire('k');
      expect([...(lease?.value ?? [])]).toEqual([1, 2, 3, 4]);
      lease?.release();
    }
    expect([cache.acquire('k'), cache.acquire('\0'), cache.acquire('\x001:\0.k')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await view.getAsync('k')).toEqual(Uint8Array.of(1, 2, 3, 4));
    await view.setMany([['l', Uint8Array.of(5)]]);
    expect([...view.getMany(['k', 'l', 'm']).keys()]).toEqual(['k', 'l']);
    expect([await view.touch('l', '1h'), await view.expire('k'), view.info('l')?.ttl]).toEqual([true, true, 3_600_000]);
    expect(await view.deleteMany(['k', 'l'])).toBe(1);
    await sleep(10);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it('has the hooks of the cache, and tells onEvicted its name', async () => {
    const told: unknown[] = [];
    const cache = await SharedTagging.create<string>({
      name: `hooks of views ${process.pid}`,
      maxBytes: '1MiB',
      onEvicted: (key, info, reason) => void told.push([key, info.namespace, reason]),
    });
    const view = cache.namespace('a');
    await view.set('k', 'v');
    expect(view.get('k')).toBe('<k=v>');
    expect(await view.getOrSet('l', () => 'w')).toBe('<l=w>');
    await view.delete('k');
    await until(() => told.length > 0);
    expect(told).toEqual([['k', 'a', 'delete']]);
    await cache.close();
  });
});
