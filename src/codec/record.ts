import { FIELDS_START, Tag } from './field.js';
import { FORMAT_VERSION, Kind, NODE_MAJOR, writeUint32 } from './format.js';
import { binaryKindOf, isBinary, type PartWriter } from './part.js';

/**
 * The short way for what caches of media hold: `{ width, height, pixels }`. V8's serializer takes microseconds to set
 * up whatever the value; this takes a fraction of one. Whatever does not fit (nesting, long strings, strings beyond
 * Latin-1, bigints) takes the long way, so this file decides nothing but speed.
 */
const MAX_FIELDS = 64;
const MAX_NAME = 255;
const MAX_TEXT = 2048;
/** Length of the name, tag, then at most a double. */
const MAX_FIELD_BYTES = 1 + 1 + 8;

const scratch = new Uint8Array(FIELDS_START + MAX_FIELDS * MAX_FIELD_BYTES + MAX_TEXT);
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
  const allNames = names.join('');
  let strings = '';
  for (const value of values) if (typeof value === 'string') strings += value;
  if (allNames.length + strings.length > MAX_TEXT) return undefined;
  let offset = FIELDS_START;
  for (const name of names) {
    if (name.length > MAX_NAME) return undefined;
    scratch[offset++] = name.length;
  }
  if (!writeLatin1(allNames, offset)) return undefined;
  offset += allNames.length;
  scratch[0] = FORMAT_VERSION;
  scratch[1] = kind;
  scratch[2] = NODE_MAJOR;
  scratch[3] = names.length;
  writeUint32(scratch, FIELDS_START - 8, offset);
  for (const value of values) offset = writeField(offset, value, parts);
  // What shares memory with another goes the long way.
  if (parts.join() !== undefined) return undefined;
  writeUint32(scratch, FIELDS_START - 4, offset);
  if (!writeLatin1(strings, offset)) return undefined;
  return scratch.slice(0, offset + strings.length);
}

/** Answers `false` when a character takes more than a byte. */
function writeLatin1(text: string, offset: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return false;
    scratch[offset + i] = code;
  }
  return true;
}

/** Writes tag and payload; returns where the next field starts. */
function writeField(offset: number, value: unknown, parts: PartWriter): number {
  const payload = offset + 1;
  if (typeof value === 'number') return writeNumber(offset, value);
  if (typeof value === 'string') {
    scratch[offset] = Tag.STRING;
    writeUint32(scratch, payload, value.length);
    return payload + 4;
  }
  if (isBinary(value)) {
    scratch[offset] = Tag.BINARY;
    scratch[payload] = binaryKindOf(value);
    writeUint32(scratch, payload + 1, parts.addOnce(value));
    return payload + 5;
  }
  scratch[offset] = value === undefined ? Tag.UNDEFINED : value === null ? Tag.NULL : value ? Tag.TRUE : Tag.FALSE;
  return payload;
}

function writeNumber(offset: number, value: number): number {
  const payload = offset + 1;
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
