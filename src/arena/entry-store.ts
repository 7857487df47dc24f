import { jittered } from '../common/ttl.js';
import type { Policy } from '../policy/policy.js';
import type { BlockNode } from './allocator.js';
import { KeyIndex } from './key-index.js';
import { KeySpaces } from './key-spaces.js';
import {
  EMPTY,
  ENTRY_OVERHEAD_BYTES,
  FLAG_EXTERNAL,
  FLAG_WIDE_KEY,
  GENERATION_BITS,
  READY,
  RETIRED,
  SLOT,
  SLOT_F64,
  SLOT_WORDS,
  STATE_BITS,
  TABLE_SLOT_HIGH,
} from './layout.js';
import { type EntryTerms, Lifetimes } from './lifetime.js';
import { namespaceMark, placedKey } from './namespace-key.js';
import type { SegmentMap } from './segment-map.js';
import { slotKey, slotKeyEquals, slotTags } from './slot-key.js';
import type { CacheTable } from './table.js';

const GENERATION_MASK = 2 ** GENERATION_BITS - 1;

/** A written record, ready to be published. */
export interface NewEntry extends EntryTerms {
  key: string;
  hash: number;
  wide: boolean;
  /** The block with the trailer, then those that parts lie in beside it. */
  blocks: readonly BlockNode[];
  segment: number;
  unit: number;
  trailer: number;
  skeletonLength: number;
  parts: number;
  tagsLength: number;
  charge: number;
}

/**
 * The entries of one cache, as the keeper sees them: slots, index, eviction queue, deadlines, ledger. An entry has a
 * number of its own, its handle, beside its slot, since it keeps its place in the queues when its bytes move.
 *
 * Invariants: a READY slot is in the index under its key, its handle is in the policy, `bytes` is the sum of the charges
 * of all READY slots.
 */
export class EntryStore {
  readonly index: KeyIndex;
  readonly life: Lifetimes;
  /** Told the handle of each entry that is written. */
  readonly onEnter = new Set<(handle: number) => void>();
  /** Namespaces and tags, by handle. */
  readonly spaces = new KeySpaces();
  /** Blocks of an entry beside the one with the trailer, by slot. Such entries are never moved. */
  readonly #externals = new Map<number, BlockNode[]>();
  readonly #nodeOf: Int32Array;
  readonly #handleOf: Int32Array;
  readonly #slotOf: Int32Array;
  readonly #freeSlots: number[] = [];
  readonly #freeHandles: number[] = [];
  /** Told each handle that becomes free, and may be another entry's soon. */
  readonly departures = new Set<(handle: number) => void>();
  #slots = 0;
  #handles = 0;
  /** Entries held: fresh and stale. */
  held = 0;
  bytes = 0;
  /** Uses noted since somebody last wrote them down, and what loading would have taken. */
  uses = 0;
  usedMs = 0;

  constructor(
    readonly table: CacheTable,
    readonly policy: Policy,
    readonly segments: SegmentMap,
    readonly nextNumber: () => number,
    readonly onUse: (slot: number) => void,
    /** Which of the entries are to stay that an earlier keeper has left in the table. None: a table of nobody's. */
    keep?: (slot: number) => boolean,
  ) {
    this.index = new KeyIndex(table, keep);
    if (keep) this.#slots = table.slotHigh;
    this.#nodeOf = new Int32Array(table.geometry.slots);
    this.#handleOf = new Int32Array(table.geometry.slots);
    this.#slotOf = new Int32Array(table.geometry.slots);
    this.life = new Lifetimes(table, (handle) => this.#slotOf[handle]!);
  }

  find(key: string, hash: number): number {
    return this.index.find(hash, (slot) => slotKeyEquals(this.table, this.segments, slot, key));
  }

  key(slot: number): string {
    return slotKey(this.table, this.segments, slot) ?? '';
  }

  get freeSlots(): number {
    return this.#freeSlots.length + this.table.geometry.slots - this.#slots;
  }

  slotOf(handle: number): number {
    return this.#slotOf[handle]!;
  }

  handleOf(slot: number): number {
    return this.#handleOf[slot]!;
  }

  /** The slot of a handle that is in use now, or -1. */
  entered(handle: number): number {
    const slot = this.#slotOf[handle]!;
    return this.#handleOf[slot] === handle && (this.table.word(slot) & 3) === READY ? slot : -1;
  }

  /** The handles of what a namespace holds now, or of all; some may have gone when their turn comes. */
  handlesIn(path: readonly string[]): Iterator<number> {
    if (path.length === 0) return upTo(this.#handles);
    for (const { handles } of this.spaces.within(path)) return [...handles].values();
    return [].values();
  }

  /** The block with the trailer. */
  nodeOf(slot: number): BlockNode {
    return this.#nodeOf[slot]!;
  }

  externals(slot: number): readonly BlockNode[] {
    return this.#externals.size === 0 ? [] : (this.#externals.get(slot) ?? []);
  }

  charge(slot: number): number {
    return this.table.double(slot, SLOT_F64.charge);
  }

  /** What a slot is charged as an entry: nothing, unless it is READY. */
  chargeIfReady(slot: number): number {
    return slot < this.#slots && (this.table.word(slot) & 3) === READY ? this.charge(slot) : 0;
  }

  /** Fills a free slot and makes it READY, for the index to learn; or, lest a stale bucket lead to it, RETIRED at once. */
  fill(entry: NewEntry, now: number, isKeyed = true): number {
    const slot = this.#takeSlot();
    const handle = this.#freeHandles.pop() ?? this.#handles++;
    const { table } = this;
    this.#nodeOf[slot] = entry.blocks[0]!;
    const external = entry.blocks.length > 1 ? FLAG_EXTERNAL : 0;
    if (external > 0) this.#externals.set(slot, entry.blocks.slice(1));
    this.#handleOf[slot] = handle;
    this.#slotOf[handle] = slot;
    const at = table.slotWords + slot * SLOT_WORDS;
    table.words[at + SLOT.hash] = entry.hash;
    table.words[at + SLOT.unit] = entry.unit;
    table.words[at + SLOT.segment] = entry.segment;
    table.words[at + SLOT.trailer] = entry.trailer / 8;
    table.words[at + SLOT.skeletonLength] = entry.skeletonLength;
    table.words[at + SLOT.keyLength] = entry.key.length;
    table.words[at + SLOT.hits] = 0;
    table.words[at + SLOT.tagsLength] = entry.tagsLength;
    table.words[at + SLOT.namespace] = entry.key.charCodeAt(0) === 0 ? namespaceMark(placedKey(entry.key).path) : 0;
    table.setNumber(slot, this.nextNumber());
    table.setDouble(slot, SLOT_F64.charge, entry.charge);
    if (entry.jitter) entry.ttlMs = jittered(entry.ttlMs, entry.jitter);
    this.life.begin(slot, entry, now, entry.parts | external | (entry.wide ? FLAG_WIDE_KEY : 0));
    this.table.setWord(slot, (this.table.word(slot) & ~3) | (isKeyed ? READY : RETIRED));
    return slot;
  }

  /** Takes in an entry that an earlier keeper has left, which is in the index. Those are called before all else. */
  adopt(slot: number, [node, ...externals]: readonly BlockNode[]): void {
    const { table } = this;
    const handle = this.#handles++;
    this.#nodeOf[slot] = node!;
    if (externals.length > 0) this.#externals.set(slot, externals);
    this.#handleOf[slot] = handle;
    this.#slotOf[handle] = slot;
    const charge = this.charge(slot);
    this.policy.insert(handle, charge, table.double(slot, SLOT_F64.cost), table.int(slot, SLOT.hash));
    this.held++;
    this.bytes += charge;
    this.life.queue(handle, slot);
    const hasPlace = table.int(slot, SLOT.namespace) !== 0 || table.int(slot, SLOT.tagsLength) > 0;
    if (hasPlace) this.spaces.set(handle, this.key(slot), slotTags(table, this.segments, slot));
  }

  /** A slot that an earlier keeper has left, and that is EMPTY. */
  adoptFree(slot: number): void {
    this.#freeSlots.push(slot);
  }

  /** Enters a filled slot under its key and tags, in the place of `old` if that is not -1. */
  enter(slot: number, old: number, { key, tags }: Pick<NewEntry, 'key' | 'tags'>): void {
    const { table } = this;
    const handle = this.#handleOf[slot]!;
    const hash = table.int(slot, SLOT.hash);
    const charge = this.charge(slot);
    if (old < 0) {
      this.index.insert(hash, slot);
      this.policy.insert(handle, charge, table.double(slot, SLOT_F64.cost), hash);
    } else {
      this.index.replace(hash, old, slot);
      // The key keeps its handle, so the policy sees an overwrite.
      const kept = this.#handleOf[old]!;
      this.life.unqueue(kept);
      this.#handleOf[slot] = kept;
      this.#slotOf[kept] = slot;
      this.#handleOf[old] = -1;
      this.#freeHandles.push(handle);
      this.policy.update(kept, charge, table.double(slot, SLOT_F64.cost));
    }
    this.held++;
    this.bytes += charge;
    this.life.queue(this.#handleOf[slot]!, slot);
    this.spaces.set(this.#handleOf[slot]!, key, tags);
    if (this.onEnter.size > 0) for (const note of this.onEnter) note(this.#handleOf[slot]!);
  }

  /**
   * Takes a READY slot out of everything but its block, which readers may still pin: the caller frees it with `release`
   * when nobody does. A slot that was replaced has left the index and the policy already.
   */
  retire(slot: number, replaced = false): void {
    if (!replaced) {
      const handle = this.#handleOf[slot]!;
      this.index.remove(this.table.int(slot, SLOT.hash), slot);
      this.policy.remove(handle);
      this.life.unqueue(handle);
      this.spaces.delete(handle);
      for (const tell of this.departures) tell(handle);
      this.#freeHandles.push(handle);
    }
    this.held--;
    this.bytes -= this.charge(slot);
    this.markRetired(slot);
  }

  /** Gives back the handle of a slot that was filled and will never be entered. */
  dropHandle(slot: number): void {
    this.#freeHandles.push(this.#handleOf[slot]!);
    this.#handleOf[slot] = -1;
  }

  /** READY → RETIRED. From here on no new pin holds. */
  markRetired(slot: number): void {
    this.table.setWord(slot, (this.table.word(slot) & ~3) | RETIRED);
  }

  /** RETIRED → EMPTY, under the next generation. Returns the blocks, for the caller to free. */
  release(slot: number): BlockNode[] {
    const generation = ((this.table.word(slot) >>> STATE_BITS) + 1) & GENERATION_MASK;
    this.table.setWord(slot, (generation << STATE_BITS) | EMPTY);
    this.#freeSlots.push(slot);
    const externals = this.externals(slot);
    if (externals.length === 0) return [this.#nodeOf[slot]!];
    this.#externals.delete(slot);
    return [this.#nodeOf[slot]!, ...externals];
  }

  /** Enters a copy of an entry, lying elsewhere, in its place. Returns the new slot; the old one is RETIRED. */
  move(slot: number, node: BlockNode, segment: number, unit: number): number {
    const { table } = this;
    const copy = this.#takeSlot();
    table.copySlot(slot, copy);
    table.setInt(copy, SLOT.segment, segment);
    table.setInt(copy, SLOT.unit, unit);
    table.setNumber(copy, this.nextNumber());
    const handle = this.#handleOf[slot]!;
    this.#nodeOf[copy] = node;
    this.#handleOf[copy] = handle;
    this.#slotOf[handle] = copy;
    this.#markReady(copy);
    this.index.replace(table.int(copy, SLOT.hash), slot, copy);
    this.markRetired(slot);
    return copy;
  }

  /** A use that a thread has noted. The slot may have been anything since: what is not READY is passed over. */
  noteUse(slot: number): void {
    if (slot >= this.#slots || (this.table.word(slot) & 3) !== READY) return;
    this.policy.touch(this.#handleOf[slot]!);
    this.uses++;
    this.onUse(slot);
    this.usedMs += this.table.loadMs(slot);
    this.table.setHits(slot, this.table.int(slot, SLOT.hits) + 1);
  }

  /** Entries that are fresh, as far as time has been let pass. */
  get freshCount(): number {
    return this.held - this.life.stale.size;
  }

  /** All READY slots. O(slots ever used). */
  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#slots; slot++) if ((this.table.word(slot) & 3) === READY) yield slot;
  }

  /** @throws when an invariant of this class, the index, the policy or the queues is broken. O(slots). */
  validate(): void {
    this.index.validate();
    this.policy.validate();
    this.spaces.validate();
    let held = 0;
    let bytes = 0;
    for (const slot of this.slots()) {
      const handle = this.#handleOf[slot]!;
      if (this.#slotOf[handle] !== slot) throw new Error(`store: slot ${slot} and handle ${handle} disagree`);
      if (this.find(this.key(slot), this.table.int(slot, SLOT.hash)) !== slot) {
        throw new Error(`store: slot ${slot} is not found by its key`);
      }
      this.life.validate(handle, slot);
      const tags = slotTags(this.table, this.segments, slot);
      if (tags.join('\n') !== this.spaces.tags(handle).join('\n')) throw new Error(`store: tags of slot ${slot}`);
      held++;
      bytes += this.charge(slot);
    }
    if (held !== this.held || bytes !== this.bytes) {
      throw new Error(`store: ${this.held} entries of ${this.bytes} bytes counted, ${held} of ${bytes} found`);
    }
    if (this.index.live !== held) throw new Error('store: index and slots disagree');
  }

  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    const slot = this.#slots++;
    Atomics.store(this.table.words, TABLE_SLOT_HIGH, this.#slots);
    return slot;
  }

  #markReady(slot: number): void {
    this.table.setWord(slot, (this.table.word(slot) & ~3) | READY);
  }
}

function* upTo(end: number): Generator<number> {
  for (let handle = 0; handle < end; handle++) yield handle;
}

/** What an entry of so many units of blocks is charged. */
export function chargeOf(units: number): number {
  return units * 64 + ENTRY_OVERHEAD_BYTES;
}

/** Units of the blocks of so many entries that are charged so much together. */
export function unitsOf(charge: number, entries = 1): number {
  return (charge - entries * ENTRY_OVERHEAD_BYTES) / 64;
}
