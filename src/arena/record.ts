/**
 * # A record: how an entry lies in its block
 *
 * ```
 *  block, 64-byte aligned                                              trailer, 8-byte aligned
 *  ┌──────────────┬─────┬──────────────┬─────┬────────────────────────┬──────────────────┬───────────┬─────┬───────┬──────┐
 *  │ part 0       │ pad │ part 1       │ pad │ … (room that a loader  │ a row of 16 B    │ skeleton  │ pad │ key   │ tags │
 *  │ raw bytes    │ 64  │ raw bytes    │ 64  │    did not use)        │ for each part    │ (codec's) │  2  │ 8/16b │ JSON │
 *  └──────────────┴─────┴──────────────┴─────┴────────────────────────┴──────────────────┴───────────┴─────┴───────┴──────┘
 *
 *  part row, 4 × Uint32: ┌──────┬────────────────────────────────────────┬──────────────┬───┐
 *                        │ unit │ external 1 | byte in unit 6 | segment 12│ byte length  │ 0 │
 *                        └──────┴────────────────────────────────────────┴──────────────┴───┘
 * ```
 *
 * A part lies in the record's own block, its unit counted from the block's beginning so that a block can be moved by
 * copying it; or in another block of the entry ("external": what a loader allocated beside the first), at an absolute
 * place. The parts come first because loaders decode into the block before they know how long the rest will be.
 */
import type { EncodedValue, PartSource } from '../codec/index.js';
import { UNIT_BYTES } from './layout.js';

export const PART_ROW_BYTES = 16;
/** A value of more binary parts than this is not kept in place: the slot counts parts in 16 bits. */
export const MAX_PARTS = 0xffff;
const SUB_SHIFT = 12;
const SEGMENT_MASK = 2 ** SUB_SHIFT - 1;
const EXTERNAL = 2 ** 31;
export const NO_TAGS: Uint8Array = new Uint8Array(0);

/** Where a part lies. `segment` is -1 for a part in the record's own block, `offset` then counts from the block. */
export interface PartPlace {
  segment: number;
  offset: number;
  byteLength: number;
}

/** The place of a part that lies in a granted block already. */
export function placeIn({ segment }: { segment: number }, part: Uint8Array): PartPlace {
  return { segment, offset: part.byteOffset, byteLength: part.byteLength };
}

export interface RecordPlan {
  parts: PartPlace[];
  /** Byte offset of the trailer in the block. */
  trailer: number;
  byteLength: number;
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

/** Bytes of a key in a record: one a character, or two where a character is above U+00FF. */
export function keyBytes(key: string, wide: boolean): number {
  return wide ? key.length * 2 : key.length;
}

/** Whether a key needs two bytes a character. O(length). */
export function isWide(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 0xff) return true;
  return false;
}

/** Bytes of a trailer that begins 8-byte aligned. */
function trailerBytes(parts: number, skeletonLength: number, key: string, wide: boolean): number {
  return align(parts * PART_ROW_BYTES + skeletonLength, 2) + keyBytes(key, wide);
}

/**
 * Places parts and trailer one behind another, from `start` on; parts with a place of their own are left there.
 */
export function planRecord(
  lengths: readonly (number | PartPlace)[],
  skeletonLength: number,
  key: string,
  wide: boolean,
  start = 0,
): RecordPlan {
  let end = start;
  const parts = lengths.map((part) => {
    if (typeof part !== 'number') return part;
    const offset = align(end, UNIT_BYTES);
    end = offset + part;
    return { segment: -1, offset, byteLength: part };
  });
  const trailer = align(end, 8);
  return { parts, trailer, byteLength: trailer + trailerBytes(parts.length, skeletonLength, key, wide) };
}

/** Writes the trailer into its place: from `start` of the target on. */
export function writeTrailer(
  target: Uint8Array,
  parts: readonly PartPlace[],
  skeleton: Uint8Array,
  key: string,
  wide: boolean,
  start = 0,
): void {
  for (let i = 0; i < parts.length; i++) {
    const { segment, offset, byteLength } = parts[i]!;
    const row = start + i * PART_ROW_BYTES;
    writeUint32(target, row, Math.floor(offset / UNIT_BYTES));
    writeUint32(target, row + 4, (offset % UNIT_BYTES) * 2 ** SUB_SHIFT + (segment >= 0 ? EXTERNAL + segment : 0));
    writeUint32(target, row + 8, byteLength);
  }
  target.set(skeleton, start + parts.length * PART_ROW_BYTES);
  writeKey(target, start + align(parts.length * PART_ROW_BYTES + skeleton.length, 2), key, wide);
}

// To make a DataView takes longer than to write the few numbers of a small record by their bytes.
function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

/** Writes a whole record, all of whose parts lie in its own block. */
export function writeRecord(
  target: Uint8Array,
  { parts, trailer, byteLength }: RecordPlan,
  encoded: EncodedValue,
  { key, wide, tags }: { key: string; wide: boolean; tags: Uint8Array },
): void {
  for (let i = 0; i < parts.length; i++) target.set(encoded.parts[i]!, parts[i]!.offset);
  writeTrailer(target, parts, encoded.skeleton, key, wide, trailer);
  if (tags.length > 0) target.set(tags, byteLength - tags.length);
}

function writeKey(target: Uint8Array, at: number, key: string, wide: boolean): void {
  if (!wide) {
    for (let i = 0; i < key.length; i++) target[at + i] = key.charCodeAt(i);
    return;
  }
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    target[at + 2 * i] = code;
    target[at + 2 * i + 1] = code >> 8;
  }
}

/** Whether the key that lies at `at` is this one. */
export function keyEquals(bytes: Uint8Array, at: number, key: string, wide: boolean): boolean {
  if (!wide) {
    for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key.charCodeAt(i)) return false;
    return true;
  }
  for (let i = 0; i < key.length; i++) {
    const code = bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8);
    if (code !== key.charCodeAt(i)) return false;
  }
  return true;
}

/** Where the key lies behind the beginning of the trailer. */
export function keyOffset(parts: number, skeletonLength: number): number {
  return parts * PART_ROW_BYTES + skeletonLength + (skeletonLength & 1);
}

export function readKey(bytes: Uint8Array, at: number, length: number, wide: boolean): string {
  let key = '';
  for (let i = 0; i < length; i++) {
    key += String.fromCharCode(wide ? bytes[at + 2 * i]! | (bytes[at + 2 * i + 1]! << 8) : bytes[at + i]!);
  }
  return key;
}

/** Tags as they lie behind the key: nothing where there are none. */
export function encodeTags(tags: readonly string[] = []): Uint8Array {
  return tags.length === 0 ? NO_TAGS : new TextEncoder().encode(JSON.stringify(tags));
}

export function decodeTags(bytes: Uint8Array): readonly string[] {
  if (bytes.length === 0) return [];
  return JSON.parse(Buffer.from(bytes).toString()) as string[];
}

/** Of the rows of a record's parts, those that lie in other blocks. */
export function externalParts(rows: Uint8Array, count: number): PartPlace[] {
  const words = new DataView(rows.buffer, rows.byteOffset, count * PART_ROW_BYTES);
  const places: PartPlace[] = [];
  for (let row = 0; row < count * PART_ROW_BYTES; row += PART_ROW_BYTES) {
    const packed = words.getUint32(row + 4, true);
    if (packed < EXTERNAL) continue;
    const offset = words.getUint32(row, true) * UNIT_BYTES + ((packed >>> SUB_SHIFT) & (UNIT_BYTES - 1));
    places.push({ segment: packed & SEGMENT_MASK, offset, byteLength: words.getUint32(row + 8, true) });
  }
  return places;
}

/** The parts of a record, as places in their segments' buffers. Its trailer begins at `at`. */
export function readParts(
  bytes: Uint8Array,
  at: number,
  count: number,
  own: { buffer: SharedArrayBuffer; offset: number },
  segment: (index: number) => SharedArrayBuffer | undefined,
): PartSource[] | undefined {
  const parts: PartSource[] = [];
  for (let row = at; row < at + count * PART_ROW_BYTES; row += PART_ROW_BYTES) {
    const packed = readUint32(bytes, row + 4);
    const offset = readUint32(bytes, row) * UNIT_BYTES + ((packed >>> SUB_SHIFT) & (UNIT_BYTES - 1));
    const byteLength = readUint32(bytes, row + 8);
    if (packed < EXTERNAL) {
      parts.push({ buffer: own.buffer, byteOffset: own.offset + offset, byteLength });
    } else {
      const buffer = segment(packed & SEGMENT_MASK);
      if (buffer === undefined) return undefined;
      parts.push({ buffer, byteOffset: offset, byteLength });
    }
  }
  return parts;
}

// Making views of a trailer takes longer than all that is read of it.
function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/**
 * The only part of a record whose block begins at `block` and whose trailer begins at `at`, if it lies in that block, at a
 * unit, as it mostly does: in place. `bytes` is the whole segment.
 */
export function readOnlyPart(bytes: Uint8Array, block: number, at: number): Uint8Array | undefined {
  if (readUint32(bytes, at + 4) !== 0) return undefined;
  const offset = block + readUint32(bytes, at) * UNIT_BYTES;
  const byteLength = readUint32(bytes, at + 8);
  // Damaged, perhaps: then the codec says so.
  return offset + byteLength <= bytes.length ? new Uint8Array(bytes.buffer, offset, byteLength) : undefined;
}
