/**
 * # What a keeper leaves to its successor
 *
 * A keeper may end between any two stores. Its successor reads out of shared memory what is true, and nothing is true
 * twice:
 *
 * - an entry is there if the chosen index leads to its slot and that is READY: an index changes in one store, after the
 *   slot has been made READY, and before one that leaves is RETIRED;
 * - a block is in use if such an entry lies in it, or one that has left and is pinned or held, or if the ledger says that
 *   it was granted to a thread; all else is free;
 * - changes that belong together were being carried out if the count of them is odd: then nobody knows which of them have
 *   been, and the cache starts empty.
 *
 * Pins of all rows count until their threads are proven to be gone, so no block is given away that somebody still reads.
 */
import type { BlockNode } from './allocator.js';
import type { Arena } from './arena.js';
import { OWNER } from './arena.js';
import { chargeOf, unitsOf } from './entry-store.js';
import type { KeeperCache } from './keeper-cache.js';
import {
  EMPTY,
  FLAG_EXTERNAL,
  FLAG_WIDE_KEY,
  GENERATION_BITS,
  PARTS_MASK,
  READY,
  RETIRED,
  refCache,
  refSlot,
  SLOT,
  SLOT_F64,
  STATE_BITS,
  STATE_MASK,
  TABLE_CHANGES,
  TABLE_RESETS,
  toRef,
  UNIT_BYTES,
} from './layout.js';
import type { CacheTicket } from './protocol.js';
import { externalParts, keyOffset, PART_ROW_BYTES } from './record.js';
import type { SegmentMap } from './segment-map.js';
import { CacheTable } from './table.js';

/** What a successor is given. */
export interface Estate {
  control: SharedArrayBuffer;
  segments: readonly SharedArrayBuffer[];
  /** Of all caches, those included that have been closed and whose last bytes are still leased. */
  caches: readonly CacheTicket[];
  /** The number of the keeper among those of the arena: the first is 0. */
  epoch: number;
  /** Whether an attempt to take the entries over has failed before: then none is. */
  startEmpty: boolean;
}

interface Extent {
  segment: number;
  start: number;
  units: number;
}

/** Blocks that belong together, and what becomes of them once the allocator knows them. */
interface Claim {
  extents: readonly Extent[];
  nodes: BlockNode[];
  take: (nodes: BlockNode[]) => void;
}

/** Which entries of a table can be taken over; none, if a change was being carried out. Mends what counts the changes. */
export function keeps(ticket: CacheTicket, startEmpty: boolean): (slot: number) => boolean {
  const table = tableOf(ticket);
  const { words } = table;
  const isTorn = (Atomics.load(words, TABLE_CHANGES) & 1) !== 0;
  if (isTorn) table.markChange();
  if ((Atomics.load(words, TABLE_RESETS) & 1) !== 0) Atomics.add(words, TABLE_RESETS, 1);
  const high = table.slotHigh;
  return (slot) => !(startEmpty || isTorn) && slot < high && (table.word(slot) & STATE_MASK) === READY;
}

/** Makes the blocks and entries of an estate an arena's and its caches' own; `closed` are caches that were closed. */
export function adoptBlocks(
  arena: Arena,
  estate: Estate,
  caches: ReadonlyMap<number, KeeperCache>,
  closed: readonly CacheTicket[],
): void {
  for (const [segment, buffer] of estate.segments.entries()) arena.segments.add(segment, buffer);
  const tables = [...caches.values()].map(({ table }) => table).concat(closed.map(tableOf));
  const entered = new Set<number>();
  for (const { id, store } of caches.values()) for (const slot of store.index.slots()) entered.add(toRef(id, slot));
  // No new pin holds from here on but on what stays: only then the pins are looked at.
  for (const table of tables) retireOthers(table, entered);
  const held = arena.held();

  const claims: Claim[] = [];
  for (const table of tables) claims.push(...retiredOf(arena, table, caches.get(table.cache), held));
  for (const one of arena.ledger.promised()) {
    if (one.kind === 'hold') continue;
    const { record, row, segment, unit, units, reservation } = one;
    claims.push({
      extents: [{ segment, start: unit, units }],
      nodes: [],
      take: ([node]) => {
        arena.allocator.setOwner(node!, OWNER.reserved);
        arena.quarantine.add(reservation, row, node!, record);
      },
    });
  }
  // In the order in which they were written, so that a policy sees them in it.
  const numberOf = (ref: number) => caches.get(refCache(ref))!.table.number(refSlot(ref));
  for (const ref of [...entered].sort((a, b) => numberOf(a) - numberOf(b))) {
    const cache = caches.get(refCache(ref))!;
    const slot = refSlot(ref);
    const extents = extentsOf(cache.table, arena.segments, slot);
    claims.push({ extents, nodes: [], take: (nodes) => cache.adopt(slot, nodes) });
    cache.table.setDouble(slot, SLOT_F64.charge, chargeOf(unitsIn(extents)));
  }
  layOut(arena, estate.segments, claims);
}

/** The table of a cache, as any thread sees it. */
export function tableOf({ table, cache, seed, slots }: CacheTicket): CacheTable {
  return new CacheTable(table, cache, seed, slots);
}

function retireOthers(table: CacheTable, entered: ReadonlySet<number>): void {
  for (let slot = table.slotHigh - 1; slot >= 0; slot--) {
    const word = table.word(slot);
    if ((word & STATE_MASK) === READY && !entered.has(toRef(table.cache, slot))) {
      table.setWord(slot, (word & ~STATE_MASK) | RETIRED);
    }
  }
}

/** What has left and stays for those who pin it; the other slots that are not entries become free. */
function* retiredOf(
  arena: Arena,
  table: CacheTable,
  cache: KeeperCache | undefined,
  held: ReadonlySet<number>,
): Generator<Claim> {
  for (let slot = table.slotHigh - 1; slot >= 0; slot--) {
    const state = table.word(slot) & STATE_MASK;
    if (state === READY) continue;
    const ref = toRef(table.cache, slot);
    if (state === EMPTY || !held.has(ref)) {
      if (state !== EMPTY) empty(table, slot);
      cache?.store.adoptFree(slot);
      continue;
    }
    const extents = extentsOf(table, arena.segments, slot);
    const units = unitsIn(extents);
    const take = (nodes: BlockNode[]): void => {
      for (const node of nodes) arena.allocator.setOwner(node, OWNER.limbo);
      if (cache) cache.limboBytes += chargeOf(units);
      arena.freeLater(ref, units, () => {
        if (cache) cache.limboBytes -= chargeOf(units);
        empty(table, slot);
        cache?.store.adoptFree(slot);
        for (const node of nodes) arena.allocator.free(node);
      });
    };
    yield { extents, nodes: [], take };
  }
}

/** Any state → EMPTY, under the next generation. */
function empty(table: CacheTable, slot: number): void {
  const generation = ((table.word(slot) >>> STATE_BITS) + 1) & (2 ** GENERATION_BITS - 1);
  table.setWord(slot, (generation << STATE_BITS) | EMPTY);
}

/** Where an entry lies: the block with the trailer, then the others, of which only the parts are known. */
function extentsOf(table: CacheTable, segments: SegmentMap, slot: number): Extent[] {
  const [segment, start] = [table.int(slot, SLOT.segment), table.int(slot, SLOT.unit) >>> 0];
  const flags = table.int(slot, SLOT.parts);
  if ((flags & FLAG_EXTERNAL) === 0) return [{ segment, start, units: unitsOf(table.double(slot, SLOT_F64.charge)) }];
  const [parts, skeleton] = [flags & PARTS_MASK, table.int(slot, SLOT.skeletonLength) >>> 0];
  const trailer = (table.int(slot, SLOT.trailer) >>> 0) * 8;
  const key = table.int(slot, SLOT.keyLength) * (flags & FLAG_WIDE_KEY ? 2 : 1);
  const end = trailer + keyOffset(parts, skeleton) + key + table.int(slot, SLOT.tagsLength);
  const rows = segments.view(segment, start * UNIT_BYTES + trailer, parts * PART_ROW_BYTES);
  const others = rows === undefined ? [] : externalParts(rows, parts).map(toExtent);
  return [{ segment, start, units: Math.ceil(end / UNIT_BYTES) }, ...merged(others)];
}

function toExtent({ segment, offset, byteLength }: { segment: number; offset: number; byteLength: number }): Extent {
  const start = Math.floor(offset / UNIT_BYTES);
  return { segment, start, units: Math.max(1, Math.ceil((offset + byteLength) / UNIT_BYTES) - start) };
}

/** Parts of one block may lie in the same unit. */
function merged(extents: Extent[]): Extent[] {
  const all: Extent[] = [];
  for (const { segment, start, units } of extents.sort((a, b) => a.segment - b.segment || a.start - b.start)) {
    const last = all.at(-1);
    if (last?.segment === segment && start < last.start + last.units) {
      last.units = Math.max(last.units, start + units - last.start);
    } else all.push({ segment, start, units });
  }
  return all;
}

function unitsIn(extents: readonly Extent[]): number {
  return extents.reduce((sum, { units }) => sum + units, 0);
}

/** Tells the allocator which blocks there are, then each claim which of them are its own. */
function layOut(arena: Arena, segments: readonly SharedArrayBuffer[], claims: readonly Claim[]): void {
  for (const [segment, buffer] of segments.entries()) {
    const busy = claims
      .flatMap((claim) => claim.extents.map((extent, i) => ({ claim, i, ...extent })))
      .filter((extent) => extent.segment === segment)
      .sort((a, b) => a.start - b.start);
    arena.adoptSegment(buffer, busy).forEach((node, at) => {
      const { claim, i } = busy[at]!;
      claim.nodes[i] = node;
    });
  }
  for (const { nodes, take } of claims) take(nodes);
}
