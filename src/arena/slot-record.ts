import { isPlainBytes, type PartSource, PLAIN_BYTES_LENGTH } from '../codec/index.js';
import { PARTS_MASK, SLOT, SLOT_WORDS, UNIT_BYTES } from './layout.js';
import { PART_ROW_BYTES, readOnlyPart, readParts } from './record.js';
import type { SegmentMap } from './segment-map.js';
import type { CacheTable } from './table.js';

/** What a slot holds, as places in shared memory. */
export interface RecordView {
  skeleton: Uint8Array;
  parts: PartSource[];
}

/** The bytes of an entry, in place. The slot must be pinned. `undefined` if its segment is not known to this thread. */
export function slotRecord(table: CacheTable, segments: SegmentMap, slot: number): RecordView | undefined {
  const segment = table.int(slot, SLOT.segment);
  const buffer = segments.buffer(segment);
  if (buffer === undefined) return undefined;
  const count = table.int(slot, SLOT.parts) & PARTS_MASK;
  const offset = table.blockOffset(slot);
  const trailer = offset + (table.int(slot, SLOT.trailer) >>> 0) * 8;
  const skeletonAt = trailer + count * PART_ROW_BYTES;
  const skeleton = new Uint8Array(buffer, skeletonAt, table.int(slot, SLOT.skeletonLength) >>> 0);
  if (count === 0) return { skeleton, parts: [] };
  const whole = segments.whole(segment);
  const rows = whole ?? new Uint8Array(buffer, trailer, count * PART_ROW_BYTES);
  const from = whole === undefined ? 0 : trailer;
  const parts = readParts(rows, from, count, { buffer, offset }, (index) => segments.buffer(index));
  return parts && { skeleton, parts };
}

/** The value of a slot, in place, if it is bytes and nothing else; `undefined` for others. The slot must be pinned. */
export function slotBytes(
  { words, slotWords }: CacheTable,
  segments: SegmentMap,
  slot: number,
): Uint8Array | undefined {
  const at = slotWords + slot * SLOT_WORDS;
  if (words[at + SLOT.skeletonLength] !== PLAIN_BYTES_LENGTH) return undefined;
  if ((words[at + SLOT.parts]! & PARTS_MASK) !== 1) return undefined;
  const bytes = segments.whole(words[at + SLOT.segment]!);
  if (bytes === undefined) return undefined;
  const block = (words[at + SLOT.unit]! >>> 0) * UNIT_BYTES;
  const trailer = block + (words[at + SLOT.trailer]! >>> 0) * 8;
  return isPlainBytes(bytes, trailer + PART_ROW_BYTES) ? readOnlyPart(bytes, block, trailer) : undefined;
}
