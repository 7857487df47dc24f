import { CacheError, CacheSerializationError, SharedCache } from 'cachalot';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let cache: SharedCache<unknown>;

beforeAll(async () => {
  cache = await SharedCache.create({ name: 'reservations', maxBytes: '1MiB' });
});

afterAll(() => cache.close());

describe('a reservation', () => {
  it('stays open when it is committed with what cannot be stored: no byte of it is lost', async () => {
    const first = await cache.reserve('first', 100_000);
    const second = await cache.reserve('second', 100_000);
    const refusal = await first.commit({ toJSON() {} }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(CacheSerializationError);
    expect(refusal).toHaveProperty('key', 'first');
    await expect(second.commit({ bytes: second.bytes, done: Promise.resolve() })).rejects.toThrow('$.done: a promise');
    await first.abort();
    expect(await second.commit({ width: 1 })).toBe(true);
    expect(cache.stats.snapshot().reservedBytes).toBe(0);
    expect(cache.get('second')).toMatchObject({ width: 1 });
  });

  it('is refused with the reason, whether there is no room now or never can be', async () => {
    const small = await SharedCache.create({ name: 'reservations, small', maxBytes: '64KiB', reserveTimeout: 20 });
    const never = await small.reserve('large', 70_000).catch((error: unknown) => error);
    expect(never).toMatchObject({ code: 'ERR_CACHE_LOAD', key: 'large' });
    expect(String(never)).toContain("70000 bytes of cache 'reservations, small' (65536 bytes); it cannot hold as many");
    const held = await small.reserve('held', 40_000);
    await expect(small.reserve('late', 40_000)).rejects.toThrow('there was no room within its reserveTimeout');
    await held.abort();
    await small.close();
  });

  it('is over after the first commit or abort', async () => {
    const reservation = await cache.reserve('over', 10);
    const committed = reservation.commit();
    await expect(reservation.abort()).rejects.toThrow(CacheError);
    await expect(reservation.commit()).rejects.toThrow("reservation of 'over': commit() after commit() or abort()");
    expect(await committed).toBe(true);
  });
});

describe('the bytes of a reservation', () => {
  const refused = "reservation of 'given': bytes after commit() or abort(); they are the cache's then";

  it('are out of reach from the call of abort on', async () => {
    const reservation = await cache.reserve('given', 10);
    const aborted = reservation.abort();
    expect(() => reservation.bytes).toThrow(CacheError);
    await aborted;
    expect(() => reservation.bytes.fill(8)).toThrow(refused);
  });

  it('lie where they are read after a commit, and are out of reach in development mode', async () => {
    const reservation = await cache.reserve('given', 10);
    reservation.bytes.fill(7);
    await expect(reservation.commit('text')).rejects.toThrow(TypeError);
    expect(reservation.bytes).toEqual(new Uint8Array(10).fill(7));
    await reservation.commit();
    const lease = cache.acquire('given')!;
    expect(lease.value).toEqual(new Uint8Array(10).fill(7));
    expect((lease.value as Uint8Array).byteOffset).toBe(reservation.bytes.byteOffset);
    lease.release();
    vi.stubEnv('CACHALOT_DEV', '1');
    expect(() => reservation.bytes).toThrow(refused);
    vi.unstubAllEnvs();
  });
});

describe('a value that cannot be stored', () => {
  it('is refused with its key, by whatever call', async () => {
    const value = { onload() {} };
    const calls: [string, () => Promise<unknown>][] = [
      ['set', () => cache.set('set', value)],
      ['setMany', () => cache.setMany([['setMany', value]])],
      ['getOrSet', () => cache.getOrSet('getOrSet', () => value)],
      ['update', () => cache.update('update', () => value)],
      ['transaction', () => cache.transaction((txn) => txn.set('transaction', value))],
    ];
    for (const [key, call] of calls) {
      await expect(call(), key).rejects.toMatchObject({ key, code: 'ERR_CACHE_SERIALIZATION' });
    }
  });
});
