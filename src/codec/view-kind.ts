import { CacheSerializationError } from '../common/error.js';

/** Builds a view of `length` bytes. */
type Build = (buffer: ArrayBufferLike, byteOffset: number, byteLength: number) => ArrayBufferView;

interface ViewKind {
  name: string;
  elementBytes: number;
  build: Build;
}

type TypedArrayConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => ArrayBufferView;

const typed = (name: string, elementBytes: number, Constructor: TypedArrayConstructor): ViewKind => ({
  name,
  elementBytes,
  build: (buffer, byteOffset, byteLength) => new Constructor(buffer, byteOffset, byteLength / elementBytes),
});

const isConstructor = (value: unknown): value is TypedArrayConstructor => typeof value === 'function';

/** Float16Array came with Node 24: elsewhere its values can be moved about but not opened. */
function float16(): ViewKind {
  const Float16Array: unknown = Reflect.get(globalThis, 'Float16Array');
  if (isConstructor(Float16Array)) return typed('Float16Array', 2, Float16Array);
  const build = (): never => {
    throw new CacheSerializationError(`stored value: expected Node 24 or newer, which has Float16Array`);
  };
  return { name: 'Float16Array', elementBytes: 2, build };
}

/** The position in this list is what is stored: append only. */
const VIEW_KINDS: readonly ViewKind[] = [
  { name: 'ArrayBuffer', elementBytes: 1, build: (buffer, offset, length) => new Uint8Array(buffer, offset, length) },
  { name: 'Buffer', elementBytes: 1, build: (buffer, offset, length) => Buffer.from(buffer, offset, length) },
  { name: 'DataView', elementBytes: 1, build: (buffer, offset, length) => new DataView(buffer, offset, length) },
  typed('Uint8Array', 1, Uint8Array),
  typed('Uint8ClampedArray', 1, Uint8ClampedArray),
  typed('Int8Array', 1, Int8Array),
  typed('Uint16Array', 2, Uint16Array),
  typed('Int16Array', 2, Int16Array),
  typed('Uint32Array', 4, Uint32Array),
  typed('Int32Array', 4, Int32Array),
  typed('Float32Array', 4, Float32Array),
  typed('Float64Array', 8, Float64Array),
  typed('BigUint64Array', 8, BigUint64Array),
  typed('BigInt64Array', 8, BigInt64Array),
  float16(),
];

export const ARRAY_BUFFER = 0;
const BUFFER = 1;
const DATA_VIEW = 2;
export const UINT8_ARRAY = 3;
const BY_NAME = new Map(VIEW_KINDS.map(({ name }, index) => [name, index]));

// The inherited getter reads the internal slot: right for subclasses and for views of other realms.
const readTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

/** What kind of view it is. Subclasses count as what they extend, but for Buffer. */
export function viewKindOf(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return BUFFER;
  const tag: unknown = readTag.call(view);
  const kind = typeof tag === 'string' ? BY_NAME.get(tag) : DATA_VIEW;
  if (kind === undefined) throw new CacheSerializationError(`${String(tag)}: a view of this kind cannot be stored`);
  return kind;
}

export const viewKind = (kind: number): ViewKind | undefined => VIEW_KINDS[kind];
