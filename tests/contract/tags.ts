import { describe, expect, it } from 'vitest';
import { gate, type RemovalCache, type RemovalHarness } from './removal-cache.js';

/** What tags promise, of any cache: its answers are awaited. */
export function tagContract(name: string, { create, sleep }: RemovalHarness): void {
  const filled = async (): Promise<RemovalCache> => {
    const cache = await create();
    await cache.set('a', 1, { tags: ['red', 'round'] });
    await cache.set('b', 2, { tags: ['red'] });
    await cache.set('c', 3, { tags: ['blue'] });
    await cache.set('d', 4);
    return cache;
  };

  describe(`tags of ${name}`, () => {
    it('are shown, each once, in their order', async () => {
      const cache = await create();
      await cache.set('a', 1, { tags: ['x', 'y', 'x', '漢 "quoted"\n', '\ud800'] });
      expect(cache.info('a')?.tags).toEqual(['x', 'y', '漢 "quoted"\n', '\ud800']);
      await cache.set('ключ', 1, { tags: ['t'] });
      expect(cache.info('ключ')?.tags).toEqual(['t']);
      await cache.set('b', 2);
      await cache.set('c', 3, { tags: [] });
      expect([cache.info('b')?.tags, cache.info('c')?.tags]).toEqual([[], []]);
    });

    it('remove what bears them, and count what was fresh', async () => {
      const cache = await filled();
      expect(await cache.deleteByTag('red')).toBe(2);
      expect([...cache.keys()].sort()).toEqual(['c', 'd']);
      expect(await cache.deleteByTag('red')).toBe(0);
      expect(await cache.deleteByTag(['round', 'blue', 'blue', 'none'])).toBe(1);
      expect([...cache.keys()]).toEqual(['d']);
      expect(await cache.deleteByTag([])).toBe(0);
      expect(cache.stats.snapshot().deletes).toBe(3);
    });

    it('remove an entry of several of them once', async () => {
      const cache = await filled();
      expect(await cache.deleteByTag(['red', 'round'])).toBe(2);
    });

    it('are replaced by an overwrite, and leave with their entry', async () => {
      const cache = await filled();
      await cache.set('a', 5, { tags: ['green'] });
      await cache.set('b', 6);
      expect([cache.info('a')?.tags, cache.info('b')?.tags]).toEqual([['green'], []]);
      expect(await cache.deleteByTag('red')).toBe(0);
      await cache.delete('c');
      await cache.set('c', 7);
      expect(await cache.deleteByTag('blue')).toBe(0);
      expect(await cache.deleteByTag('green')).toBe(1);
      await cache.clear();
      await cache.set('a', 1);
      expect(await cache.deleteByTag(['red', 'round', 'blue', 'green'])).toBe(0);
      expect(cache.size).toBe(1);
    });

    it('hold beside a TTL, and beside setMany and touch', async () => {
      const cache = await create();
      await cache.setMany(
        ['a', 'b'].map((key) => [key, 1] as const),
        { tags: ['t'], ttl: '20ms', grace: '1h' },
      );
      await cache.set('c', 1, { tags: ['t'], ttl: '1h' });
      await cache.touch('c', '2h');
      await sleep(40);
      expect(cache.info('a')).toMatchObject({ stale: true, tags: ['t'] });
      expect(cache.info('c')).toMatchObject({ stale: false, tags: ['t'], ttl: 7_200_000 });
      expect(await cache.deleteByTag('t')).toBe(1);
      expect(cache.info('a')).toBeUndefined();
      expect(cache.bytes).toBe(0);
    });

    it('come with a load, and from what was loaded', async () => {
      const cache = await create();
      await cache.getOrSet('a', () => 1, { tags: ['asked'] });
      await cache.getOrSet(
        'b',
        ({ setOptions }) => {
          setOptions({ tags: ['loaded'] });
          return 2;
        },
        { tags: ['asked'] },
      );
      expect([cache.info('a')?.tags, cache.info('b')?.tags]).toEqual([['asked'], ['loaded']]);
      expect(await cache.deleteByTag('loaded')).toBe(1);
      expect(await cache.deleteByTag('asked')).toBe(1);
    });

    it('win over loads that run, however late the tag is named', async () => {
      const cache = await create();
      const door = gate();
      let runs = 0;
      const started = cache.getOrSet('started', () => door.promise.then(() => ++runs), { tags: ['t'] });
      const early = cache.getOrSet('early', async ({ setOptions }) => {
        setOptions({ tags: ['t'] });
        await door.promise;
        return ++runs;
      });
      const late = cache.getOrSet('late', async ({ setOptions }) => {
        await door.promise;
        setOptions({ tags: ['t'] });
        return ++runs;
      });
      const other = cache.getOrSet('other', () => door.promise.then(() => ++runs), { tags: ['u'] });
      await sleep(20);
      expect(await cache.deleteByTag('t')).toBe(0);
      // Who asks from now on starts a flight of his own.
      expect(await cache.getOrSet('started', () => -1, { tags: ['t'] })).toBe(-1);
      expect(await cache.getOrSet('early', () => -2)).toBe(-2);
      door.open();
      const all = await Promise.all([started, early, late, other]);
      expect([...all].sort()).toEqual([1, 2, 3, 4]);
      expect([cache.get('started'), cache.get('early'), cache.get('late')]).toEqual([-1, -2, undefined]);
      expect(cache.get('other')).toBe(all[3]);
    });

    it('forget failures of loads that were to bear them', async () => {
      const cache = await create();
      const fail = () => Promise.reject(new Error('down'));
      const options = { tags: ['t'], negativeTtl: '1h' } as const;
      await expect(cache.getOrSet('a', fail, options)).rejects.toThrow('down');
      await expect(cache.getOrSet('a', () => 1, options)).rejects.toThrow('down');
      await cache.deleteByTag('u');
      await expect(cache.getOrSet('a', () => 1, options)).rejects.toThrow('down');
      await cache.deleteByTag('t');
      expect(await cache.getOrSet('a', () => 1, options)).toBe(1);
    });

    it('tell each key once, when the cache is consistent again', async () => {
      const cache = await filled();
      const told: unknown[] = [];
      cache.on('delete', ({ key, reason }) => void told.push([key, reason, cache.size]));
      await cache.set('flag', 0);
      await cache.deleteByTag(['red', 'round']);
      await sleep(50);
      expect(told.sort()).toEqual([
        ['a', 'delete', 3],
        ['b', 'delete', 3],
      ]);
    });

    it.each([
      ['tag: expected a non-empty string, or an array of them; got "" (string)', ''],
      ['tag: expected a non-empty string, or an array of them; got 7 (number)', 7],
      ['tag: expected a non-empty string, or an array of them; got undefined', undefined],
      ['tags: expected an array of non-empty strings; got "" (string) among them', ['a', '']],
    ])('refuse what is none: %s', async (message, tags) => {
      const cache = await filled();
      const call = async () => cache.deleteByTag(tags as string);
      await expect(call()).rejects.toThrow(expect.objectContaining({ code: 'ERR_CACHE_CONFIG', message }));
      await expect((async () => cache.set('x', 1, { tags: [''] }))()).rejects.toThrow('tags: expected');
      expect(cache.size).toBe(4);
    });
  });
}
