import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkValue, decodeValue, decodeView, encodeValue } from '../../src/codec/index.js';
import { CacheCorruptionError } from '../../src/common/error.js';
import { place } from './places.js';

const MODES = ['view', 'copy'] as const;
const WINDOWS = 4;

function roundTrip<T>(value: T, mode: (typeof MODES)[number]): T {
  const { skeleton, parts } = encodeValue(value);
  checkValue(
    skeleton,
    parts.map(({ byteLength }) => byteLength),
  );
  return decodeValue(skeleton, place(parts), mode) as T;
}

describe.each(MODES)('views of one buffer (%s)', (mode) => {
  const buffer = new ArrayBuffer(64);
  new Uint8Array(buffer).forEach((_, index, bytes) => {
    bytes[index] = index;
  });

  it.each<[string, { a: ArrayBufferView; b: ArrayBufferView }]>([
    ['that see the same bytes', { a: new Uint8Array(buffer), b: new Float32Array(buffer) }],
    ['that overlap', { a: new Uint8Array(buffer, 3, 20), b: new Uint16Array(buffer, 10, 8) }],
    ['side by side', { a: new Int32Array(buffer, 0, 4), b: new DataView(buffer, 16, 9) }],
    ['with a gap', { a: new BigInt64Array(buffer, 8, 1), b: new Float64Array(buffer, 32, 2) }],
    ['Buffers that overlap', { a: Buffer.from(buffer, 0, 10), b: Buffer.from(buffer, 5, 10) }],
    ['of which one begins at an odd place', { a: new Uint8Array(buffer, 13, 2), b: new Float64Array(buffer, 16, 1) }],
  ])('%s share it, flat and nested', (_, pair) => {
    for (const value of [pair, { ...pair, name: 'x' }, [pair], new Map([['k', [pair.a, { b: pair.b }]]])]) {
      const back = roundTrip<unknown>(value, mode);
      expect(back).toEqual(value);
      const found = viewsIn(back);
      expect(found).toHaveLength(2);
      expect(found[0]!.buffer).toBe(found[1]!.buffer);
      expect(found[1]!.byteOffset - found[0]!.byteOffset).toBe(pair.b.byteOffset - pair.a.byteOffset);
      expect(encodeValue(value).parts).toHaveLength(1);
    }
  });

  it('and the buffer itself share it', () => {
    const value = { buffer, list: [new Uint8Array(buffer, 8, 4), new DataView(buffer)] };
    const back = roundTrip(value, mode);
    expect(back).toEqual(value);
    for (const view of back.list) expect(view.buffer).toBe(back.buffer);
    expect(back.buffer.byteLength).toBe(64);
  });

  it('and a shared buffer itself share it', () => {
    const shared = new SharedArrayBuffer(16);
    const back = roundTrip({ deep: [{ shared, view: new Uint8Array(shared, 4, 4) }] }, mode);
    expect(back.deep[0]!.view.buffer).toBe(back.deep[0]!.shared);
    expect(back.deep[0]!.shared).toBeInstanceOf(ArrayBuffer);
  });

  it('far apart are pieces of their own, and what lies between is not stored', () => {
    const large = new ArrayBuffer(1 << 20);
    const value = { a: new Uint8Array(large, 0, 10), b: new Uint8Array(large, 1000_000, 10) };
    expect(encodeValue(value).parts.map(({ byteLength }) => byteLength)).toEqual([10, 10]);
    expect(roundTrip(value, mode)).toEqual(value);
  });

  it('of the pool of Buffers, and of shared memory, are pieces of their own', () => {
    const pooled = { a: Buffer.from('abc'), b: Buffer.from('def') };
    expect(encodeValue(pooled).parts).toHaveLength(2);
    const segment = new SharedArrayBuffer(256);
    const allocated = { a: new Uint8Array(segment, 0, 64), b: new Uint8Array(segment, 64, 64) };
    expect(encodeValue(allocated).parts).toHaveLength(2);
    for (const value of [pooled, allocated]) expect(roundTrip<object>(value, mode)).toEqual(value);
  });
});

it('what is written through one is read through the other, as after a structured clone', () => {
  const constructors = [Uint8Array, Int8Array, Uint16Array, Float32Array, Float64Array, BigInt64Array];
  const view = fc.record({
    buffer: fc.nat(2),
    View: fc.constantFrom(...constructors),
    at: fc.nat(7),
    length: fc.nat(7),
  });
  fc.assert(
    fc.property(fc.array(view, { minLength: 2, maxLength: 12 }), fc.nat(), fc.boolean(), (specs, seed, isNested) => {
      const buffers = [64, 128, 4096].map((length) => new ArrayBuffer(length));
      for (const buffer of buffers)
        new Uint8Array(buffer).forEach((_, i, bytes) => {
          bytes[i] = (i * 7 + seed) & 255;
        });
      const views = specs.map(({ buffer, View, at, length }) => {
        const bytes = View.BYTES_PER_ELEMENT;
        const room = 64 / bytes;
        return new View(buffers[buffer]!, (at % room) * bytes, Math.min(length, room - (at % room)));
      });
      const value: unknown = isNested ? [{ views }, buffers[seed % 3]] : Object.fromEntries(views.entries());
      const clone: unknown = structuredClone(value);
      const { skeleton, parts } = encodeValue(value);
      const back = decodeValue(skeleton, place(parts), 'copy');
      expect(back).toEqual(clone);
      const [ours, theirs] = [viewsIn(back), viewsIn(clone)];
      expect(ours).toHaveLength(theirs.length);
      ours.forEach((own, i) => {
        if (own.byteLength === 0) return;
        for (const one of [own, theirs[i]!]) new Uint8Array(one.buffer, one.byteOffset).set([i + 1], 0);
        expect(ours).toEqual(theirs);
      });
      expect(decodeValue(skeleton, place(parts), 'view')).toEqual(value);
    }),
    { seed: 20261121, numRuns: 400 },
  );
});

describe('a table of windows that is damaged', () => {
  const buffer = new ArrayBuffer(64);
  const encode = () => encodeValue({ a: new Uint8Array(buffer), b: new Float64Array(buffer, 8, 2) });
  const damaged = (at: number, value: number) => {
    const { skeleton, parts } = encode();
    new DataView(skeleton.buffer).setUint32(at, value, true);
    return { skeleton, parts };
  };

  it.each([
    ['too many windows', 4, 0xffff_ffff],
    ['no windows', 4, 0],
    ['a part that is not there', 8, 7],
    ['no part', 8, 0],
    ['a window that ends behind its part', 16, 4096],
    ['a window that begins behind it', 24, 0xffff_fff8],
    ['a window at half an element', 24, 4],
    ['half an element', 28, 12],
  ])('%s', (_, at, value) => {
    expect(encode().skeleton[1]).toBe(WINDOWS);
    const { skeleton, parts } = damaged(at, value);
    const sources = place(parts);
    expect(() => decodeValue(skeleton, sources, 'copy')).toThrow(CacheCorruptionError);
    expect(() => decodeView(skeleton, sources)).toThrow(CacheCorruptionError);
  });
});

function viewsIn(value: unknown, found: ArrayBufferView[] = []): ArrayBufferView[] {
  if (ArrayBuffer.isView(value)) found.push(value);
  else if (value instanceof Map) for (const member of value.values()) viewsIn(member, found);
  else if (typeof value === 'object' && value !== null)
    for (const member of Object.values(value)) viewsIn(member, found);
  return found;
}
