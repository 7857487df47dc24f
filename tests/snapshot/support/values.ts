import fc from 'fast-check';

const bytes = fc.uint8Array({ maxLength: 40 });

const VIEWS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

/** Eight whole elements of any kind of view. */
const view = fc
  .tuple(fc.constantFrom(...VIEWS), fc.uint8Array({ minLength: 64, maxLength: 64 }))
  .map(([View, raw]) => new View(raw.slice().buffer.slice(0, 8 * View.BYTES_PER_ELEMENT)));

const binary = fc.oneof(
  view,
  bytes.map((raw) => Buffer.from(raw)),
  bytes.map((raw) => raw.slice().buffer),
  bytes.map((raw) => new DataView(raw.slice().buffer)),
);

const primitive = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, -0, Number.NaN, Number.POSITIVE_INFINITY, '', '\ud800', '漢字'),
);

const leaf = fc.oneof(
  primitive,
  binary,
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a+b/gi, new RangeError('of an error'), new Map(), new Set()),
);

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
    fc.array(fc.tuple(primitive, tie('tree')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(primitive, { maxLength: 4 }).map((members) => new Set(members)),
    fc.record({ width: fc.nat(), height: fc.nat(), pixels: bytes, undefined: fc.constant(undefined) }),
  ),
}));

/** Any value that can be stored, of every kind there is. */
export const anyValue: fc.Arbitrary<unknown> = tree;

/** Any key of a `Cache` that a file can hold and a `Map` finds again. */
export const anyKey: fc.Arbitrary<unknown> = fc.oneof(primitive, fc.constant(undefined));
