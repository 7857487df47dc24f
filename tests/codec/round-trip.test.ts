import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue } from '../../src/codec/index.js';
import { place } from './places.js';

const SEED = 20261121;
const MODES = ['view', 'copy'] as const;

function roundTrip(value: unknown, mode: (typeof MODES)[number]): unknown {
  const { skeleton, parts } = encodeValue(value);
  expect(parts.every((part) => part.byteLength > 0)).toBe(true);
  return decodeValue(skeleton, place(parts), mode);
}

const holes = (): unknown[] => {
  const array: unknown[] = [];
  array[1] = 1;
  array.length = 4;
  return array;
};

const VALUES: [string, unknown][] = [
  ['null', null],
  ['zero', 0],
  ['minus zero', -0],
  ['NaN', Number.NaN],
  ['an integer beyond 31 bits', 2 ** 31],
  ['a double', 0.1],
  ['the empty string', ''],
  ['Latin-1', 'Grüße'],
  ['a string beyond Latin-1', 'cachalot 抹香鯨'],
  ['a lone surrogate', 'a\ud800b'],
  ['a long string', 'x'.repeat(100_000)],
  ['a bigint', -(2n ** 100n)],
  ['a boolean', false],
  ['a Date', new Date(1.5e12)],
  ['a RegExp', /a\/b/giu],
  ['an Error', new TypeError('bad', { cause: { code: 1 } })],
  ['a Map', new Map<unknown, unknown>([[{ a: 1 }, new Set(['x', -0])]])],
  ['boxed primitives', [Object(1), Object('s'), Object(true), Object(1n)]],
  ['holes', holes()],
  ['a sparse array', Object.assign([], { 1000000: 1 })],
  ['undefined inside', { a: undefined, b: [undefined] }],
  ['an own __proto__, flat', JSON.parse('{"__proto__": 1, "a": 2}')],
  ['an own __proto__, nested', JSON.parse('{"__proto__": {"polluted": true}}')],
  ['many fields', Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field ${index}`, index]))],
  ['a long name', { ['n'.repeat(300)]: 1 }],
  ['names that are indices', { 1: 'b', 0: 'a', x: 'c' }],
  ['a record', { width: 3, height: 2.5, ok: true, no: null, none: undefined, name: 'ä', big: 2 ** 40, minus: -0 }],
];

const BINARY: [string, ArrayBuffer | ArrayBufferView][] = [
  ['Buffer', Buffer.from('pooled')],
  ['Buffer of its own', Buffer.alloc(5000, 7)],
  ['Uint8Array', new Uint8Array([1, 2, 3])],
  ['Uint8ClampedArray', new Uint8ClampedArray([1, 300])],
  ['Int8Array', new Int8Array([-1])],
  ['Uint16Array', new Uint16Array([1, 65535])],
  ['Int16Array', new Int16Array([-1])],
  ['Uint32Array', new Uint32Array([2 ** 32 - 1])],
  ['Int32Array', new Int32Array([-5])],
  ['Float32Array', new Float32Array([0.5, Number.NaN])],
  ['Float64Array', new Float64Array([-0, 1e300])],
  ['BigInt64Array', new BigInt64Array([-1n])],
  ['BigUint64Array', new BigUint64Array([1n])],
  ['DataView', new DataView(new Uint8Array([9, 8, 7, 6]).buffer, 1, 2)],
  ['ArrayBuffer', new Uint8Array([1, 2, 3, 4]).buffer],
  ['an empty Uint8Array', new Uint8Array(0)],
  ['an empty Buffer', Buffer.alloc(0)],
  ['an empty ArrayBuffer', new ArrayBuffer(0)],
  ['a view into the middle', new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
];

describe.each(MODES)('a round trip (%s)', (mode) => {
  it.each(VALUES)('keeps %s', (_, value) => {
    const back = roundTrip(value, mode);
    expect(isDeepStrictEqual(back, value)).toBe(true);
  });

  it.each(BINARY)('keeps %s, at the top, in a record, and deep inside', (_, binary) => {
    for (const value of [binary, { n: 1, binary }, { deep: [new Map([['k', { binary }]]), new Set([binary])] }]) {
      const back = roundTrip(value, mode);
      expect(isDeepStrictEqual(back, value)).toBe(true);
    }
  });

  it('keeps holes holes and undefineds undefined', () => {
    const back = roundTrip([holes(), [undefined]], mode) as unknown[][];
    expect(0 in back[0]!).toBe(false);
    expect(0 in back[1]!).toBe(true);
  });

  it('keeps apart records whose names differ in little', () => {
    const names = ['ax', 'bx', 'cx', 'xa', 'a', 'abx', 'bax'];
    for (const value of [...names, ...names].map((name, index) => ({ [name]: index, last: name }))) {
      expect(roundTrip(value, mode)).toEqual(value);
    }
    expect(roundTrip({ a: 1, bc: 2 }, mode)).toEqual({ a: 1, bc: 2 });
    expect(roundTrip({ ab: 1, c: 2 }, mode)).toEqual({ ab: 1, c: 2 });
  });

  it('keeps an invalid Date, which Node 20 does not find equal to itself', () => {
    expect(String(roundTrip(new Date(Number.NaN), mode))).toBe('Invalid Date');
  });

  it('keeps the order of names and pollutes no prototype', () => {
    const back = roundTrip(JSON.parse('{"z": 1, "__proto__": {"polluted": 1}, "a": 2}'), mode) as object;
    expect(Object.keys(back)).toEqual(['z', '__proto__', 'a']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('keeps what is one object one object, cycles included', () => {
    const pixels = new Uint8Array([1, 2, 3]);
    const raw = new Uint8Array([4, 5]).buffer;
    const leaf = { pixels, raw };
    const value = { pixels, raw, leaf, again: leaf, list: [leaf], self: {} as unknown };
    value.self = value;
    const back = roundTrip(value, mode) as typeof value;
    expect(back.self).toBe(back);
    expect(back.again).toBe(back.leaf);
    expect(back.leaf.pixels).toBe(back.pixels);
    expect(back.leaf.raw).toBe(back.raw);
    expect(encodeValue(value).parts).toHaveLength(2);

    const flat = roundTrip({ a: pixels, b: pixels, n: 1 }, mode) as { a: object; b: object };
    expect(flat.a).toBe(flat.b);
    expect(encodeValue({ a: pixels, b: pixels }).parts).toHaveLength(1);
  });

  it('keeps any structured-cloneable value', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    const leaf = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withSparseArray: true,
      }),
      fc.string({ unit: 'binary' }),
      bytes.map((array) => Buffer.from(array)),
      bytes.map((array) => array.slice().buffer),
      bytes.map((array) => new DataView(array.buffer, array.byteOffset, array.byteLength)),
    );
    const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.string(), leaf)).filter((any) => any !== undefined);
    fc.assert(
      fc.property(value, (any) => {
        expect(isDeepStrictEqual(withPlainPrototypes(roundTrip(any, mode)), withPlainPrototypes(any))).toBe(true);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

/** The structured clone algorithm knows no null prototypes. */
function withPlainPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Map) {
    return new Map([...value].map(([key, member]) => [withPlainPrototypes(key), withPlainPrototypes(member)]));
  }
  if (value instanceof Set) return new Set([...value].map(withPlainPrototypes));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype) return value;
  const plain: object = Array.isArray(value) ? new Array(value.length) : {};
  for (const name of Object.keys(value)) {
    const member = withPlainPrototypes(Reflect.get(value, name));
    Object.defineProperty(plain, name, { value: member, enumerable: true, writable: true, configurable: true });
  }
  return plain;
}
