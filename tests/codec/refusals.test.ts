import { createSecretKey } from 'node:crypto';
import { BlockList, SocketAddress } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeValue, decodeView, encodeValue, findLost, findUncloneable } from '../../src/codec/index.js';
import { CacheCorruptionError, CacheSerializationError } from '../../src/common/error.js';
import { place } from './places.js';

const given = new Uint8Array(8);
structuredClone(given.buffer, { transfer: [given.buffer] });

const WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const KEY = createSecretKey(new Uint8Array(16));

const INSTEAD = 'store data in its place: text, numbers, plain objects, buffers that have their bytes';

class Point {
  readonly #secret = 1;
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get [Symbol.toStringTag](): string {
    return 'Event';
  }
  get secret(): number {
    return this.#secret;
  }
}

function cyclic(): unknown {
  const value: Record<string, unknown> = {};
  value['self'] = value;
  value['list'] = [value, { up: value, symbol: Object(Symbol('s')) }];
  return value;
}

describe('encodeValue refuses', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a promise', Promise.resolve(1)],
    [
      'a promise of another library',
      new (class Query {
        sql = 'select 1';
        // biome-ignore lint/suspicious/noThenProperty: it is what is tested
        then() {}
      })(),
    ],
  ])('%s with a TypeError', (_, value) => {
    expect(() => encodeValue(value)).toThrow(TypeError);
  });

  it.each<[string, unknown, string]>([
    ['a function', () => 1, '$: a function cannot be stored'],
    ['a method', { frames: [0, 1, 2, { onload() {} }] }, '$.frames[3].onload: a function cannot be stored'],
    ['a symbol', { 'my key': [Symbol('s')] }, '$["my key"][0]: a symbol cannot be stored'],
    ['a promise inside', new Map([['k', { p: Promise.resolve() }]]), '$.get("k").p: a promise cannot be stored'],
    ['a WeakMap', new Set([new WeakMap()]), '$.values()[0]: a WeakMap cannot be stored'],
    ['a WeakRef', { ref: new WeakRef({}) }, '$.ref: a WeakRef cannot be stored'],
    ['a Proxy', { proxy: new Proxy({}, {}) }, '$.proxy: a Proxy cannot be stored'],
    ['a generator', [(function* () {})()], '$[0]: a generator cannot be stored'],
    [
      'a WebAssembly.Module',
      { code: [Reflect.construct(Reflect.get(Reflect.get(globalThis, 'WebAssembly'), 'Module'), [WASM])] },
      '$.code[0]: a WebAssembly.Module cannot be stored',
    ],
    [
      'what only V8 knows not to be cloneable',
      { m: new Map([['k', [1, { registry: new FinalizationRegistry(() => {}) }]]]) },
      '$.m.get("k")[1].registry: it cannot be stored: #<FinalizationRegistry> could not be cloned.',
    ],
    ['a handle of native code', { keys: [KEY] }, '$.keys[0]: it cannot be stored: an object of native code'],
    ['a URL', new URL('https://whales.example/'), '$: a URL cannot be stored'],
    ['a URL inside', { width: 1, link: { to: [new URL('https://a.b/')] } }, '$.link.to[0]: a URL cannot be stored'],
    ['what extends one', [new (class Link extends URL {})('https://a.b/')], '$[0]: a URL cannot be stored'],
    [
      'URLSearchParams as a key',
      new Map([[new URLSearchParams(), 1]]),
      '$.keys()[0]: a URLSearchParams cannot be stored',
    ],
    ['Headers', { headers: new Headers() }, '$.headers: a Headers cannot be stored'],
    ['a Blob', { blob: new Blob(['x']) }, '$.blob: a Blob cannot be stored'],
    ['an AbortSignal', new Set([AbortSignal.abort()]), '$.values()[0]: an AbortSignal cannot be stored'],
    ['a TextDecoder', [new TextDecoder()], '$[0]: a TextDecoder cannot be stored'],
    ['a BlockList', { net: [new BlockList()] }, '$.net[0]: a BlockList cannot be stored'],
    [
      'a SocketAddress',
      new Map([['at', new SocketAddress({ port: 1 })]]),
      '$.get("at"): a SocketAddress cannot be stored',
    ],
    [
      'what extends one',
      [1, { list: new (class Banned extends BlockList {})() }],
      '$[1].list: a BlockList cannot be stored',
    ],
    ['a histogram', { delay: createHistogram() }, '$.delay: a RecordableHistogram cannot be stored'],
    [
      'a URL in what an error names as its cause',
      { failed: [new Error('x', { cause: { url: new URL('https://a.b/') } })] },
      '$.failed[0].cause.url: a URL cannot be stored',
    ],
    [
      'a function in the cause of a cause',
      new Error('x', { cause: new TypeError('y', { cause: { retry() {} } }) }),
      '$.cause.cause.retry: a function cannot be stored',
    ],
    [
      'what only V8 knows not to be cloneable, in a cause',
      new Error('x', { cause: [new FinalizationRegistry(() => {})] }),
      '$.cause[0]: it cannot be stored: #<FinalizationRegistry> could not be cloned.',
    ],
    [
      'a URL in a cause in the far corner of a large graph',
      {
        list: Array.from({ length: 20_000 }, (_, i) => ({ i })),
        last: new Error('x', { cause: [new URL('https://a.b/')] }),
      },
      '$.last.cause[0]: a URL cannot be stored',
    ],
    ['what listens', { n: 1, on: new (class On extends EventTarget {})() }, '$.on: an EventTarget cannot be stored'],
    [
      'the URL of another realm',
      [Object.create(Object.create({}, { [Symbol.toStringTag]: { value: 'URL' } }))],
      '$[0]: a URL cannot be stored',
    ],
    [
      'a URL in the far corner of a graph too large to be searched for buffers',
      { list: Array.from({ length: 20_000 }, (_, i) => ({ i })), last: [{ links: [new URL('https://a.b/')] }] },
      '$.last[0].links[0]: a URL cannot be stored',
    ],
    [
      'a boxed symbol in a cycle',
      cyclic(),
      '$.list[1].symbol: it cannot be stored: [object Symbol] could not be cloned.',
    ],
    ['a detached view', given, '$: a buffer that has been detached cannot be stored'],
    ['a detached view inside', { n: 1, given }, '$.given: a buffer that has been detached cannot be stored'],
    [
      'a detached buffer deep inside',
      [{ b: given.buffer }],
      '$[0].b: a buffer that has been detached cannot be stored',
    ],
  ])('%s, naming where it is', (_, value, message) => {
    expect(() => encodeValue(value)).toThrow(new CacheSerializationError(`${message}; ${INSTEAD}`));
  });

  it('no class instance of a user, whatever it calls itself: its own properties are kept, as in a structured clone', () => {
    const { skeleton, parts } = encodeValue({ at: [new Point(1, 2)], none: {}, map: new Map([[{}, new Set()]]) });
    expect(decodeValue(skeleton, parts, 'copy')).toEqual({
      at: [{ x: 1, y: 2 }],
      none: {},
      map: new Map([[{}, new Set()]]),
    });
  });

  it('no error for its cause, if that can be stored: it comes back, its buffers raw', () => {
    const pixels = new Uint8Array([1, 2, 3]);
    const given = { failed: new Error('x', { cause: { pixels, whole: new ArrayBuffer(5), at: new TypeError('y') } }) };
    const { skeleton, parts } = encodeValue(given);
    expect(parts.map((part) => part.byteLength)).toEqual(expect.arrayContaining([3, 5]));
    const { failed } = decodeValue(skeleton, parts, 'copy') as typeof given;
    expect(failed.cause).toEqual(given.failed.cause);
    const calls: string[] = [];
    const own = Object.defineProperty(new Error('x'), 'cause', { get: () => calls.push('cause') });
    expect(decodeValue(encodeValue([own]).skeleton, [], 'copy')).toEqual([new Error('x')]);
    expect(calls).toEqual([]);
  });

  it('what a getter throws, and nesting beyond the stack', () => {
    const value = {
      get size() {
        throw new Error('not today');
      },
    };
    const thrown = (value: unknown, message: string) =>
      expect(() => encodeValue(value)).toThrow(new CacheSerializationError(`${message}; ${INSTEAD}`));
    thrown(value, '$.size: its getter throws: not today');
    thrown({ list: [1, new Map([['k', value]])] }, '$.list[1].get("k").size: its getter throws: not today');
    thrown([value, () => 1], '$[0].size: its getter throws: not today');
    const throwing = (what: unknown) => ({
      get size() {
        throw what;
      },
    });
    thrown(throwing(new RangeError('out of range')), '$.size: its getter throws: out of range');
    thrown(throwing(Object.create(null)), '$.size: its getter throws: an object');
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = { deep };
    expect(() => encodeValue(deep)).toThrow(
      new CacheSerializationError('$: it is nested too deeply; store it with fewer levels'),
    );
  });

  it('a Proxy whatever its traps do, or when it has been revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const trap = new Proxy({}, { getPrototypeOf: () => expect.unreachable() });
    for (const one of [proxy, trap]) {
      const refused = `$[0]: a Proxy cannot be stored; ${INSTEAD}`;
      expect(() => encodeValue([one])).toThrow(new CacheSerializationError(refused));
    }
  });

  it('naming the key, if it is told', () => {
    const refused = `$.b: a function cannot be stored (the value of "k" (string)); ${INSTEAD}`;
    expect(() => encodeValue({ b: () => 1 }, 'k')).toThrow(new CacheSerializationError(refused, { key: 'k' }));
  });

  it('and goes on as if nothing had happened', () => {
    expect(() => encodeValue({ a: 1, b: () => 1 })).toThrow(CacheSerializationError);
    const { skeleton } = encodeValue({ a: 1 });
    expect(decodeValue(skeleton, [], 'copy')).toEqual({ a: 1 });
  });
});

describe('a structured clone', () => {
  it('keeps a BlockList, and loses a URL in a cause, which is found', () => {
    const address = new SocketAddress({ port: 1 });
    expect(findLost({ net: [new BlockList(), address] })).toBeUndefined();
    const value = [new Error('x', { cause: { at: new URL('https://a.b/') } })];
    expect(findUncloneable(value)).toMatch(/^\$\[0\]\.cause\.at: a URL (becomes an empty object|cannot be cloned)$/);
  });
});

const common = new ArrayBuffer(64);

const SAMPLES = [
  { all: new Uint8Array(common), some: [new Float64Array(common, 8, 2), { common }] },
  new Float64Array([1, 2]),
  'text',
  { width: 1, ratio: 0.5, name: 'n', pixels: new Uint16Array([1, 2]) },
  { frames: [new Uint8Array([1]), { raw: new ArrayBuffer(3) }], map: new Map([[1, 2n]]), error: new Error('x') },
];

/** Decodes what may be damaged: a value or an error of ours, and nothing else. */
function decodesSanely(skeleton: Uint8Array, parts: readonly Uint8Array[]): void {
  for (const decode of [() => decodeValue(skeleton, place(parts), 'copy'), () => decodeView(skeleton, place(parts))]) {
    try {
      decode();
    } catch (error) {
      expect(error instanceof CacheCorruptionError || error instanceof CacheSerializationError, String(error)).toBe(
        true,
      );
    }
  }
}

describe('decoding damaged bytes', () => {
  it.each(SAMPLES.map((value) => [value]))('notices every truncation of %o', (value) => {
    const { skeleton, parts } = encodeValue(value);
    for (let length = 0; length < skeleton.byteLength; length++) {
      expect(() => decodeValue(skeleton.slice(0, length), place(parts), 'copy')).toThrow(CacheCorruptionError);
    }
  });

  it.each(SAMPLES.filter((value) => typeof value === 'object').map((value) => [value]))(
    'notices that the parts of %o are missing',
    (value) => {
      const { skeleton } = encodeValue(value);
      expect(() => decodeValue(skeleton, [], 'view')).toThrow(CacheCorruptionError);
    },
  );

  it('notices a part that is no whole number of elements, and bytes that follow the end', () => {
    const { skeleton, parts } = encodeValue(new Float64Array(2));
    expect(() => decodeValue(skeleton, place([parts[0]!.subarray(0, 9)]), 'view')).toThrow(CacheCorruptionError);
    const graph = encodeValue([1, 2, 3]).skeleton;
    const longer = new Uint8Array(graph.byteLength + 1);
    longer.set(graph);
    expect(() => decodeValue(longer, [], 'view')).toThrow(CacheCorruptionError);
  });

  it('never asks for much memory', () => {
    // A part of 1 MiB that a few bytes refer to a thousand times, as buffers and through windows; and lengths made up.
    const part = new Uint8Array(1 << 20);
    const uint32 = (value: number) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
    const many = Array.from({ length: 1000 }, (_, index) => index + 1);
    const buffers = [1, 3, 20, 0, ...uint32(1000), ...many.flatMap((id) => [...uint32(id), ...uint32(1)])];
    const stream = [0xff, 15, 0x41, ...[0xe8, 0x07], ...many.flatMap((id) => [0x74, (id & 127) | 128, id >>> 7])];
    const end = [0x24, 0, 0xe8, 0x07];
    const hostile = [
      [...buffers, ...stream, ...end],
      // An array, a string, a bigint, a buffer, a resizable buffer of 2^32 bytes and more.
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x41, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x61, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x40, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x22, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x5a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x42, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0), 0xff, 15, 0x7e, 0, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [1, 3, 20, 0, ...uint32(0xffff_ffff)],
      [1, 4, 20, 0, ...uint32(0xffff_ffff)],
    ];
    const before = process.memoryUsage().arrayBuffers;
    const kept = hostile.map((bytes) => {
      try {
        return decodeValue(Uint8Array.from(bytes), place([part]), 'copy');
      } catch (error) {
        expect(error instanceof CacheCorruptionError || error instanceof CacheSerializationError, String(error)).toBe(
          true,
        );
        return undefined;
      }
    });
    expect(kept).toHaveLength(hostile.length);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  it('never fails otherwise than by an error of ours, whatever the bytes', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES), fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
        const { skeleton, parts } = encodeValue(value);
        for (const { at, to } of changes) skeleton[at % skeleton.byteLength] = to;
        decodesSanely(skeleton, parts);
      }),
      { seed: 20261121, numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.uint8Array({ maxLength: 60 }), (kind, noise) => {
        decodesSanely(Uint8Array.of(1, kind, 20, 3, ...noise), []);
      }),
      { seed: 20261121, numRuns: 3000 },
    );
  });
});

describe('what another version wrote', () => {
  it('is a serialization error: for a cache, a miss', () => {
    const { skeleton } = encodeValue([1]);
    const later = skeleton.slice();
    later[0] = 2;
    expect(() => decodeValue(later, [], 'copy')).toThrow(
      new CacheSerializationError('stored value: expected format version 1, got 2'),
    );
    // Another major's stream is tried, and not being able to read it is no damage.
    const foreign = skeleton.slice();
    foreign[2] = 99;
    expect(decodeValue(foreign, [], 'copy')).toEqual([1]);
    foreign[9] = 0x7f;
    expect(() => decodeValue(foreign, [], 'copy')).toThrow(CacheSerializationError);
    expect(() => decodeValue(foreign, [], 'copy')).toThrow(/written by Node 99/);
  });
});
