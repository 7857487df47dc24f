import { isDeepStrictEqual } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { create, expectEmpty, thread, until } from './support/threads.js';

/** Bytes that tell which write they belong to. */
function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => seed + i * 7 + (i >> 8));
}

const KIB = 1024;
/** Values that go by the outbox of their thread, and ones that are too large for it, alone or beside others. */
const LENGTHS = [0, 1, 63, 64, 65, 1000, 4 * KIB, 8 * KIB, 9 * KIB, 10 * KIB, 32 * KIB, 64 * KIB, 66 * KIB, 100 * KIB];

describe('values of all sizes', () => {
  it('are stored as they are, with their terms, one after the other and all at once', async () => {
    const cache = await create<unknown>({ maxBytes: '16MiB' });
    const terms = { ttl: 60_000, tags: ['one', 'ключ'], cost: 3 };
    const values = LENGTHS.flatMap((length, i) => [
      [`bytes ${length}`, bytes(length, i)] as const,
      [
        `ключ ${length}`,
        { text: 'ü'.repeat(length), parts: [bytes(length, i), bytes(i, length), bytes(0, 0)] },
      ] as const,
    ]);
    for (const [key, value] of values) expect(await cache.set(`${key} 1`, value, terms)).toBe(true);
    const stored = await Promise.all(values.map(([key, value]) => cache.set(`${key} 2`, value, terms)));
    expect(stored.every(Boolean)).toBe(true);
    for (const [key, value] of values) {
      for (const one of [`${key} 1`, `${key} 2`]) {
        expect(isDeepStrictEqual(cache.get(one), value), one).toBe(true);
        expect(cache.info(one)).toMatchObject({ tags: ['one', 'ключ'], cost: 3, ttl: 60_000, stale: false });
      }
      expect(cache.info(`${key} 1`)?.size).toBe(cache.info(`${key} 2`)?.size);
    }
    expect(cache.stats.snapshot().sets).toBe(2 * values.length);
    expect(await cache.deleteByTag('ключ')).toBe(2 * values.length);
    await expectEmpty(cache);
  });

  it('that are written within one turn ask for two nudges at most, and for none while the keeper is awake', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '1MiB' });
    const post = vi.spyOn(MessagePort.prototype, 'postMessage');
    // What the tests' own runner posts is no array.
    const posted = () => post.mock.calls.map(([message]) => message).filter(Array.isArray);
    const count = () => posted().length;
    try {
      for (let round = 0; round < 5; round++) {
        const before = count();
        const sets = Array.from({ length: 16 }, (_, i) => cache.set(`k${i}`, bytes(1000, round + i)));
        expect(count() - before).toBeLessThanOrEqual(1);
        expect((await Promise.all(sets)).every(Boolean)).toBe(true);
        expect(count() - before).toBeLessThanOrEqual(2);
      }
      expect(posted().flat()).toEqual([]);
    } finally {
      post.mockRestore();
    }
    for (let i = 0; i < 16; i++) expect(cache.get(`k${i}`)).toEqual(bytes(1000, 4 + i));
    await expectEmpty(cache);
  });

  it('are stored though their thread ends at once', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '1MiB' });
    const other = thread();
    const ended = new Promise((resolve) => other.worker.once('exit', resolve));
    await other.run(async ({ SharedCache }, name: string) => {
      const same = await SharedCache.attach<Uint8Array>(name);
      setImmediate(() => {
        for (let i = 0; i < 8; i++) void same.set(`k${i}`, new Uint8Array(1000).fill(i));
        process.exit();
      });
    }, cache.name);
    await ended;
    await until(() => cache.stats.snapshot().sets === 8);
    for (let i = 0; i < 8; i++) expect(cache.get(`k${i}`)).toEqual(new Uint8Array(1000).fill(i));
    await expectEmpty(cache);
  });

  it('are charged with the size that is said, and refused by it', async () => {
    const cache = await create<string>({ maxBytes: '1MiB', maxEntryBytes: '512KiB' });
    expect(await cache.set('k', 'small', { size: 300_000 })).toBe(true);
    expect(cache.info('k')?.size).toBeGreaterThanOrEqual(300_000);
    expect(await cache.set('k', 'small', { size: 600_000 })).toBe(false);
    expect(cache.has('k')).toBe(false);
    expect(cache.stats.snapshot()).toMatchObject({ sets: 1, rejected: 1, reservedBytes: 0, bytes: 0 });
    await expectEmpty(cache);
  });

  it('of one key: the last to be asked for stays, whatever way they go', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '8MiB' });
    for (let round = 0; round < 20; round++) {
      const lengths = [100 * KIB, 10, 9 * KIB, 64 * KIB, 5 * KIB].map((_, i, all) => all[(i + round) % all.length]!);
      await Promise.all(lengths.map((length, i) => cache.set('k', bytes(length, round + i))));
      expect(isDeepStrictEqual(cache.get('k'), bytes(lengths.at(-1)!, round + lengths.length - 1))).toBe(true);
    }
    const [, gone] = await Promise.all([cache.set('k', bytes(10, 1)), cache.delete('k'), cache.set('l', bytes(1, 1))]);
    expect(gone).toBe(true);
    expect([...cache.keys()]).toEqual(['l']);
    await expectEmpty(cache);
  });
});

describe('small values that wait for room', () => {
  const full = async (reserveTimeout: number) => {
    const cache = await create<Uint8Array>({ maxBytes: '128KiB', reserveTimeout });
    await cache.set('full', bytes(120 * KIB, 1));
    const lease = cache.acquire('full')!;
    return { cache, lease };
  };

  it('are entered as they were when it comes, in the order in which they were asked for', async () => {
    const { cache, lease } = await full(20_000);
    const own = bytes(9000, 1);
    const waiting = [cache.set('a', own), cache.set('b', bytes(8000, 2)), cache.set('a', bytes(7000, 3))];
    await expect(Promise.race([...waiting, cache.sweep()])).resolves.toBe(0);
    expect([...cache.keys()]).toEqual(['full']);
    lease.release();
    expect(await Promise.all(waiting)).toEqual([true, true, true]);
    expect(cache.get('a')).toEqual(bytes(7000, 3));
    expect(cache.get('b')).toEqual(bytes(8000, 2));
    await expectEmpty(cache);
  });

  it('are outdone by a removal meanwhile', async () => {
    const { cache, lease } = await full(20_000);
    const waiting = [cache.set('a', bytes(9000, 1)), cache.set('b', bytes(9000, 2))];
    expect(await cache.delete('a')).toBe(false);
    lease.release();
    expect(await Promise.all(waiting)).toEqual([true, true]);
    expect(cache.has('a')).toBe(false);
    expect(cache.has('b')).toBe(true);
    await expectEmpty(cache);
  });

  it('are refused when their time is over, and what the key held has gone', async () => {
    const { cache, lease } = await full(30);
    const refused: string[] = [];
    cache.on('maxSizeExceeded', ({ key }) => refused.push(key));
    expect(await cache.set('small', bytes(9000, 1))).toBe(false);
    await until(() => refused.length === 1);
    expect(refused).toEqual(['small']);
    expect(cache.stats.snapshot().rejected).toBe(1);
    lease.release();
    expect(await cache.set('small', bytes(9000, 1))).toBe(true);
    await expectEmpty(cache);
  });

  it('are rejected when the cache is closed', async () => {
    const { cache, lease } = await full(20_000);
    const waiting = cache.set('a', bytes(9000, 1));
    const rejected = expect(waiting).rejects.toMatchObject({ name: 'CacheClosedError', key: 'a' });
    await cache.close();
    await rejected;
    lease.release();
  });

  it('are given up when their thread ends, and its box is another one’s', async () => {
    const { cache, lease } = await full(20_000);
    const writer = thread();
    const writing = writer.run(async ({ SharedCache }, name) => {
      const one = await SharedCache.attach<Uint8Array>(name);
      await one.set('theirs', new Uint8Array(9000).fill(9));
    }, cache.name);
    writing.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await writer.end();
    const next = thread();
    await next.run(async ({ SharedCache, state }, name) => {
      const one = await SharedCache.attach<Uint8Array>(name);
      Object.assign(state, { written: one.set('next', new Uint8Array(9000).fill(5)) });
    }, cache.name);
    lease.release();
    await next.run(async ({ state }) => void (await state['written']));
    expect(cache.get('next')).toEqual(new Uint8Array(9000).fill(5));
    const theirs = cache.get('theirs');
    expect(theirs === undefined || theirs.every((byte) => byte === 9)).toBe(true);
    await expectEmpty(cache);
  });
});
