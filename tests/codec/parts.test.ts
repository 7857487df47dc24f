import { describe, expect, it } from 'vitest';
import { decodeValue, decodeView, encodeValue } from '../../src/codec/index.js';
import { place } from './places.js';

describe('parts', () => {
  it('are the very bytes of the caller, at any depth', () => {
    const buffer = new ArrayBuffer(64);
    const view = new Float32Array(buffer, 8, 4);
    const inner = new ArrayBuffer(32);
    for (const value of [view, { w: 1, view }, [{ deep: new Map([[1, view]]) }]]) {
      const { parts } = encodeValue(value);
      expect(parts).toHaveLength(1);
      expect(parts[0]!.buffer).toBe(buffer);
      expect([parts[0]!.byteOffset, parts[0]!.byteLength]).toEqual([8, 16]);
    }
    for (const value of [inner, { inner }, [[{ inner }]], new Set([inner])]) {
      expect(encodeValue(value).parts.map((part) => part.buffer)).toEqual([inner]);
      expect(encodeValue(value).skeleton.byteLength).toBeLessThan(64);
    }
  });

  it('leave a skeleton whose size has nothing to do with theirs', () => {
    const pixels = new Uint8Array(1 << 20);
    expect(encodeValue(pixels).skeleton.byteLength).toBe(4);
    expect(encodeValue({ width: 512, height: 512, pixels }).skeleton.byteLength).toBeLessThan(64);
    expect(encodeValue({ frames: [pixels, pixels.subarray(10)] }).skeleton.byteLength).toBeLessThan(64);
  });

  it('are counted once when the short way turns out too short', () => {
    const value = { pixels: new Uint8Array([1, 2, 3]), title: '抹香鯨' };
    const { skeleton, parts } = encodeValue(value);
    expect(parts).toHaveLength(1);
    expect(decodeValue(skeleton, place(parts), 'copy')).toEqual(value);
  });

  it('are found by search up to a bound, beyond which buffers are written inline', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => ({ index }));
    const last = new Uint8Array([1, 2, 3]).buffer;
    const value = [new Uint8Array([4, 5]).buffer, many, [last]];
    expect(encodeValue([...many, last]).parts).toHaveLength(0);
    const { skeleton, parts } = encodeValue(value);
    expect(decodeValue(skeleton, place(parts), 'copy')).toEqual(value);
  });

  it('snapshot the skeleton: later changes do not reach it', () => {
    const value = { title: 'before', nested: { title: 'before' } };
    const flat = { title: 'before' };
    const [first, second] = [encodeValue(value), encodeValue(flat)];
    value.nested.title = 'after';
    flat.title = 'after';
    encodeValue({ title: 'something else' });
    expect(decodeValue(first.skeleton, [], 'copy')).toEqual({ title: 'before', nested: { title: 'before' } });
    expect(decodeValue(second.skeleton, [], 'copy')).toEqual({ title: 'before' });
  });
});

describe("decoding with 'view'", () => {
  const pixels = new Uint16Array([1, 2, 3]);

  it.each<[string, unknown, (back: never) => Uint16Array]>([
    ['alone', pixels, (back: Uint16Array) => back],
    ['in a record', { w: 1, pixels }, (back: { pixels: Uint16Array }) => back.pixels],
    ['deep inside', [{ pixels }], (back: { pixels: Uint16Array }[]) => back[0]!.pixels],
  ])('looks at the bytes in place: %s', (_, value, find) => {
    const { skeleton, parts } = encodeValue(value);
    const [source] = place(parts);
    const found = find(decodeValue(skeleton, [source!], 'view') as never);
    expect(found.buffer).toBe(source!.buffer);
    new Uint16Array(source!.buffer, source!.byteOffset)[1] = 77;
    expect([...found]).toEqual([1, 77, 3]);
  });

  it('copies what is misaligned for its type, and ArrayBuffers', () => {
    const { skeleton, parts } = encodeValue({ pixels, bytes: new Uint8Array([1]), raw: new ArrayBuffer(4) });
    const sources = place(parts, 1);
    const back = decodeValue(skeleton, sources, 'view') as { pixels: Uint16Array; bytes: Uint8Array; raw: ArrayBuffer };
    expect(back.pixels).toEqual(pixels);
    expect(back.pixels.buffer).not.toBe(sources[0]!.buffer);
    expect(back.bytes.buffer).toBe(sources[1]!.buffer);
    expect(back.raw).toBeInstanceOf(ArrayBuffer);
  });
});

describe("decoding with 'copy'", () => {
  it('owns everything: nothing shared, nothing of the pool', () => {
    const value = { a: Buffer.from('small'), b: new Float64Array([1]), c: [new Uint8Array([1])] };
    const { skeleton, parts } = encodeValue(value);
    const sources = place(parts);
    const back = decodeValue(skeleton, sources, 'copy') as typeof value;
    new Uint8Array(sources[0]!.buffer).fill(0xee);
    expect(back).toEqual(value);
    for (const view of [back.a, back.b, back.c[0]!]) {
      expect(view.buffer).toBeInstanceOf(ArrayBuffer);
      expect(view.buffer.byteLength).toBe(view.byteLength);
    }
    expect(Buffer.isBuffer(back.a)).toBe(true);
  });
});

describe('shared and resizable buffers', () => {
  const shared = new SharedArrayBuffer(8);
  new Uint8Array(shared).set([1, 2, 3]);
  const bytes = new Uint8Array(shared).slice().buffer;

  it('come back as ArrayBuffers of fixed length', () => {
    for (const mode of ['view', 'copy'] as const) {
      const alone = encodeValue(shared);
      expect(decodeValue(alone.skeleton, place(alone.parts), mode)).toEqual(bytes);
      const inside = encodeValue({ shared, deep: [{ shared }], other: new SharedArrayBuffer(2) });
      expect(decodeValue(inside.skeleton, place(inside.parts), mode)).toEqual({
        shared: bytes,
        deep: [{ shared: bytes }],
        other: new ArrayBuffer(2),
      });
    }
    const resizable: ArrayBuffer = Reflect.construct(ArrayBuffer, [4, { maxByteLength: 1024 }]);
    for (const value of [resizable, { n: [resizable] }, { resizable }]) {
      const { skeleton, parts } = encodeValue(value);
      expect(parts[0]!.byteLength).toBe(4);
      expect(JSON.stringify(decodeValue(skeleton, place(parts), 'copy'))).toBe(JSON.stringify(value));
    }
  });
});

describe('decodeView', () => {
  const encode = (value: unknown) => {
    const { skeleton, parts } = encodeValue(value);
    return decodeView(skeleton, place(parts));
  };

  it.each<[string, unknown]>([
    ['a view', new Uint8Array([1])],
    ['a primitive', 'text'],
    ['a record', { width: 1, pixels: new Uint8Array([1]) }],
    ['a tree', { frames: [{ at: 1, pixels: new Float32Array([1]) }], tags: ['a'] }],
  ])('may keep %s, frozen', (_, value) => {
    const back = encode(value);
    expect(back.value).toEqual(value);
    expect(back.reusable).toBe(true);
    expect(isDeeplyFrozen(back.value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a Map', new Map()],
    ['a Set inside', { a: [new Set()] }],
    ['a Date', { at: new Date() }],
    ['an Error', [new Error('x')]],
    ['an ArrayBuffer', { raw: new ArrayBuffer(4) }],
    ['a tree too large', Array.from({ length: 5000 }, () => ({}))],
  ])('may not keep %s, and freezes nothing of it', (_, value) => {
    const back = encode(value);
    expect(back.value).toEqual(value);
    expect(back.reusable).toBe(false);
    expect(Object.isFrozen(back.value)).toBe(false);
  });
});

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}
