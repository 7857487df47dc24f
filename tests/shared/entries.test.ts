import { describe, expect, it } from 'vitest';
import { create, expectEmpty, sleep, thread, until } from './support/threads.js';

const bytes = (length: number, fill = 1) => new Uint8Array(length).fill(fill);

describe('entries', () => {
  it('are written, read and removed, one by one and many at once', async () => {
    const cache = await create<number>();
    expect(cache.get('a')).toBeUndefined();
    expect(cache.get('a', -1)).toBe(-1);
    expect(cache.acquire('a')).toBeUndefined();
    expect(await cache.getAsync('a')).toBeUndefined();
    expect(await cache.setMany(Object.entries({ a: 1, b: 2, c: 3, d: 4 }))).toBe(4);
    expect(cache.size).toBe(4);
    expect([...cache.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(new Map(cache)).toEqual(new Map(Object.entries({ a: 1, b: 2, c: 3, d: 4 })));
    expect([...cache.values()].sort()).toEqual([1, 2, 3, 4]);
    expect(cache.getMany(['a', 'x', 'd'])).toEqual(new Map(Object.entries({ a: 1, d: 4 })));
    expect(await cache.delete('a')).toBe(true);
    expect(await cache.delete('a')).toBe(false);
    expect(cache.has('a')).toBe(false);
    expect(await cache.deleteMany(['b', 'x', 'c'])).toBe(2);
    expect([...cache.keys()]).toEqual(['d']);
    await cache.clear();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  it('take any key', async () => {
    const cache = await create<string>();
    const keys = ['__proto__', 'constructor', 'toString', ' ', '\0', 'é', '漢', '🐳', '\ud800', 'x'.repeat(65_536)];
    await Promise.all(keys.map((key, i) => cache.set(key, String(i))));
    keys.forEach((key, i) => {
      expect(cache.get(key)).toBe(String(i));
    });
    expect([...cache.keys()].sort()).toEqual([...keys].sort());
  });

  it('are as many as maxEntries, however many are written at once', async () => {
    const cache = await create<number>({ maxEntries: 10, policy: 'lru', reserveTimeout: '10s' });
    const stored = await Promise.all(Array.from({ length: 1500 }, (_, i) => cache.set(`k${i}`, i)));
    expect(stored.every(Boolean)).toBe(true);
    expect(cache.size).toBe(10);
    expect(cache.stats.snapshot().evictions).toBe(1490);
    await cache.set([...cache.keys()][0]!, 1);
    expect(cache.size).toBe(10);
    await expectEmpty(cache);
  });

  it('stay within the budget, the least used go', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '256KiB', policy: 'lru' });
    for (let i = 0; i < 40; i++) {
      await cache.set(`k${i}`, bytes(10_000, i));
      cache.get('k0');
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
    }
    expect(cache.get('k0')).toEqual(bytes(10_000, 0));
    expect(cache.has('k1')).toBe(false);
    expect(cache.has('k39')).toBe(true);
    await cache.resize('64KiB');
    expect(cache.maxBytes).toBe(64 * 1024);
    expect(cache.bytes).toBeLessThanOrEqual(64 * 1024);
    await cache.resize('1MiB');
    expect(await cache.set('large', bytes(900_000))).toBe(true);
    await expectEmpty(cache);
  });

  it('are known by info', async () => {
    const cache = await create<Uint8Array>({ ttl: '1h' });
    await cache.set('k', bytes(1000), { cost: 5 });
    expect(cache.info('nothing')).toBeUndefined();
    const info = cache.info('k')!;
    expect(info).toMatchObject({ ttl: 3_600_000, cost: 5, stale: false, tags: [] });
    expect(info.size).toBeGreaterThan(1000);
    expect(info.size).toBe(cache.bytes);
    expect(info.age).toBeGreaterThanOrEqual(0);
    expect(info.remainingTtl).toBeGreaterThan(3_590_000);
  });
});

describe('time', () => {
  it('lets the dead leave by themselves', async () => {
    const cache = await create<number>();
    const expired: string[] = [];
    cache.on('expire', ({ key }) => expired.push(key));
    await cache.set('brief', 1, { ttl: 60 });
    await cache.set('stale', 1, { ttl: 60, grace: '1h' });
    await until(() => expired.length > 0);
    expect(expired).toEqual(['brief']);
    expect(cache.get('brief')).toBeUndefined();
    await until(() => cache.info('stale')?.stale === true);
    expect(cache.stats.snapshot().expirations).toBe(1);
    expect(await cache.sweep()).toBe(0);
  });

  it('keeps the dead while the sweep is stopped, for all threads', async () => {
    const cache = await create<number>();
    await cache.stopSweep();
    await cache.set('brief', 1, { ttl: 20 });
    await until(() => !cache.has('brief'));
    await sleep(60);
    expect(cache.stats.snapshot()).toMatchObject({ expirations: 0, bytes: cache.bytes });
    expect(cache.bytes).toBeGreaterThan(0);
    await cache.startSweep();
    await until(() => cache.bytes === 0);
    expect(cache.stats.snapshot().expirations).toBe(1);
  });

  it('ends with expire', async () => {
    const cache = await create<number>();
    await cache.set('k', 1);
    await cache.set('kept', 2, { ttl: '1h', grace: '1h' });
    expect(await cache.expire('k')).toBe(true);
    expect(await cache.expire('k')).toBe(false);
    expect(await cache.expire('kept')).toBe(true);
    expect(await cache.expire('kept')).toBe(false);
    expect([cache.get('k'), cache.get('kept'), cache.size]).toEqual([undefined, undefined, 0]);
    expect(await cache.getOrSet('kept', () => Promise.reject(new Error('down')))).toBe(2);
  });

  it('of idleness begins with each read, in whatever thread', async () => {
    const cache = await create<number>({ idleTtl: 500 });
    const other = thread();
    const read = () =>
      other.run(async ({ SharedCache }, name) => (await SharedCache.attach<number>(name)).get('read'), cache.name);
    await read();
    await cache.set('read', 1);
    await cache.set('unread', 1);
    await until(async () => {
      expect(await read()).toBe(1);
      return !cache.has('unread');
    });
    await until(() => !cache.has('read'));
  });
});

describe('a lease', () => {
  it('keeps its bytes where they are, whatever becomes of the entry', async () => {
    const cache = await create<{ n: number; bytes: Uint8Array }>({ maxBytes: '256KiB' });
    await cache.set('k', { n: 1, bytes: bytes(100_000, 7) });
    const lease = cache.acquire('k')!;
    expect(lease.value.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(lease.value.bytes.byteOffset % 64).toBe(0);
    const { bytes: view } = lease.value;
    // What is held is told while it is an entry, too, and once, however many hold it.
    const second = cache.acquire('k')!;
    expect(cache.stats.snapshot().pinnedBytes).toBe(cache.stats.snapshot().bytes);
    second.release();
    expect(cache.stats.snapshot().pinnedBytes).toBe(cache.stats.snapshot().bytes);
    await cache.set('k', { n: 2, bytes: bytes(100, 8) });
    await cache.delete('k');
    for (let i = 0; i < 50; i++) await cache.set(`o${i}`, { n: 3, bytes: bytes(20_000, 9) });
    expect(view.every((byte) => byte === 7)).toBe(true);
    expect(cache.stats.snapshot().pinnedBytes).toBeGreaterThan(100_000);
    expect(cache.stats.snapshot().bytes + cache.stats.snapshot().pinnedBytes).toBeLessThanOrEqual(cache.maxBytes);
    expect(lease.isReleased).toBe(false);
    lease.release();
    lease.release();
    expect(lease.isReleased).toBe(true);
    await until(() => cache.stats.snapshot().pinnedBytes === 0);
    expect(await cache.set('again', { n: 4, bytes: bytes(200_000) })).toBe(true);
    await expectEmpty(cache);
  });

  it('outlives a smaller budget, which holds when it is released', async () => {
    const cache = await create<Uint8Array>({ reserveTimeout: 50 });
    await cache.set('k', bytes(100_000));
    const lease = cache.acquire('k')!;
    await cache.resize('16KiB');
    expect(cache.bytes).toBeGreaterThan(100_000);
    expect(await cache.set('small', bytes(10))).toBe(false);
    lease.release();
    await until(() => cache.bytes <= cache.maxBytes);
    await expectEmpty(cache);
  });

  it('gives way at the end of its block', async () => {
    const cache = await create<Uint8Array>();
    await cache.set('k', bytes(10));
    const lease = cache.acquire('k')!;
    {
      using again = cache.acquire('k')!;
      expect(again.value).toEqual(bytes(10));
    }
    lease.release();
    await expectEmpty(cache);
  });

  it('of which there are more than pins is of a copy, and is counted as nothing that is pinned', async () => {
    const cache = await create<Uint8Array>();
    await cache.set('k', bytes(10, 3));
    const leases = Array.from({ length: 1100 }, () => cache.acquire('k')!);
    await cache.set('k', bytes(10, 4));
    expect(leases.every(({ value }) => value[0] === 3)).toBe(true);
    expect(leases.at(-1)!.value.buffer).toBeInstanceOf(ArrayBuffer);
    expect(cache.get('k')).toEqual(bytes(10, 4));
    for (const lease of leases) lease.release();
    await expectEmpty(cache);
  });

  it('of every byte lets a write wait, and be refused, and wakes it when it is released', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '128KiB', reserveTimeout: 100 });
    await cache.set('k', bytes(100_000));
    const lease = cache.acquire('k')!;
    expect(await cache.set('other', bytes(100_000))).toBe(false);
    expect(cache.stats.snapshot().rejected).toBe(1);
    expect(cache.has('k')).toBe(true);
    const waiting = cache.set('other', bytes(100_000));
    await sleep(20);
    lease.release();
    expect(await waiting).toBe(true);
    await expectEmpty(cache);
  });
});

describe('a reservation', () => {
  it('is written in place and published without a copy', async () => {
    const cache = await create<unknown>();
    const plain = await cache.reserve('plain', 1000);
    expect(plain.bytes.length).toBe(1000);
    plain.bytes.fill(5);
    expect(cache.has('plain')).toBe(false);
    expect(cache.stats.snapshot().reservedBytes).toBeGreaterThan(1000);
    expect(await plain.commit()).toBe(true);
    expect(cache.get('plain')).toEqual(bytes(1000, 5));
    expect(cache.stats.snapshot().reservedBytes).toBe(0);

    const image = await cache.reserve('image', 100, { ttl: '1h' });
    image.bytes.fill(6);
    await image.commit({ width: 10 });
    expect(cache.get('image')).toEqual({ width: 10, bytes: bytes(100, 6) });
    expect(cache.info('image')!.ttl).toBe(3_600_000);

    const part = await cache.reserve('part', 100);
    part.bytes.fill(7);
    await part.commit({ pixels: part.bytes.subarray(10, 20) });
    expect(cache.get('part')).toEqual({ pixels: bytes(10, 7) });
    const lease = cache.acquire('part')!;
    expect((lease.value as { pixels: Uint8Array }).pixels.byteOffset).toBe(part.bytes.byteOffset + 10);
    lease.release();
    await expect(part.commit()).rejects.toThrow(/part.*after commit/);
    await expectEmpty(cache);
  });

  it('is given back, or loses against what came later', async () => {
    const cache = await create<unknown>();
    const given = await cache.reserve('k', 1000);
    await given.abort();
    await expect(given.abort()).rejects.toThrow(/'k'.*after commit/);
    for (const later of [() => cache.set('k', 'later'), () => cache.delete('k'), () => cache.clear()]) {
      const reservation = await cache.reserve('k', 1000);
      await later();
      expect(await reservation.commit()).toBe(false);
      expect(cache.get('k')).not.toBeInstanceOf(Uint8Array);
    }
    await expectEmpty(cache);
  });

  it('of more than there can be is an error', async () => {
    const cache = await create<unknown>({ maxBytes: '64KiB' });
    await expect(cache.reserve('k', 100_000)).rejects.toMatchObject({ code: 'ERR_CACHE_LOAD', key: 'k' });
    await expect(cache.reserve('k', -1)).rejects.toThrow(/byteLength: expected a whole number.*-1/);
    await expectEmpty(cache);
  });
});
