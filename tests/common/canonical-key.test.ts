import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalArgs, canonicalKey, keyOf } from '../../src/common/canonical-key.js';
import { CacheKeyError } from '../../src/common/error.js';

const SEED = 20261121;

/** Values that some encoder in the wild has confused with one another. */
const TELLTALES: [string, unknown][] = [
  ['1', 1],
  ["'1'", '1'],
  ['[1]', [1]],
  ["['1']", ['1']],
  ['{0: 1}', { 0: 1 }],
  ['0', 0],
  ['-0', -0],
  ['NaN', Number.NaN],
  ["'NaN'", 'NaN'],
  ['null', null],
  ["'null'", 'null'],
  ['undefined', undefined],
  ['0n', 0n],
  ['1n', 1n],
  ["'1n'", '1n'],
  ['true', true],
  ["'true'", 'true'],
  ['false', false],
  ["''", ''],
  ['[]', []],
  ['[undefined]', [undefined]],
  ['[,]', new Array(1)],
  ['[[]]', [[]]],
  ['{}', {}],
  ['{a: undefined}', { a: undefined }],
  ['{a: 1, b: 1}', { a: 1, b: 1 }],
  ["{'a:1,b': 1}", { 'a:1,b': 1 }],
  ["['a', 'b']", ['a', 'b']],
  ["[`a','b`]", ["a','b"]],
  ['Map {}', new Map()],
  ['Map {a => 1}', new Map([['a', 1]])],
  ['Set {}', new Set()],
  ['Set {1}', new Set([1])],
  ['epoch', new Date(0)],
  ['no date', new Date(Number.NaN)],
  ['/a/', /a/],
  ['/a/g', /a/g],
  ["'/a/'", '/a/'],
  ['Uint8Array', new Uint8Array(8)],
  ['Uint8ClampedArray', new Uint8ClampedArray(8)],
  ['Int8Array', new Int8Array(8)],
  ['Uint16Array', new Uint16Array(4)],
  ['Int16Array', new Int16Array(4)],
  ['Uint32Array', new Uint32Array(2)],
  ['Int32Array', new Int32Array(2)],
  ['Float32Array', new Float32Array(2)],
  ['Float64Array', new Float64Array(1)],
  ['BigInt64Array', new BigInt64Array(1)],
  ['BigUint64Array', new BigUint64Array(1)],
  ['DataView', new DataView(new ArrayBuffer(8))],
  ['ArrayBuffer', new ArrayBuffer(8)],
  ['SharedArrayBuffer', new SharedArrayBuffer(8)],
  ['Buffer', Buffer.alloc(8)],
  ['Error', new Error('x')],
  ['TypeError', new TypeError('x')],
  ['Error with a cause', new Error('x', { cause: 1 })],
  ['AggregateError []', new AggregateError([], 'x')],
  ['AggregateError [1]', new AggregateError([1], 'x')],
  ['/a/g at 1', Object.assign(/a/g, { lastIndex: 1 })],
  ['long Uint8Array', new Uint8Array(100)],
  ['long Buffer', Buffer.alloc(100)],
  ['long Float64Array', new Float64Array(100)],
  ['boxed 1', Object(1)],
  ['boxed string', Object('1')],
  ['URL', new URL('http://a.b/c')],
  ["'http://a.b/c'", 'http://a.b/c'],
  ['lone surrogate', '\ud800'.repeat(200)],
  ['other lone surrogate', '\ud801'.repeat(200)],
  ['replacement character', '\ufffd'.repeat(200)],
];

const data = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: false,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
  maxDepth: 3,
});

describe('canonicalKey', () => {
  it('tells apart what is easily confused', () => {
    const keys = new Map<string, string>();
    for (const [name, value] of TELLTALES) {
      const key = canonicalKey(value);
      expect(keys.get(key), `${name} against`).toBeUndefined();
      keys.set(key, name);
    }
  });

  it('gives equal keys to equal values and different keys to different ones', () => {
    fc.assert(
      fc.property(data, data, (left, right) => {
        expect(canonicalKey(structuredClone(left))).toBe(canonicalKey(left));
        expect(canonicalKey(left) === canonicalKey(right)).toBe(isDeepStrictEqual(left, right));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('is injective where values are alike', () => {
    const close = fc.array(fc.oneof(fc.constantFrom('', 'a', ':', 's1:a', '1;', 'd1;', 'a1:'), fc.nat(3)), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(close, close, (left, right) => {
        expect(canonicalKey(left) === canonicalKey(right)).toBe(isDeepStrictEqual(left, right));
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it('does not depend on the order of properties, map entries and set members', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), data), { selector: ([name]) => name, maxLength: 8 });
    fc.assert(
      fc.property(entries, fc.nat(), (list, turn) => {
        const at = list.length === 0 ? 0 : turn % list.length;
        const turned = [...list.slice(at), ...list.slice(0, at)].reverse();
        expect(canonicalKey(Object.fromEntries(turned))).toBe(canonicalKey(Object.fromEntries(list)));
        expect(canonicalKey(new Map(turned))).toBe(canonicalKey(new Map(list)));
        expect(canonicalKey(new Set(turned.map(String)))).toBe(canonicalKey(new Set(list.map(String))));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('stays short, and readable when the value is', () => {
    expect(canonicalKey('/img/a.jpg')).toBe('s10:/img/a.jpg');
    expect(canonicalKey({ b: 2, a: 1 })).toBe('o2:s1:ad1;s1:bd2;');
    expect(canonicalKey('x'.repeat(1e6)).length).toBeLessThanOrEqual(120);
    expect(canonicalKey(Array.from({ length: 1000 }, (_, i) => i)).length).toBeLessThanOrEqual(120);
    expect(canonicalKey('x'.repeat(1000))).not.toBe(canonicalKey('x'.repeat(1001)));
  });

  it('costs no more than the value, however its parts are shared', () => {
    let value: unknown = ['leaf'];
    for (let i = 0; i < 64; i++) value = [value, value];
    expect(canonicalKey(value)).toMatch(/^#/);
  });

  it('takes views of shared memory, and digests their bytes', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8).fill(7);
    expect(canonicalKey(shared)).toBe(canonicalKey(new Uint8Array(8).fill(7)));
    shared[3] = 8;
    expect(canonicalKey(shared)).not.toBe(canonicalKey(new Uint8Array(8).fill(7)));
  });

  it('takes plain data of another realm', () => {
    expect(canonicalKey(runInNewContext('({ a: [1], m: new Map([[1, 2]]) })'))).toBe(
      canonicalKey({ a: [1], m: new Map([[1, 2]]) }),
    );
  });

  it('counts what hangs on an array beside its elements, and an own __proto__', () => {
    expect(canonicalKey(Object.assign([1], { extra: 1 }))).not.toBe(canonicalKey([1]));
    expect(canonicalKey(JSON.parse('{"__proto__": 1}'))).not.toBe(canonicalKey({}));
    expect(canonicalKey(Object.assign([], { length: 4_000_000_000 }))).toBe('A4000000000:0:');
  });
});

describe('values without a stable key', () => {
  class Session {
    id = 1;
  }
  class Bag extends Map {}
  const cycle: Record<string, unknown> = {};
  cycle['self'] = { cycle };
  let deep: unknown = 1;
  for (let i = 0; i < 2000; i++) deep = [deep];
  const given = new ArrayBuffer(8);
  structuredClone(given, { transfer: [given] });

  it.each<[string, unknown, string]>([
    ['a function', { a: [{ on() {} }] }, '$.a[0].on: a function has no stable key'],
    ['a symbol', new Map([['k', Symbol('x')]]), '$.get("k" (string)): a symbol has no stable key'],
    ['a promise', { p: Promise.resolve() }, '$.p: an instance of Promise has no stable key'],
    ['a WeakMap', [new WeakMap()], '$[0]: an instance of WeakMap has no stable key'],
    ['an instance', { 'my session': new Session() }, '$["my session"]: an instance of Session has no stable key'],
    ['a subclass of Map', new Bag(), '$: an instance of Bag has no stable key'],
    ['a Date with a property', Object.assign(new Date(0), { zone: 1 }), '$: an instance of Date has no stable key'],
    ['a subclass of Array', Object.assign(new (class Vector extends Array {})(), [1]), '$: an instance of Vector'],
    ['a subclass of Uint8Array', new (class Pixels extends Uint8Array {})(4), '$: an instance of Pixels'],
    ['a subclass of Error', new (class HttpError extends Error {})('x'), '$: an instance of HttpError'],
    ['a subclass of nothing', new { Object: class {} }.Object(), '$: an object has no stable key'],
    ['what inherits data', { a: Object.create({ secret: 1 }) }, '$.a: an object has no stable key'],
    ['what inherits data from nothing', Object.create(Object.create(null, { secret: { value: 1 } })), '$: an object'],
    ['what pretends to be a Map', Object.create(Map.prototype), '$: an instance of Map has no stable key'],
    ['a proxy', { p: new Proxy({}, { get: (_, name) => name }) }, '$.p: a proxy has no stable key'],
    [
      'a getter',
      {
        a: {
          get b() {
            return Math.random();
          },
        },
      },
      '$.a.b: a getter has no stable key',
    ],
    ['a getter in an array', Object.defineProperty([1], 0, { get: () => 1, enumerable: true }), '$[0]: a getter'],
    ['a hidden property', Object.defineProperty({}, 'id', { value: 1 }), '$.id: a hidden property has no stable key'],
    ['the strings of a template', ((strings: TemplateStringsArray) => strings)`a`, '$.raw: a hidden property'],
    ['arguments', runInNewContext('(function () { return arguments; })(1)'), 'a property named by a symbol'],
    [
      'bytes with a property',
      Object.assign(Buffer.alloc(3), { type: 1 }),
      '$: an instance of Buffer has no stable key',
    ],
    [
      'many bytes with a property',
      Object.assign(new Uint8Array(99), { type: 1 }),
      '$: an instance of Uint8Array has no',
    ],
    ['bytes with a symbol', Object.assign(Buffer.alloc(99), { [Symbol('x')]: 1 }), '$: an instance of Buffer has no'],
    ['a boxed value with a property', Object.assign(Object('ab'), { x: 1 }), '$: an instance of String has no'],
    ['a boxed symbol', Object(Symbol('x')), '$: a symbol has no stable key'],
    ['a generator', (function* () {})(), 'no stable key'],
    ['an invalid place in a cause', new Error('x', { cause: [() => 1] }), '$.cause[0]: a function has no stable key'],
    ['a cycle', cycle, '$.self.cycle: a cycle has no stable key'],
    ['a symbol as a name', { [Symbol('x')]: 1 }, '$: a property named by a symbol has no stable key'],
    ['depth', deep, 'nested more than 1000 levels deep'],
    ['a detached buffer', { given }, '$.given: the buffer of this ArrayBuffer has been detached'],
  ])('%s', (_, value, message) => {
    expect(() => canonicalKey(value)).toThrow(CacheKeyError);
    expect(() => canonicalKey(value)).toThrow(message);
  });
});

describe('canonicalArgs', () => {
  it('drops trailing undefineds and no others', () => {
    expect(canonicalArgs([1, undefined, undefined])).toBe(canonicalArgs([1]));
    expect(canonicalArgs([undefined])).toBe(canonicalArgs([]));
    expect(canonicalArgs([undefined, 1])).not.toBe(canonicalArgs([1]));
    expect(canonicalArgs([[1, undefined]])).not.toBe(canonicalArgs([[1]]));
  });

  it('tells a list of arguments from an argument that is a list', () => {
    expect(canonicalArgs([1, 2])).not.toBe(canonicalArgs([[1, 2]]));
  });

  it('names the argument that cannot be used', () => {
    expect(() => canonicalArgs([1, { f: () => 1 }])).toThrow('arguments[1].f: a function has no stable key');
  });
});

describe('keyOf', () => {
  it('joins the name of a loader and its input', () => {
    expect(keyOf('thumb', '/a.jpg')).toBe('thumb:s6:/a.jpg');
    expect(keyOf('thumb', { w: 1, h: 2 })).toBe(keyOf('thumb', { h: 2, w: 1 }));
  });

  it('keeps loaders apart, colons in their names or not', () => {
    const name = fc.stringMatching(/^[a:%s1u3A]{1,8}$/);
    const input = fc.oneof(fc.constant(undefined), fc.stringMatching(/^[a:%s1u3A]{0,6}$/));
    fc.assert(
      fc.property(name, input, name, input, (leftName, left, rightName, right) => {
        expect(keyOf(leftName, left) === keyOf(rightName, right)).toBe(leftName === rightName && left === right);
      }),
      { seed: SEED, numRuns: 3000 },
    );
    expect(keyOf('a:s3:b', undefined)).not.toBe(keyOf('a', 'b:u'));
  });

  it('refuses an empty name', () => {
    expect(() => keyOf('', 1)).toThrow(new CacheKeyError('name: expected a non-empty string; got "" (string)'));
  });
});
