import { describe, expect, it } from 'vitest';
import { gate, type RemovalCache, type RemovalHarness } from './removal-cache.js';

const KEYS = ['user:1', 'user:2', 'user:a/b', 'user:.x', 'superuser:9', 'user', 'User:1', 'post:1', '*'];

/** What removals by prefix, pattern and predicate promise, of any cache: its answers are awaited. */
export function patternContract(name: string, { create, sleep }: RemovalHarness): void {
  const filled = async (): Promise<RemovalCache> => {
    const cache = await create();
    for (const [i, key] of KEYS.entries()) await cache.set(key, i);
    return cache;
  };
  const left = (cache: RemovalCache): string[] => KEYS.filter((key) => cache.has(key));
  const without = (...gone: string[]): string[] => KEYS.filter((key) => !gone.includes(key));

  describe(`deleteByPrefix of ${name}`, () => {
    it('removes what begins so, and counts what was fresh', async () => {
      const cache = await filled();
      await cache.set('user:old', 1, { ttl: '10ms', grace: '1h' });
      await sleep(20);
      expect(await cache.deleteByPrefix('user:')).toBe(4);
      expect(left(cache)).toEqual(without('user:1', 'user:2', 'user:a/b', 'user:.x'));
      expect(cache.info('user:old')).toBeUndefined();
      expect(await cache.deleteByPrefix('user:')).toBe(0);
      expect(await cache.deleteByPrefix('*')).toBe(1);
    });

    it.each(['', undefined, 7, /a/])('refuses %j', async (bad) => {
      const cache = await filled();
      await expect((async () => cache.deleteByPrefix(bad as string))()).rejects.toThrow(
        expect.objectContaining({
          code: 'ERR_CACHE_CONFIG',
          message: expect.stringContaining('prefix: expected a non-empty string; got'),
        }),
      );
      expect(left(cache)).toEqual(KEYS);
    });
  });

  describe(`deleteByPattern of ${name}`, () => {
    it.each<[string | RegExp, string[]]>([
      ['user:*', ['user:1', 'user:2', 'user:a/b', 'user:.x']],
      ['*user:[0-9]', ['user:1', 'user:2', 'superuser:9']],
      ['{user,post}:1', ['user:1', 'post:1']],
      ['\\*', ['*']],
      ['user', ['user']],
      ['nothing', []],
      ['*', KEYS],
      [/^user:\d$/, ['user:1', 'user:2']],
      [/user/g, ['user:1', 'user:2', 'user:a/b', 'user:.x', 'superuser:9', 'user']],
      [/user/y, ['user:1', 'user:2', 'user:a/b', 'user:.x', 'user']],
      [/USER:1/i, ['user:1', 'User:1']],
    ])('%s removes what matches', async (pattern, gone) => {
      const cache = await filled();
      if (pattern instanceof RegExp) pattern.lastIndex = 3;
      expect(await cache.deleteByPattern(pattern)).toBe(gone.length);
      expect(left(cache)).toEqual(without(...gone));
      if (pattern instanceof RegExp) expect(pattern.lastIndex).toBe(3);
    });

    it.each(['', undefined, 7, {}, '[z-a]', /(?:)/])('refuses %s', async (bad) => {
      const cache = await filled();
      await expect((async () => cache.deleteByPattern(bad as string))()).rejects.toThrow(
        expect.objectContaining({ code: 'ERR_CACHE_CONFIG', message: expect.stringMatching(/^pattern: expected a/) }),
      );
      expect(left(cache)).toEqual(KEYS);
    });

    it('outruns loads of such keys, and forgets their failures', async () => {
      const cache = await create();
      const door = gate();
      const loads = ['user:1', 'post:1'].map((key) => cache.getOrSet(key, () => door.promise.then(() => 1)));
      const fail = () => Promise.reject(new Error('down'));
      for (const key of ['user:2', 'post:2']) {
        await expect(cache.getOrSet(key, fail, { negativeTtl: '1h' })).rejects.toThrow('down');
      }
      await sleep(20);
      expect(await cache.deleteByPattern('user:*')).toBe(0);
      expect(await cache.getOrSet('user:1', () => 2)).toBe(2);
      expect(await cache.getOrSet('user:2', () => 3)).toBe(3);
      await expect(cache.getOrSet('post:2', () => 3)).rejects.toThrow('down');
      door.open();
      expect(await Promise.all(loads)).toEqual([1, 1]);
      expect([cache.get('user:1'), cache.get('post:1')]).toEqual([2, 1]);
    });

    it('keeps to its namespace', async () => {
      const cache = await filled();
      const view = cache.namespace('user:');
      const inner = view.namespace('user:');
      for (const one of [view, inner]) for (const key of KEYS) await one.set(key, 1);
      expect(await view.deleteByPattern('user:*')).toBe(4);
      expect([left(cache), left(view).length, left(inner)]).toEqual([KEYS, KEYS.length - 4, KEYS]);
      expect(await cache.deleteByPrefix('u')).toBe(5);
      expect([left(view).length, left(inner)]).toEqual([KEYS.length - 4, KEYS]);
      expect(await inner.deleteWhere((key) => key === '*')).toBe(1);
      expect([cache.has('*'), view.has('*'), inner.has('*')]).toEqual([true, true, false]);
    });

    it('tells each key once', async () => {
      const cache = await filled();
      const told: unknown[] = [];
      cache.on('delete', ({ key, reason }) => void told.push([key, reason, cache.has('user:1'), cache.has('user:2')]));
      await cache.set('flag', 1);
      await cache.deleteByPattern('user:[12]');
      await sleep(50);
      expect(told.sort()).toEqual([
        ['user:1', 'delete', false, false],
        ['user:2', 'delete', false, false],
      ]);
    });
  });

  describe(`deleteWhere of ${name}`, () => {
    it('asks about key, value and what is known, and removes what is wanted', async () => {
      const cache = await filled();
      await cache.set('tagged', 100, { tags: ['t'], ttl: '1h' });
      await cache.get('user:2');
      await sleep(20);
      const asked: string[] = [];
      const isWanted = (
        key: string,
        value: number,
        { tags, stale, size, hits }: ReturnType<RemovalCache['info']> & {},
      ) => {
        asked.push(key);
        expect(stale).toBe(false);
        expect(size).toBeGreaterThan(0);
        return value < 1 || tags.includes('t') || (key === 'user:2' && hits <= 1);
      };
      expect(await cache.deleteWhere(isWanted)).toBe(3);
      expect(asked.sort()).toEqual([...KEYS, 'tagged'].sort());
      expect(left(cache)).toEqual(without('user:1', 'user:2'));
      expect(cache.has('tagged')).toBe(false);
    });

    it('sees what is stale, and does not count it', async () => {
      const cache = await create();
      await cache.set('stale', 1, { ttl: '10ms', grace: '1h' });
      await cache.set('dead', 2, { ttl: '10ms' });
      await cache.set('fresh', 3);
      await sleep(30);
      const seen: unknown[] = [];
      expect(await cache.deleteWhere((key, value, { stale }) => seen.push([key, value, stale]) > 0)).toBe(1);
      expect(seen.sort()).toEqual([
        ['fresh', 3, false],
        ['stale', 1, true],
      ]);
      expect(cache.info('stale')).toBeUndefined();
    });

    it('outruns loads of what it removes only', async () => {
      const cache = await create();
      const door = gate();
      await cache.set('a', 1, { ttl: '10ms', grace: '1h' });
      await sleep(20);
      const loads = ['a', 'b'].map((key) => cache.getOrSet(key, () => door.promise.then(() => 2)));
      await sleep(20);
      await cache.deleteWhere(() => true);
      door.open();
      expect(await Promise.all(loads)).toEqual([2, 2]);
      expect([cache.get('a'), cache.get('b')]).toEqual([undefined, 2]);
    });

    it('refuses what is no predicate, and one that promises', async () => {
      const cache = await filled();
      const run = async (predicate: unknown) => cache.deleteWhere(predicate as () => boolean);
      const config = (message: string) => expect.objectContaining({ code: 'ERR_CACHE_CONFIG', message });
      await expect(run('a')).rejects.toThrow(config('predicate: expected a function; got "a" (string)'));
      await expect(run(async () => false)).rejects.toThrow(
        config('predicate: expected true or false at once; got an instance of Promise'),
      );
      const fail = () => {
        throw new RangeError('mine');
      };
      await expect(run(fail)).rejects.toThrow(new RangeError('mine'));
      expect(left(cache)).toEqual(KEYS);
    });

    it('may use the cache meanwhile', async () => {
      const cache = await filled();
      expect(await cache.deleteWhere((key) => cache.has(key) && cache.get(key) !== 3)).toBe(KEYS.length - 1);
      expect(left(cache)).toEqual([KEYS[3]]);
    });
  });
}
