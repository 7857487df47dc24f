import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gate, type RemovalCache, type RemovalHarness } from './removal-cache.js';

const ODD = ['a', 'b', 'a:b', ':', '\0', '\0.', '.', '1:a', '\x001:a.', '__proto__', '漢', '\ud800', ' '];

/** What namespaces promise, of any cache: its answers are awaited. */
export function namespaceContract(name: string, { create, sleep }: RemovalHarness): void {
  const sorted = (cache: RemovalCache): string[] => [...cache.keys()].sort();

  describe(`namespaces of ${name}`, () => {
    it('have keys of their own, under one budget', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const b = cache.namespace('b');
      await cache.set('k', 0);
      await a.set('k', 1);
      await b.set('k', 2);
      await a.set('l', 3);
      expect([cache.get('k'), a.get('k'), b.get('k'), cache.get('l')]).toEqual([0, 1, 2, undefined]);
      expect([sorted(cache), sorted(a), sorted(b)]).toEqual([['k'], ['k', 'l'], ['k']]);
      expect([...a]).toHaveLength(2);
      expect([cache.size, a.size, b.size]).toEqual([4, 2, 1]);
      expect(a.bytes + b.bytes).toBeLessThan(cache.bytes);
      expect(a.bytes).toBeGreaterThan(b.bytes);
      expect(a.maxBytes).toBe(cache.maxBytes);
      expect([a.has('l'), a.peek('l'), a.info('l')?.hits, b.has('l')]).toEqual([true, 3, 0, false]);
      expect([await cache.delete('l'), await a.delete('l'), a.has('l')]).toEqual([false, true, false]);
    });

    it('of one name have the same keys', async () => {
      const cache = await create();
      await cache.namespace('a').set('k', 1);
      expect(cache.namespace('a').get('k')).toBe(1);
      expect(cache.namespace('a').namespace('b').get('k')).toBeUndefined();
      await cache.namespace('a').namespace('b').set('k', 2);
      expect(cache.namespace('a').namespace('b').get('k')).toBe(2);
    });

    it('are cleared by themselves, and with the cache', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const inner = a.namespace('inner');
      await cache.set('k', 0);
      await a.set('k', 1);
      await inner.set('k', 2);
      await inner.clear();
      expect([cache.size, a.size, inner.size]).toEqual([2, 1, 0]);
      await inner.set('k', 3);
      await a.clear();
      expect([cache.get('k'), a.get('k'), inner.get('k')]).toEqual([0, undefined, undefined]);
      expect([a.bytes, inner.bytes]).toEqual([0, 0]);
      await inner.set('k', 4);
      await cache.clear();
      expect([cache.size, cache.bytes, a.size, inner.size, inner.bytes]).toEqual([0, 0, 0, 0, 0]);
      await inner.set('k', 5);
      expect([inner.get('k'), cache.size]).toEqual([5, 1]);
    });

    it('do not collide, whatever the names and keys', async () => {
      const cache = await create();
      const odd = fc.constantFrom(...ODD);
      const place = fc.record({ path: fc.array(odd, { maxLength: 2 }), key: odd });
      await fc.assert(
        fc.asyncProperty(fc.array(place, { maxLength: 12 }), async (places) => {
          await cache.clear();
          const model = new Map<string, number>();
          const open = (path: string[]) => path.reduce((view, part) => view.namespace(part), cache);
          for (const [i, { path, key }] of places.entries()) {
            await open(path).set(key, i);
            model.set(JSON.stringify([path, key]), i);
          }
          expect(cache.size).toBe(model.size);
          for (const { path, key } of places) {
            expect(open(path).get(key)).toBe(model.get(JSON.stringify([path, key])));
            const own = [...model.keys()]
              .map((text) => JSON.parse(text))
              .filter(([each]) => String(each) === String(path));
            expect(sorted(open(path))).toEqual(own.map(([, each]) => each).sort());
          }
        }),
        { seed: 3, numRuns: 60 },
      );
    });

    it('load on their own, under the key of the user', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const door = gate();
      const seen: unknown[] = [];
      const load = (value: number) => async (context: { key: unknown }) => {
        seen.push(context.key);
        await door.promise;
        return value;
      };
      const loads = [
        cache.getOrSet('k', load(1)),
        a.getOrSet('k', load(2)),
        cache.namespace('a').getOrSet('k', load(3)),
      ];
      await sleep(20);
      door.open();
      expect(await Promise.all(loads)).toEqual([1, 2, 2]);
      expect(seen).toEqual(['k', 'k']);
      expect([cache.get('k'), a.get('k')]).toEqual([1, 2]);
    });

    it('outrun loads when they are cleared, those of others go on', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const inner = a.namespace('inner');
      const door = gate();
      const loads = [cache, a, inner].map((view, i) => view.getOrSet('k', () => door.promise.then(() => i)));
      await sleep(20);
      await a.clear();
      door.open();
      expect(await Promise.all(loads)).toEqual([0, 1, 2]);
      expect([cache.get('k'), a.get('k'), inner.get('k')]).toEqual([0, undefined, undefined]);
    });

    it('bear tags: those of a namespace go with the tag of the cache, not the other way round', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const inner = a.namespace('inner');
      const tags = { tags: ['t'] };
      const fill = async () => {
        for (const view of [cache, a, inner]) await view.set('k', 1, tags);
      };
      await fill();
      expect(await inner.deleteByTag('t')).toBe(1);
      expect([cache.has('k'), a.has('k'), inner.has('k')]).toEqual([true, true, false]);
      await fill();
      expect(await a.deleteByTag('t')).toBe(2);
      expect([cache.has('k'), a.has('k'), inner.has('k')]).toEqual([true, false, false]);
      await fill();
      expect(await cache.deleteByTag('t')).toBe(3);
      expect([cache.size, cache.bytes]).toEqual([0, 0]);
    });

    it('expire and are counted', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      await a.set('k', 1, { ttl: '20ms' });
      await a.set('l', 2);
      await sleep(40);
      expect([a.size, cache.size, sorted(a)]).toEqual([1, 1, ['l']]);
    });

    it('tell what happens with their name and the key of the user, there and above', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const inner = a.namespace('in');
      const told: unknown[] = [];
      for (const [who, view] of Object.entries({ cache, a, inner })) {
        view.on('delete', ({ key, namespace, reason }) => void told.push([who, key, namespace, reason]));
      }
      for (const view of [cache, a, inner]) await view.set('k', 1);
      for (const view of [cache, a, inner]) await view.delete('k');
      await sleep(50);
      expect(told.sort()).toEqual(
        [
          ['cache', 'k', undefined, 'delete'],
          ['cache', 'k', 'a', 'delete'],
          ['a', 'k', 'a', 'delete'],
          ['cache', 'k', 'a:in', 'delete'],
          ['a', 'k', 'a:in', 'delete'],
          ['inner', 'k', 'a:in', 'delete'],
        ].sort(),
      );
    });

    it('are told each entry of theirs by clear, of the cache too', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      const told: unknown[] = [];
      cache.on('clear', ({ key, namespace, reason }) => void told.push([key, namespace, reason]));
      await cache.set('k', 1);
      await a.set('k', 1);
      await a.clear();
      await a.set('l', 1);
      await cache.clear();
      await sleep(50);
      expect(told.sort()).toEqual(
        [
          ['k', 'a', 'clear'],
          ['k', undefined, 'clear'],
          ['l', 'a', 'clear'],
        ].sort(),
      );
    });

    it('evict each other', async () => {
      const cache = await create({ maxBytes: '64KiB', policy: 'lru' });
      const a = cache.namespace('a');
      await a.set('first', 1);
      for (let i = 0; i < 2000; i++) await cache.set(`k${i}`, i);
      expect([a.has('first'), a.size, a.bytes]).toEqual([false, 0, 0]);
      expect(cache.bytes).toBeLessThanOrEqual(65_536);
    });

    it('outlive their close, and end with the cache', async () => {
      const cache = await create();
      const a = cache.namespace('a');
      await a.set('k', 1);
      await a.close();
      expect([a.get('k'), cache.size]).toEqual([1, 1]);
      await cache.close();
      expect(() => a.get('k')).toThrow(expect.objectContaining({ code: 'ERR_CACHE_CLOSED' }));
      expect(() => cache.namespace('a')).toThrow(expect.objectContaining({ code: 'ERR_CACHE_CLOSED' }));
    });

    it.each(['', undefined, 7])('have names that are non-empty strings, not %j', async (bad) => {
      const cache = await create();
      const message = 'namespace: expected a non-empty string; got';
      expect(() => cache.namespace(bad as string)).toThrow(
        expect.objectContaining({ code: 'ERR_CACHE_CONFIG', message: expect.stringContaining(message) }),
      );
    });
  });
}
