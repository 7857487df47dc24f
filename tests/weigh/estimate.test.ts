import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENTRY_OVERHEAD, estimateEntrySize, estimateSize } from '../../src/weigh/index.js';

const MIB = 2 ** 20;

describe('estimateSize', () => {
  it('is a positive whole number for whatever comes', () => {
    const getter = {
      get broken() {
        throw new Error('no');
      },
    };
    const given = new Uint8Array(8);
    structuredClone(given.buffer, { transfer: [given.buffer] });
    const odd = [
      undefined,
      null,
      Symbol('s'),
      () => 1,
      class {},
      0n,
      '',
      [],
      {},
      getter,
      given,
      new WeakMap(),
      new Proxy({}, {}),
    ];
    const more = [
      Promise.resolve(),
      new Error('x'),
      /x/,
      new Date(Number.NaN),
      Object.create(null),
      new URL('http://a.b'),
    ];
    for (const value of [...odd, ...more, new Array(10), globalThis, process, runInNewContext('new Map([[1, {}]])')]) {
      const size = estimateSize(value);
      expect(Number.isInteger(size) && size > 0, String(typeof value)).toBe(true);
    }
    fc.assert(
      fc.property(
        fc.anything({ withMap: true, withSet: true, withTypedArray: true, withSparseArray: true }),
        (value) => {
          const size = estimateSize(value);
          expect(Number.isInteger(size) && size > 0).toBe(true);
          expect(estimateSize(value)).toBe(size);
        },
      ),
      { seed: 20261121 },
    );
  });

  it('sees what an error holds', () => {
    const bare = estimateSize(new Error('x'));
    const bytes = new Uint8Array(MIB);
    expect(estimateSize(new Error('x'.repeat(MIB))) - bare).toBeGreaterThanOrEqual(MIB);
    expect(estimateSize(new TypeError('x', { cause: { bytes } })) - bare).toBeGreaterThanOrEqual(MIB);
    expect(estimateSize(new AggregateError([new Error('y'), bytes], 'x')) - bare).toBeGreaterThanOrEqual(MIB);
    expect(estimateSize(Object.assign(new Error('x'), { bytes, again: bytes })) - bare).toBeLessThan(MIB + 1000);
  });

  it('grows with what is inside', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 11 }), { maxLength: 20 }),
        fc.string({ minLength: 20 }),
        (list, more) => {
          expect(estimateSize([...list, more])).toBeGreaterThan(estimateSize(list));
          expect(estimateSize({ list, more })).toBeGreaterThan(estimateSize({ list }));
          expect(estimateSize(new Map([[1, list]]))).toBeGreaterThan(estimateSize(list));
        },
      ),
      { seed: 20261121 },
    );
  });

  it('counts each buffer once, and shared memory too', () => {
    const buffer = new ArrayBuffer(MIB);
    const views = { all: new Uint8Array(buffer), part: new DataView(buffer, 100, 8), buffer, again: [buffer] };
    expect(estimateSize(views)).toBeGreaterThan(MIB);
    expect(estimateSize(views)).toBeLessThan(1.01 * MIB);
    expect(estimateSize(new SharedArrayBuffer(MIB))).toBeGreaterThan(MIB);
    expect(estimateSize({ view: new Uint8Array(new SharedArrayBuffer(MIB), 8, 8) })).toBeGreaterThan(MIB);
  });

  it('charges a small part of a large buffer for the whole, and a pooled Buffer for its share of the slab', () => {
    expect(estimateSize(Buffer.alloc(MIB).subarray(5, 6))).toBeGreaterThan(MIB);
    const pooled = Buffer.from('x');
    expect(pooled.buffer.byteLength).toBeGreaterThan(8000);
    expect(estimateSize(pooled)).toBeLessThan(512);
    expect(estimateSize({ pooled })).toBeLessThan(512);
    expect(estimateSize(Buffer.allocUnsafe(3000))).toBeGreaterThan(3000);
  });

  it('charges a resizable buffer for what it has reserved', () => {
    const buffer: ArrayBuffer = Reflect.construct(ArrayBuffer, [16, { maxByteLength: MIB }]);
    expect(estimateSize(buffer)).toBeGreaterThan(MIB);
    expect(estimateSize(new Uint8Array(buffer))).toBeGreaterThan(MIB);
  });

  it('does not look at binary', () => {
    // A gigabyte that was never touched has no pages: reading it would take them, and a second.
    const before = process.memoryUsage.rss();
    const size = estimateSize({ frames: [{ pixels: new Uint8Array(1024 * MIB) }] });
    expect(size).toBeGreaterThan(1024 * MIB);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * MIB);
  });

  it('looks at a bounded number of things, however many there are', () => {
    let looks = 0;
    const counted = new Proxy(
      Array.from({ length: 3_000_000 }, (_, index) => ({ index })),
      {
        get(target, name) {
          looks++;
          return Reflect.get(target, name);
        },
      },
    );
    const size = estimateSize(counted);
    expect(size / 3_000_000).toBeGreaterThan(0.85 * 40);
    expect(size / 3_000_000).toBeLessThan(1.15 * 41);
    expect(looks).toBeLessThan(20_000);
  });

  it.each<[string, () => unknown, number]>([
    ['a wide tree', () => tree(10, 6), 1_000_000 * 72 + 111_111 * 178],
    ['a binary tree', () => tree(2, 18), 262_144 * 72 + 262_143 * 106],
    ['arrays in arrays in arrays', () => matrix(100, 3), 10_101 * 48 + 1_010_100 * 8 * 1.1],
  ])('extrapolates %s', (_, make, bytes) => {
    expect(estimateSize(make()) / bytes).toBeGreaterThan(0.8);
    expect(estimateSize(make()) / bytes).toBeLessThan(1.2);
  });

  it('finds a large leaf among thousands of things', () => {
    const rows: unknown[] = Array.from({ length: 500 }, (_, index) => ({
      index,
      cells: Array.from({ length: 5 }, () => ({})),
    }));
    rows[123] = { index: 123, cells: [{ pixels: new Uint8Array(64 * MIB) }] };
    expect(estimateSize(rows)).toBeGreaterThan(64 * MIB);
  });

  it('stands deep chains and cycles', () => {
    let chain: object = {};
    for (let i = 0; i < 300_000; i++) chain = { next: chain };
    expect(estimateSize(chain)).toBeGreaterThan(MIB / 2);
    const ring: Record<string, unknown> = {};
    ring['self'] = { ring, list: [ring, new Map([[ring, new Set([ring])]])] };
    expect(estimateSize(ring)).toBeLessThan(1000);
  });

  it('tells a dictionary from rows of one shape', () => {
    const names = Array.from({ length: 60 }, (_, index) => `a column named ${index}`);
    const row = () => Object.fromEntries(names.map((name, index) => [name, index]));
    const rows = Array.from({ length: 200 }, row);
    expect(estimateSize(rows)).toBeLessThan(1.3 * 200 * (24 + 60 * 8));
    expect(estimateSize(row())).toBeGreaterThan(60 * (24 + 32));
  });

  it('does not charge a sparse array for its length', () => {
    const sparse: number[] = [];
    sparse[3_000_000_000] = 1;
    expect(estimateSize(sparse)).toBeLessThan(4096);
    expect(estimateSize(new Array(100_000).fill(1))).toBeGreaterThan(800_000);
  });
});

describe('estimateEntrySize', () => {
  it('adds the key and what an entry costs', () => {
    const value = Buffer.alloc(10_000);
    expect(estimateEntrySize('k'.repeat(1000), value)).toBe(
      estimateSize('k'.repeat(1000)) + estimateSize(value) + ENTRY_OVERHEAD,
    );
  });
});

/** Nodes `{ at, children }` with so many children each. */
function tree(width: number, depth: number): object {
  if (depth === 0) return { at: depth, children: [] };
  return { at: depth, children: Array.from({ length: width }, () => tree(width, depth - 1)) };
}

function matrix(width: number, depth: number): unknown {
  return Array.from({ length: width }, (_, index) => (depth === 1 ? index : matrix(width, depth - 1)));
}
