import { FIELDS_START, Tag } from './field.js';
import { corrupt, HEADER_BYTES, readUint32 } from './format.js';
import type { PartReader } from './part.js';

const SHAPES = 64;

/** The names of a record, and the bytes that they were read from. */
interface Shape {
  bytes: Uint8Array;
  names: string[];
}

// The records of one cache look alike, and making names out of bytes costs more than all the rest of a hit.
const shapes = new Array<Shape | undefined>(SHAPES).fill(undefined);

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

export function decodeScalar(skeleton: Uint8Array, parts: PartReader): unknown {
  return new FieldReader(skeleton, parts).next();
}

export function decodeRecord(skeleton: Uint8Array, parts: PartReader): object {
  const fields = new FieldReader(skeleton, parts);
  const record: Record<string, unknown> = {};
  for (const name of namesOf(skeleton, fields.start)) {
    const value = fields.next();
    if (name === '__proto__') {
      Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
    } else record[name] = value;
  }
  return record;
}

function namesOf(skeleton: Uint8Array, end: number): string[] {
  const slot = (skeleton[3]! * 31 + end + skeleton[end - 1]!) % SHAPES;
  const known = shapes[slot];
  if (known && isSame(known.bytes, skeleton, end)) return known.names;
  const names = readNames(skeleton, end);
  shapes[slot] = { bytes: new Uint8Array(skeleton.subarray(HEADER_BYTES - 1, end)), names };
  return names;
}

/** Compares from the count on; where the text starts differs with the values, and does not matter. */
function isSame(bytes: Uint8Array, skeleton: Uint8Array, end: number): boolean {
  if (bytes.length !== end - HEADER_BYTES + 1 || bytes[0] !== skeleton[HEADER_BYTES - 1]) return false;
  for (let i = FIELDS_START; i < end; i++) if (bytes[i - HEADER_BYTES + 1] !== skeleton[i]) return false;
  return true;
}

function readNames(skeleton: Uint8Array, end: number): string[] {
  const count = skeleton[3]!;
  let offset = FIELDS_START + count;
  if (offset > end) throw corrupt('its names end too early');
  const names: string[] = [];
  for (let field = 0; field < count; field++) {
    const from = offset;
    offset += skeleton[FIELDS_START + field]!;
    if (offset > end) throw corrupt('its names end too early');
    names.push(latin1(skeleton, from, offset));
  }
  return names;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** Steps through the values and, beside them, through the text. */
class FieldReader {
  /** Where the values start. */
  readonly start: number;
  private readonly end: number;
  private offset: number;
  private textOffset: number;
  private made: Map<number, unknown> | undefined;

  constructor(
    private readonly skeleton: Uint8Array,
    private readonly parts: PartReader,
  ) {
    this.start = readUint32(skeleton, HEADER_BYTES);
    this.end = readUint32(skeleton, HEADER_BYTES + 4);
    this.offset = this.start;
    this.textOffset = this.end;
    if (this.start < FIELDS_START || this.end < this.start || this.end > skeleton.byteLength) {
      throw corrupt('its fields lie outside of it');
    }
  }

  next(): unknown {
    const { skeleton } = this;
    switch (skeleton[this.advance(1)]) {
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
      case Tag.DOUBLE:
        return this.double(this.advance(8));
      case Tag.STRING:
        return this.text(readUint32(skeleton, this.advance(4)));
      case Tag.BINARY:
        return this.binary(this.advance(5));
      default:
        throw corrupt('it has a field of an unknown kind');
    }
  }

  private advance(bytes: number): number {
    const from = this.offset;
    this.offset += bytes;
    if (this.offset > this.end) throw corrupt('its fields end too early');
    return from;
  }

  private double(offset: number): number {
    for (let i = 0; i < 8; i++) doubleBytes[i] = this.skeleton[offset + i]!;
    return double[0]!;
  }

  private text(length: number): string {
    const from = this.textOffset;
    this.textOffset += length;
    if (this.textOffset > this.skeleton.byteLength) throw corrupt('its text ends too early');
    return latin1(this.skeleton, from, this.textOffset);
  }

  /** The same part is the same object. */
  private binary(offset: number): unknown {
    const kind = this.skeleton[offset]!;
    const reference = readUint32(this.skeleton, offset + 1);
    if (reference === 0) return this.parts.binary(kind, reference);
    let found = this.made?.get(reference);
    if (found === undefined) {
      found = this.parts.binary(kind, reference);
      this.made ??= new Map();
      this.made.set(reference, found);
    }
    return found;
  }
}
