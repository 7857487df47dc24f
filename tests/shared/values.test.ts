import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { create, expectEmpty } from './support/threads.js';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

const VALUES: Record<string, unknown> = {
  null: null,
  zero: 0,
  'minus zero': -0,
  'no number': Number.NaN,
  'an empty string': '',
  false: false,
  'a string of many scripts': 'añ漢字🐳',
  'a bigint': 2n ** 100n,
  'a date': new Date(1234),
  'a regular expression': /a+/giu,
  'a map': new Map<unknown, unknown>([
    ['a', 1],
    [2, new Set([3])],
  ]),
  'an object': { a: 1, b: [1, undefined, { c: null }] },
  'an array with a hole': Object.assign(new Array<number>(3), { 0: 1, 2: 3 }),
  'an error': new RangeError('too far'),
  'an ArrayBuffer': bytes(100).buffer,
  'an empty ArrayBuffer': new ArrayBuffer(0),
  'a DataView': new DataView(bytes(100).buffer, 3, 10),
  'bytes in between': { before: 1, pixels: bytes(1000), after: [bytes(3), 'x', bytes(0)] },
};

const ARRAYS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
for (const Kind of ARRAYS) VALUES[Kind.name] = new Kind(bytes(64).buffer, 8, 3);
for (const Kind of ARRAYS) VALUES[`${Kind.name}, nested`] = { deep: [new Kind(5)] };

describe('a value', () => {
  it.each(Object.entries(VALUES))('%s', async (name, value) => {
    const cache = await create();
    expect(await cache.set(name, value)).toBe(true);
    expect(cache.has(name)).toBe(true);
    expect(cache.get(name)).toEqual(value);
    expect(cache.get(name, 'fallback')).toEqual(value);
    expect(cache.peek(name)).toEqual(value);
    expect(await cache.getAsync(name)).toEqual(value);
    const lease = cache.acquire(name)!;
    expect(lease.value).toEqual(value);
    lease.release();
    expect([...cache.entries()]).toEqual([[name, value]]);
    await expectEmpty(cache);
  });

  it('a Buffer is a Buffer again', async () => {
    const cache = await create<Buffer>();
    await cache.set('b', Buffer.from('whale'));
    expect(Buffer.isBuffer(cache.get('b'))).toBe(true);
    expect(cache.get('b')!.toString()).toBe('whale');
    const lease = cache.acquire('b')!;
    expect(lease.value.toString()).toBe('whale');
    lease.release();
  });

  it('is what a lease shows in logs, while it may be read', async () => {
    const cache = await create<{ n: number }>();
    await cache.set('k', { n: 1 });
    const lease = cache.acquire('k')!;
    expect(inspect(lease)).toBe('Lease { value: { n: 1 } }');
    lease.release();
    expect(inspect(lease)).toBe('Lease { isReleased: true }');
    const reservation = await cache.reserve('r', 2);
    expect(inspect(reservation)).toMatch(/^Reservation { key: 'r', bytes: Uint8Array\(2\) \[ \d+, \d+ \] }$/);
    await reservation.abort();
    expect(inspect(reservation)).toBe("Reservation { key: 'r', endedBy: 'abort' }");
  });

  it.each([
    ['undefined', undefined],
    ['a promise', Promise.resolve(1)],
  ])('%s is none', async (_, value) => {
    const cache = await create();
    await expect(cache.set('k', value)).rejects.toThrow(TypeError);
    expect(cache.has('k')).toBe(false);
  });

  it('that cannot be cloned is an error of serialization, and changes nothing', async () => {
    const cache = await create();
    await cache.set('k', 1);
    await expect(cache.set('k', { f: () => 1 })).rejects.toMatchObject({ code: 'ERR_CACHE_SERIALIZATION' });
    expect(cache.get('k')).toBe(1);
  });

  it('is taken as it is, but for its bytes', async () => {
    const cache = await create<{ n: number; list: number[] }>();
    const value = { n: 1, list: [1] };
    const written = cache.set('k', value);
    value.n = 2;
    value.list.push(2);
    await written;
    expect(cache.get('k')).toEqual({ n: 1, list: [1] });
  });

  it('read by get belongs to the reader', async () => {
    const cache = await create<{ bytes: Uint8Array }>();
    await cache.set('k', { bytes: bytes(10) });
    const mine = cache.get('k')!;
    expect(mine.bytes.buffer).toBeInstanceOf(ArrayBuffer);
    mine.bytes.fill(255);
    expect(cache.get('k')!.bytes).toEqual(bytes(10));
  });

  it('is handed over', async () => {
    const cache = await create<Uint8Array>();
    const mine = bytes(1000);
    const expected = mine.slice();
    const written = cache.set('k', mine, { transfer: true });
    expect(mine.byteLength).toBe(0);
    await written;
    expect(cache.get('k')).toEqual(expected);
  });

  it('that cannot be handed over, a piece of the pool of Buffers, is copied', async () => {
    const cache = await create<Buffer>();
    const neighbour = Buffer.from('stays');
    await cache.set('k', Buffer.from('abc'), { transfer: true });
    expect(cache.get('k')!.toString()).toBe('abc');
    expect(neighbour.toString()).toBe('stays');
  });

  it('larger than the budget is refused, and takes the old one with it', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '64KiB' });
    const told: unknown[] = [];
    cache.on('maxSizeExceeded', (event) => told.push(event.key));
    await cache.set('other', bytes(100));
    await cache.set('k', bytes(100));
    expect(await cache.set('k', bytes(70_000))).toBe(false);
    expect(cache.has('k')).toBe(false);
    expect(cache.has('other')).toBe(true);
    expect(cache.stats.snapshot().rejected).toBe(1);
    expect(told).toEqual(['k']);
  });

  it('of any length that the budget has room for', async () => {
    const cache = await create<Uint8Array>({ maxBytes: '1MiB' });
    for (const length of [0, 1, 63, 64, 65, 4096, 1_000_000]) {
      expect(await cache.set('k', bytes(length))).toBe(true);
      expect(Buffer.compare(cache.get('k')!, bytes(length))).toBe(0);
      expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes);
    }
  });
});
