import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  type Cache,
  CacheClosedError,
  CacheConfigError,
  CacheCorruptionError,
  CacheError,
  type CacheOptions,
} from 'cachalot';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../snapshot/support/folder.js';
import { anyValue } from '../snapshot/support/values.js';

type Awaited<F> = F extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : F;

type Tested = Cache<string, unknown>;

/** A cache of either kind: what changes something may answer later. */
type SnapshotCache = {
  [M in 'set' | 'delete' | 'clear' | 'expire' | 'touch' | 'deleteByTag' | 'resize']: Awaited<Tested[M]>;
} & Pick<
  Tested,
  'name' | 'get' | 'has' | 'peek' | 'info' | 'keys' | 'size' | 'bytes' | 'stats' | 'save' | 'restore' | 'close'
> & {
    namespace(name: string): SnapshotCache;
  };

type Options = Partial<Pick<CacheOptions<string, unknown>, 'ttl' | 'idleTtl' | 'grace' | 'maxBytes' | 'maxEntries'>> & {
  policy?: 'lru' | 'fifo';
};

export interface SnapshotHarness {
  create(options?: Options): Promise<SnapshotCache>;
  /** How often a property is tried. */
  runs: number;
  sleep(ms: number): Promise<void>;
}

/** What a file of a cache promises, whoever has written it and whoever reads it. */
export function snapshotContract(name: string, { create, runs, sleep }: SnapshotHarness): void {
  const folder = testFolder();
  const kilobyte = new Uint8Array(1000);

  describe(`a file of ${name}`, () => {
    it('brings back values of every kind, under any string', async () => {
      const path = folder.path('kinds');
      const [from, to] = [await create(), await create()];
      const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(fc.dictionary(keys, anyValue, { maxKeys: 20 }), async (entries) => {
          await from.clear();
          for (const [key, value] of Object.entries(entries)) await from.set(key, value);
          expect(await from.save(path)).toBe(from.size);
          expect(await to.restore(path)).toBe(from.size);
          expect([to.size, to.bytes]).toEqual([from.size, from.bytes]);
          for (const key of from.keys()) expect(to.get(key)).toEqual(from.get(key));
        }),
        { seed: 11, numRuns: runs },
      );
    });

    it('brings back large values in one piece', async () => {
      const [from, to] = [await create(), await create()];
      const big = Buffer.alloc(5 * 2 ** 20 + 3, 'whale');
      await from.set('big', { big, view: new Float64Array(300_000).fill(1.5), text: 'long'.repeat(500_000) });
      await from.set('behind', 1);
      await from.save(folder.path('large'));
      await to.restore(folder.path('large'));
      expect(to.get('behind')).toBe(1);
      const value = to.get('big') as { big: Buffer; view: Float64Array; text: string };
      expect(value.big.equals(big) && Buffer.isBuffer(value.big)).toBe(true);
      expect([value.view.length, value.view.at(-1), value.text.length]).toEqual([300_000, 1.5, 2_000_000]);
    });

    it('keeps what is known of each entry, the time that is left, and what is stale', async () => {
      const path = folder.path('terms');
      const [from, to] = [await create({ grace: 60_000 }), await create()];
      await from.set('timed', 1, { ttl: 60_000, tags: ['a', 'ключ'], cost: 3 });
      await from.set('idle', 2, { ttl: 90_000, idleTtl: 30_000, grace: 1 });
      await from.set('stale', 3, { ttl: 40 });
      await from.set('plain', 4);
      await from.set('dead', 5, { ttl: 1, grace: 1 });
      from.get('timed');
      await sleep(60);
      await from.save(pathToFileURL(path));
      await sleep(30);
      expect(await to.restore(path)).toBe(4);
      expect([...to.keys()].sort()).toEqual(['idle', 'plain', 'timed']);
      expect([to.has('stale'), to.info('stale')?.stale, to.has('dead')]).toEqual([false, true, false]);
      for (const key of ['timed', 'idle', 'stale', 'plain']) {
        const { age: oldAge, remainingTtl: oldRest, hits: _, ...old } = from.info(key)!;
        const { age, remainingTtl, hits: __, ...now } = to.info(key)!;
        expect(now).toEqual(old);
        expect(Math.abs(age - oldAge)).toBeLessThan(250);
        if (Number.isFinite(oldRest)) expect(Math.abs(remainingTtl - oldRest)).toBeLessThan(250);
      }
      expect(to.info('timed')).toMatchObject({ tags: ['a', 'ключ'], cost: 3, ttl: 60_000 });
      expect(await to.deleteByTag('ключ')).toBe(1);
      expect(await to.touch('plain', 20)).toBe(true);
      await sleep(30);
      expect([to.has('plain'), to.has('idle')]).toEqual([false, true]);
      expect(to.stats.snapshot()).toMatchObject({ sets: 0, hits: 0 });
    });

    it.each(['lru', 'fifo'] as const)('keeps the order of eviction: %s', async (policy) => {
      const path = folder.path('order');
      const from = await create({ policy });
      for (const key of 'abcdef') await from.set(key, kilobyte);
      from.get('a');
      await from.save(path);
      const to = await create({ policy });
      await to.restore(path);
      const last = policy === 'lru' ? ['f', 'a'] : ['e', 'f'];
      await to.resize(to.bytes - 1);
      expect(to.has('b')).toBe(policy !== 'lru');
      await to.resize(2 * (to.bytes / 5));
      expect([...to.keys()].sort()).toEqual([...last].sort());
    });

    it('is trimmed to a smaller budget: the most worthy stay', async () => {
      const path = folder.path('trimmed');
      const from = await create({ policy: 'lru' });
      for (const key of 'abcdef') await from.set(key, kilobyte);
      from.get('a');
      await from.save(path);
      const small = await create({ maxBytes: Math.ceil(from.bytes / 2) });
      expect(await small.restore(path)).toBe(3);
      expect([...small.keys()].sort()).toEqual(['a', 'e', 'f']);
      const few = await create({ maxEntries: 2 });
      await few.restore(path);
      expect([...few.keys()].sort()).toEqual(['a', 'f']);
    });

    it('is empty for an empty cache', async () => {
      const cache = await create();
      expect(await cache.save(folder.path('empty'))).toBe(0);
      await cache.set('a', 1);
      expect(await cache.restore(folder.path('empty'))).toBe(0);
      expect([cache.size, cache.bytes]).toEqual([0, 0]);
    });

    it('takes the place of the one before, or leaves it alone', async () => {
      mkdirSync(folder.path('in'));
      const path = folder.path('in/one');
      const cache = await create();
      await cache.set('a', 1);
      await cache.save(path);
      const before = readFileSync(path);
      await cache.set('a', 2);
      const [lost, taken] = [folder.path('no/such/folder'), folder.path('in')];
      const failures = await Promise.all([lost, taken].map((bad) => cache.save(bad).catch((error: unknown) => error)));
      for (const failure of failures) expect(failure).toBeInstanceOf(CacheError);
      const noFolder = `there is no ${folder.path('no/such')}, and save makes none: create it first (ENOENT); nothing has changed`;
      expect(failures).toMatchObject([
        {
          message: expect.stringMatching(/^[^:]+: save: expected a folder that exists; /),
          ...{ code: 'ENOENT', syscall: 'open', path: lost, cause: { code: 'ENOENT', syscall: 'open' } },
        },
        { message: expect.stringContaining(`save: expected the path of a file; ${taken} is a folder`), code: 'EISDIR' },
      ]);
      expect((failures[0] as Error).message).toContain(noFolder);
      expect((failures[0] as Error).message.startsWith(`${cache.name}: save: `)).toBe(true);
      expect(readFileSync(path).equals(before)).toBe(true);
      await Promise.all([cache.save(path), cache.save(path)]);
      const other = await create();
      expect([await other.restore(path), other.get('a')]).toEqual([1, 2]);
      expect(folder.names().filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });

    it('loses against what is written or removed while it is restored', async () => {
      const path = folder.path('racing');
      const cache = await create();
      for (let i = 0; i < 1000; i++) await cache.set(`key ${i}`, kilobyte, { tags: [i % 10 === 0 ? 'round' : 'odd'] });
      await cache.save(path);
      const restored = cache.restore(path);
      const changes: unknown[] = [
        cache.set('key 5', 'newer'),
        cache.delete('key 1'),
        cache.deleteByTag('round'),
        cache.set('key 10', 'newest'),
        cache.set('new', 'new'),
      ];
      let turns = 0;
      const timer = setInterval(() => changes.push(cache.set(`new ${turns++}`, turns)), 1);
      const count = await restored.finally(() => clearInterval(timer));
      await Promise.all(changes);
      expect(count).toBe(1000 - 100 - 2);
      expect([cache.get('key 5'), cache.get('key 1'), cache.get('key 10')]).toEqual(['newer', undefined, 'newest']);
      expect(cache.size).toBe(count + 3 + turns);
    });

    it('loses against clear and close', async () => {
      const path = folder.path('outdone');
      const cache = await create();
      await cache.set('a', 1);
      await cache.save(path);
      const outdone = cache.restore(path);
      await cache.clear();
      expect([await outdone, cache.size]).toEqual([0, 0]);
      const last = cache.restore(path);
      await cache.close();
      await expect(last).rejects.toBeInstanceOf(CacheClosedError);
      await expect(cache.restore(path)).rejects.toBeInstanceOf(CacheClosedError);
      await expect(cache.save(path)).rejects.toBeInstanceOf(CacheClosedError);
    });

    it('holds namespaces, and a file of a namespace goes into any other', async () => {
      const path = folder.path('namespaces');
      const from = await create();
      await from.set('k', 'root');
      await from.set('\0k', 'odd');
      await from.namespace('a').set('k', 'a', { tags: ['t'] });
      await from.namespace('a').namespace('b:c').set('k', 'a b:c');
      await from.namespace('z').set('k', 'z');
      expect(await from.save(path)).toBe(5);
      const to = await create();
      await to.namespace('old').set('k', 'gone');
      const view = to.namespace('a');
      expect(await to.restore(path)).toBe(5);
      expect([to.get('k'), to.get('\0k'), view.get('k')]).toEqual(['root', 'odd', 'a']);
      expect([view.namespace('b:c').get('k'), to.namespace('z').get('k')]).toEqual(['a b:c', 'z']);
      expect([to.namespace('old').has('k'), to.size, [...to.keys()].sort()]).toEqual([false, 5, ['\0k', 'k']]);
      expect([to.bytes, view.bytes]).toEqual([from.bytes, from.namespace('a').bytes]);
      expect(await view.save(path)).toBe(2);
      expect(await to.namespace('z').restore(path)).toBe(2);
      expect([to.size, to.namespace('z').get('k'), to.namespace('z').namespace('b:c').get('k')]).toEqual([
        6,
        'a',
        'a b:c',
      ]);
      expect(view.get('k')).toBe('a');
      expect(await to.deleteByTag('t')).toBe(2);
    });

    it('of namespaces loses against what is changed in them while it is restored', async () => {
      const path = folder.path('racing namespaces');
      const cache = await create();
      for (const name of ['a', 'b', 'c', 'd']) {
        await cache.namespace(name).set('k', name, { tags: ['t'] });
        await cache.namespace(name).set('l', name);
      }
      await cache.save(path);
      const empty = await create();
      for (const target of [cache, empty]) {
        const restored = target.restore(path);
        const changes = [
          target.namespace('a').set('k', 'newer'),
          target.namespace('b').clear(),
          target.namespace('c').deleteByTag('t'),
          target.namespace('d').delete('k'),
        ];
        expect(await restored).toBe(1 + 0 + 1 + 1);
        await Promise.all(changes);
        const seen = ['a', 'b', 'c', 'd'].map((name) => ['k', 'l'].map((key) => target.namespace(name).get(key)));
        expect(seen).toEqual([
          ['newer', 'a'],
          [undefined, undefined],
          [undefined, 'c'],
          [undefined, 'd'],
        ]);
      }
    });

    it('is one of several, restored one after the other', async () => {
      const [one, two] = [folder.path('first'), folder.path('second')];
      const cache = await create();
      await cache.set('a', 1);
      await cache.save(one);
      await cache.set('a', 2);
      await cache.set('b', 2);
      await cache.save(two);
      const counts = await Promise.all([cache.restore(two), cache.restore(one)]);
      expect([counts, [...cache.keys()], cache.get('a')]).toEqual([[2, 1], ['a'], 1]);
    });

    it('that is damaged is refused, and what was held stays', async () => {
      const path = folder.path('damaged');
      const cache = await create();
      await cache.set('kept', kilobyte);
      await cache.save(path);
      const good = readFileSync(path);
      const wrong: [Buffer, RegExp][] = [
        [
          Buffer.from('once upon a time there was a file that had nothing to do with all of this'),
          /at byte 0: expected a snap/,
        ],
        [Buffer.alloc(0), /at byte 0: expected a snapshot of cachalot, of 64 bytes at least; it has 0/],
        [good.subarray(0, good.length - 40), /at byte \d+: entry 0: .*the file (has not|ends)/],
        [good.subarray(0, good.length - 1), /at byte \d+: entry 0: .*the file (has not|ends)/],
        [patched(good, 8, 2), /at byte 8: expected format version 1, the one that is read here; got 2/],
        [patched(good, 300, good[300]! ^ 1), /at byte 64: entry 0: .*checksum/],
      ];
      for (const [bytes, message] of wrong) {
        writeFileSync(path, bytes);
        const error = await cache.restore(path).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(CacheCorruptionError);
        expect((error as Error).message).toMatch(/^restore: .*damaged: damaged /);
        expect((error as Error).message).toMatch(message);
      }
      const missing = folder.path('missing');
      const failure = await cache.restore(missing).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CacheError);
      expect(failure).toMatchObject({ code: 'ENOENT', path: missing, cause: { code: 'ENOENT' } });
      expect((failure as Error).message).toContain(
        `${cache.name}: restore: expected a snapshot at ${missing}; there is no`,
      );
      await expect(cache.restore(folder.path('.'))).rejects.toMatchObject({
        code: 'EISDIR',
        cause: { code: 'EISDIR' },
      });
      for (const none of ['', 5, undefined, new URL('http://localhost/x')]) {
        await expect(cache.restore(none as string)).rejects.toBeInstanceOf(CacheConfigError);
        await expect(cache.save(none as string)).rejects.toBeInstanceOf(CacheConfigError);
      }
      expect([cache.size, cache.get('kept')]).toEqual([1, kilobyte]);
    });
  });
}

function patched(good: Buffer, at: number, byte: number): Buffer {
  const file = Buffer.from(good);
  file[at] = byte;
  return file;
}
