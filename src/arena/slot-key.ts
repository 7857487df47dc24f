import { FLAG_WIDE_KEY, PARTS_MASK, SLOT, SLOT_WORDS, UNIT_BYTES } from './layout.js';
import { decodeTags, keyBytes, keyEquals, keyOffset, readKey } from './record.js';
import type { SegmentMap } from './segment-map.js';
import type { CacheTable } from './table.js';

/** Where a slot's key lies in its segment. The slot must be pinned, or the caller be the keeper. */
function keyPlace(table: CacheTable, slot: number): number {
  const at = table.slotWords + slot * SLOT_WORDS;
  const { words } = table;
  const trailer = (words[at + SLOT.trailer]! >>> 0) * 8;
  const parts = words[at + SLOT.parts]! & PARTS_MASK;
  const skeleton = words[at + SLOT.skeletonLength]! >>> 0;
  return (words[at + SLOT.unit]! >>> 0) * UNIT_BYTES + trailer + keyOffset(parts, skeleton);
}

/** Whether a slot's key, in its block, is this one. The slot must be pinned, or the caller be the keeper. */
export function slotKeyEquals(table: CacheTable, segments: SegmentMap, slot: number, key: string): boolean {
  if (table.int(slot, SLOT.keyLength) !== key.length) return false;
  const wide = (table.int(slot, SLOT.parts) & FLAG_WIDE_KEY) !== 0;
  const place = keyPlace(table, slot);
  const segment = table.int(slot, SLOT.segment);
  const whole = segments.whole(segment);
  if (whole !== undefined) return keyEquals(whole, place, key, wide);
  const view = segments.view(segment, place, keyBytes(key, wide));
  return view !== undefined && keyEquals(view, 0, key, wide);
}

/** A slot's key. The slot must be pinned, or the caller be the keeper. */
export function slotKey(table: CacheTable, segments: SegmentMap, slot: number): string | undefined {
  const wide = (table.int(slot, SLOT.parts) & FLAG_WIDE_KEY) !== 0;
  const length = table.int(slot, SLOT.keyLength);
  const view = segments.view(table.int(slot, SLOT.segment), keyPlace(table, slot), wide ? length * 2 : length);
  return view && readKey(view, 0, length, wide);
}

/** A slot's tags, which lie behind its key. The slot must be pinned, or the caller be the keeper. */
export function slotTags(table: CacheTable, segments: SegmentMap, slot: number): readonly string[] {
  const length = table.int(slot, SLOT.tagsLength);
  if (length === 0) return [];
  const wide = (table.int(slot, SLOT.parts) & FLAG_WIDE_KEY) !== 0;
  const place = keyPlace(table, slot) + (wide ? 2 : 1) * table.int(slot, SLOT.keyLength);
  const view = segments.view(table.int(slot, SLOT.segment), place, length);
  return view === undefined ? [] : decodeTags(view);
}
