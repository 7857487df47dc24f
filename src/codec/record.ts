import { corrupt, FORMAT_VERSION, HEADER_BYTES, Kind, NODE_MAJOR, readUint32, writeUint32 } from './format.js';
import { binaryKindOf, isBinary, type PartReader, type PartWriter } from './part.js';

/**
 * The short way for what caches of media hold: `{ width, height, pixels }`. V8's serializer takes microseconds to set up
 * whatever the value; this takes a fraction of one. Whatever does not fit (nesting, long strings, strings beyond Latin-1,
 * bigints) takes the long way, so this file decides nothing but speed.
 */
const Tag = { UNDEFINED: 0, NULL: 1, FALSE: 2, TRUE: 3, INT32: 4, DOUBLE: 5, STRING: 6, BINARY: 7 } as const;

const MAX_FIELDS = 64;
const MAX_NAME = 255;
const MAX_TEXT = 2048;
const FIELDS_START = HEADER_BYTES + 4;
/** Tag and length of the name, then at most a double. */
const MAX_FIELD_BYTES = 2 + 8;
const BEYOND_LATIN1 = /[\u0100-\uffff]/;

const scratch = Buffer.allocUnsafeSlow(FIELDS_START + MAX_FIELDS * MAX_FIELD_BYTES + MAX_TEXT);
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** The skeleton of a primitive, or `undefined` when it must go the long way. */
export function encodeScalar(value: unknown, parts: PartWriter): Uint8Array | undefined {
  return isSimple(value) ? encodeFields(Kind.SCALAR, [''], [value], parts) : undefined;
}

/** The skeleton of a plain object of primitives and binary, or `undefined` when it must go the long way. */
export function encodeRecord(value: object, parts: PartWriter): Uint8Array | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const names = Object.keys(value);
  if (names.length > MAX_FIELDS) return undefined;
  const values: unknown[] = [];
  // A getter may run any code, another encoding included: read everything before the scratch buffer is touched.
  for (const name of names) {
    const member: unknown = Reflect.get(value, name);
    if (!isSimple(member) && !isBinary(member)) return undefined;
    values.push(member);
  }
  return encodeFields(Kind.RECORD, names, values, parts);
}

function isSimple(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return true;
    case 'string':
      return value.length <= MAX_TEXT;
    default:
      return value === null;
  }
}

function encodeFields(kind: number, names: string[], values: unknown[], parts: PartWriter): Uint8Array | undefined {
  let text = '';
  let offset = FIELDS_START;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = values[i];
    text += typeof value === 'string' ? name + value : name;
    if (name.length > MAX_NAME || text.length > MAX_TEXT) return undefined;
    scratch[offset + 1] = name.length;
    offset = writeField(offset, value, parts);
  }
  if (BEYOND_LATIN1.test(text)) return undefined;
  scratch[0] = FORMAT_VERSION;
  scratch[1] = kind;
  scratch[2] = NODE_MAJOR;
  scratch[3] = names.length;
  writeUint32(scratch, HEADER_BYTES, offset);
  offset += scratch.write(text, offset, 'latin1');
  return new Uint8Array(scratch.subarray(0, offset));
}

/** Writes the tag and the payload, leaving room for the length of the name; returns where the next field starts. */
function writeField(offset: number, value: unknown, parts: PartWriter): number {
  const payload = offset + 2;
  if (typeof value === 'number') return writeNumber(offset, value);
  if (typeof value === 'string') {
    scratch[offset] = Tag.STRING;
    writeUint32(scratch, payload, value.length);
    return payload + 4;
  }
  if (isBinary(value)) {
    scratch[offset] = Tag.BINARY;
    scratch[payload] = binaryKindOf(value);
    writeUint32(scratch, payload + 1, parts.add(value));
    return payload + 5;
  }
  scratch[offset] = value === undefined ? Tag.UNDEFINED : value === null ? Tag.NULL : value ? Tag.TRUE : Tag.FALSE;
  return payload;
}

function writeNumber(offset: number, value: number): number {
  const payload = offset + 2;
  if ((value | 0) === value && !Object.is(value, -0)) {
    scratch[offset] = Tag.INT32;
    writeUint32(scratch, payload, value);
    return payload + 4;
  }
  scratch[offset] = Tag.DOUBLE;
  double[0] = value;
  scratch.set(doubleBytes, payload);
  return payload + 8;
}

export function decodeScalar(skeleton: Uint8Array, parts: PartReader): unknown {
  return new FieldReader(skeleton, parts).read().value;
}

export function decodeRecord(skeleton: Uint8Array, parts: PartReader): object {
  const reader = new FieldReader(skeleton, parts);
  const record: Record<string, unknown> = {};
  for (let left = skeleton[3]!; left > 0; left--) {
    const { name, value } = reader.read();
    if (name === '__proto__') {
      Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
    } else record[name] = value;
  }
  return record;
}

/** Steps through the fields and, beside them, through the text. */
class FieldReader {
  private readonly made = new Map<number, unknown>();
  private readonly text: string;
  private readonly end: number;
  private offset = FIELDS_START;
  private textOffset = 0;

  constructor(
    private readonly skeleton: Uint8Array,
    private readonly parts: PartReader,
  ) {
    this.end = readUint32(skeleton, HEADER_BYTES);
    if (this.end > skeleton.byteLength) throw corrupt('its text starts beyond its end');
    this.text = Buffer.from(skeleton.buffer, skeleton.byteOffset, skeleton.byteLength).toString('latin1', this.end);
  }

  read(): { name: string; value: unknown } {
    const tag = this.skeleton[this.offset]!;
    const nameLength = this.skeleton[this.offset + 1]!;
    this.offset += 2;
    if (this.offset > this.end) throw corrupt('its fields end too early');
    const name = this.takeText(nameLength);
    return { name, value: this.payload(tag) };
  }

  private payload(tag: number): unknown {
    const { skeleton } = this;
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.FALSE:
        return false;
      case Tag.TRUE:
        return true;
      case Tag.INT32:
        return readUint32(skeleton, this.advance(4)) | 0;
      case Tag.DOUBLE: {
        const offset = this.advance(8);
        for (let i = 0; i < 8; i++) doubleBytes[i] = skeleton[offset + i]!;
        return double[0];
      }
      case Tag.STRING:
        return this.takeText(readUint32(skeleton, this.advance(4)));
      case Tag.BINARY: {
        const offset = this.advance(5);
        return this.binary(skeleton[offset]!, readUint32(skeleton, offset + 1));
      }
      default:
        throw corrupt(`there is no field of kind ${tag}`);
    }
  }

  private advance(bytes: number): number {
    const from = this.offset;
    this.offset += bytes;
    if (this.offset > this.end) throw corrupt('its fields end too early');
    return from;
  }

  private takeText(length: number): string {
    const from = this.textOffset;
    this.textOffset += length;
    if (this.textOffset > this.text.length) throw corrupt('its text ends too early');
    return this.text.slice(from, this.textOffset);
  }

  /** The same part is the same object. */
  private binary(kind: number, reference: number): unknown {
    if (reference === 0) return this.parts.binary(kind, reference);
    let found = this.made.get(reference);
    if (found === undefined) {
      found = this.parts.binary(kind, reference);
      this.made.set(reference, found);
    }
    return found;
  }
}
