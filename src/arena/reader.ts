import { monotonicNow } from '../common/clock.js';
import { hashString } from '../common/hash.js';
import {
  BUCKET_EMPTY,
  BUCKET_SLOT_BITS,
  BUCKET_SLOT_MASK,
  BUCKET_TOMB,
  CHOICE_B,
  CHOICE_LOG_MASK,
  CHOICE_LOG_SHIFT,
  FLAG_EXPIRES,
  FLAG_IDLE,
  MOMENT_PIN,
  NO_PIN,
  READY,
  RING_ENTRIES,
  ROW_PINS,
  ROW_RING,
  ROW_RING_HEAD,
  refSlot,
  SLOT,
  SLOT_F64,
  SLOT_WORDS,
  STAT,
  STAT_ROW_DOUBLES,
  STATE_MASK,
  TABLE_INDEX_CHOICE,
  toRef,
} from './layout.js';
import { NearEntry, NearTable } from './near-table.js';
import type { SegmentMap } from './segment-map.js';
import { slotKey, slotKeyEquals } from './slot-key.js';
import { type RecordView, slotBytes, slotRecord } from './slot-record.js';
import type { CacheTable } from './table.js';
import { loadBehind, type ThreadRow, TOTAL_STORE_ORDER } from './thread-row.js';

/** How often a look-up that was disturbed by the keeper begins again. Each time means that somebody else got ahead. */
const MAX_ATTEMPTS = 64;

const READS_A_SAMPLE = 1024;

/**
 * # Reading: one thread's way into a cache's table
 *
 * 1. probe the index for the key's hash; a bucket names a slot;
 * 2. load the slot's word: it must be READY;
 * 3. publish a pin on the slot in the own row;
 * 4. load the word again. If it is the same, the keeper will not reuse the block before the pin is gone: its store of
 *    RETIRED comes after our second load, therefore its scan of the pins after our pin;
 * 5. compare the key, in the pinned block. A generation that has wrapped around, or a bucket that led elsewhere, is
 *    found out here.
 *
 * What a thread has read before it finds by its near table: then 3 comes first, and one look behind it, at the word and
 * the insertion number, is all of 4 and 5. A number is never given twice, so the slot is the key's, and was READY after
 * the pin was published.
 */
export class SharedReader {
  /** The pin of the slot that `pinKey` or `pinSlot` has just returned. */
  pin = MOMENT_PIN;
  // What a hit needs is private by name only: a `#name` takes twice as much code. Of the statistics it has a view that begins
  // where they do, as it has of its row: places that are constants need no reckoning, and fewer looks at where arrays end.
  private readonly words: Int32Array;
  /** This thread's statistics of the cache. */
  private readonly counts: Float64Array;
  private readonly near = new NearTable();
  /** Found near, but not to be relied on: for who goes the long way now. */
  private known: NearEntry | undefined = undefined;
  /** Reads until the next that is timed, that one included; below that, one that was not found near is. */
  private untilSample = 0;
  readonly #indexA: number;
  readonly #indexB: number;
  readonly #slotWords: number;
  readonly #firstRef: number;

  constructor(
    readonly table: CacheTable,
    readonly row: ThreadRow,
    readonly segments: SegmentMap,
  ) {
    this.words = table.words;
    this.counts = new Float64Array(table.buffer, table.statRow(row.row) * 8, STAT_ROW_DOUBLES);
    this.#indexA = table.geometry.indexA;
    this.#indexB = table.geometry.indexB;
    this.#slotWords = table.slotWords;
    this.#firstRef = toRef(table.cache, 0);
  }

  /**
   * The slot of a key, pinned under `this.pin`, or -1. When all pins of the thread are leased, the pin is the one for
   * moments: the caller must unpin before it returns.
   */
  pinKey(key: string, hash: number = hashString(key, this.table.seed) | 0): number {
    const words = this.words;
    const tag = hash >>> BUCKET_SLOT_BITS;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      // Plain loads: what is found is verified, and before a miss is believed the word is loaded again, behind all others.
      const choice = words[TABLE_INDEX_CHOICE]!;
      const base = choice & CHOICE_B ? this.#indexB : this.#indexA;
      const mask = (1 << ((choice >>> CHOICE_LOG_SHIFT) & CHOICE_LOG_MASK)) - 1;
      let disturbed = false;
      for (let i = hash & mask; ; i = (i + 1) & mask) {
        const bucket = words[base + i]!;
        if (bucket === BUCKET_EMPTY) break;
        if (bucket === BUCKET_TOMB || bucket >>> BUCKET_SLOT_BITS !== tag) continue;
        const slot = (bucket & BUCKET_SLOT_MASK) - 1;
        if (this.#pinReady(slot)) {
          if (this.#holds(slot, hash, key)) return slot;
          // The slot may have gone to another key since the bucket was read: as long as it is pinned, it is that one's.
          if (words[base + i] !== bucket) disturbed = true;
          this.row.unpin(this.pin);
        } else disturbed = true;
      }
      if (!TOTAL_STORE_ORDER) this.row.endLoads();
      if (!disturbed && Atomics.load(words, TABLE_INDEX_CHOICE) === choice) return -1;
    }
    return -1;
  }

  /**
   * `pinKey` and `noteHit` in one, for a key that this thread remembers, if it is fresh: what is remembered. `undefined`
   * says nothing but that the long way is to be taken, as when there is no pin for it that could stay.
   *
   * The pin is published before anything of the slot is read: whatever the slot has become, a pin on it does no harm. So
   * there is but one look, after the pin; and the processor, which waits at the pin for what it has begun, has not begun
   * to fetch the slot yet, and fetches it together with the value.
   */
  hitNear(key: string): NearEntry | undefined {
    const entry = this.near.find(key);
    if (entry === undefined || --this.untilSample === 0) return this.unsure(entry);
    const { row, words, counts } = this;
    if (row.atHand <= MOMENT_PIN && !row.reach()) return this.unsure(entry);
    const { ref, at } = entry;
    const { own, atHand: pin } = row;
    row.atHand = NO_PIN;
    this.pin = pin;
    own[ROW_PINS + pin] = ref;
    row.barrier();
    const word = loadBehind(words, at);
    // All in one, since as a rule all of it is as it was.
    const change =
      ((word & STATE_MASK) ^ READY) |
      (words[at + SLOT.numberLow]! ^ entry.low) |
      (words[at + SLOT.numberHigh]! ^ entry.high);
    const flags = words[at + SLOT.parts]! & (FLAG_EXPIRES | FLAG_IDLE);
    if ((change | flags) !== 0 && !this.stays(ref, change)) return this.unsure(entry);
    counts[STAT.hits]! += 1;
    counts[STAT.hitBytes]! += entry.bytes;
    // Not before it is known to be a hit: what is noted in vain pushes uses out of the ring, and is taken for one by the advice.
    const head = own[ROW_RING_HEAD]!;
    own[ROW_RING + (head & (RING_ENTRIES - 1))] = ref;
    own[ROW_RING_HEAD] = head + 1;
    return entry;
  }

  /** Whether the read that begins now is to be timed: the first, and then one in 1024. */
  isSample(): boolean {
    if (--this.untilSample > 0) return false;
    this.untilSample = READS_A_SAMPLE;
    return true;
  }

  /** The sample was no good: the next read is it. */
  sampleNext(): void {
    this.untilSample = 1;
  }

  private unsure(entry: NearEntry | undefined): undefined {
    this.known = entry;
    return undefined;
  }

  // Of an entry that has changed, or is fresh for a limited time only.
  private stays(ref: number, change: number): boolean {
    if (change === 0 && this.useInTime(refSlot(ref))) return true;
    this.unpin();
    return false;
  }

  /** What is remembered of the key that `hitNear` was asked for last, and could not vouch for. To be had once. */
  takeUnsure(key: string): NearEntry | undefined {
    const { known } = this;
    this.known = undefined;
    return known?.key === key ? known : undefined;
  }

  /**
   * Remembers where a key is and, if given, what was made of it. The slot must be pinned, and known to hold the key.
   * `known` is what was remembered of it before.
   */
  learn(key: string, slot: number, value?: unknown, known?: NearEntry): NearEntry {
    if (known === undefined) {
      const entry = this.entry(key, slot, value);
      this.near.learn(entry);
      return entry;
    }
    const { weight } = known;
    known.renew(this.#firstRef + slot, this.words, this.#slotWords + slot * SLOT_WORDS, value);
    this.near.reweigh(known.weight - weight);
    return known;
  }

  /** What would be remembered of a slot that is pinned. */
  entry(key: string, slot: number, value?: unknown): NearEntry {
    const at = this.#slotWords + slot * SLOT_WORDS;
    return new NearEntry(key, this.#firstRef + slot, this.words, at, value);
  }

  /** Forgets what was read. */
  forget(): void {
    this.near.forget();
  }

  /** Pins a slot if it is READY, whatever it holds. */
  pinSlot(slot: number): boolean {
    return this.#pinReady(slot);
  }

  /** Pins a slot that the keeper holds for this thread, whatever its state: it cannot be reused before the hold ends. */
  pinHeld(slot: number): void {
    this.pin = this.row.pin(toRef(this.table.cache, slot));
  }

  /** The slot that a pin of this cache holds. */
  pinnedSlot(pin: number): number {
    return refSlot(this.row.pinned(pin));
  }

  unpin(): void {
    this.row.unpin(this.pin);
  }

  /** Whether the entry is fresh for a limited time only. The slot must be pinned. */
  expires(slot: number): boolean {
    return (this.words[this.#slotWords + slot * SLOT_WORDS + SLOT.parts]! & (FLAG_EXPIRES | FLAG_IDLE)) !== 0;
  }

  /** Whether the entry is fresh at an instant. The slot must be pinned. */
  freshAt(slot: number, now: number): boolean {
    const { table } = this;
    if (now >= table.double(slot, SLOT_F64.freshUntil)) return false;
    if ((table.int(slot, SLOT.parts) & FLAG_IDLE) === 0) return true;
    return now < table.double(slot, SLOT_F64.lastUsed) + table.double(slot, SLOT_F64.idleMs);
  }

  /** Notes a hit: statistics, recency, and the idle TTL. The slot must be pinned. */
  noteHit(slot: number): void {
    const at = this.#slotWords + slot * SLOT_WORDS;
    const { words, counts } = this;
    counts[STAT.hits]! += 1;
    counts[STAT.hitBytes]! += (words[at + SLOT.trailer]! >>> 0) * 8 + (words[at + SLOT.skeletonLength]! >>> 0);
    this.noteUse(slot);
  }

  noteUse(slot: number): void {
    this.row.note(this.#firstRef + slot);
  }

  /** Whether an entry that expires is fresh now; if so, its idle TTL begins anew. The slot must be pinned. */
  useInTime(slot: number): boolean {
    const now = monotonicNow();
    if (!this.freshAt(slot, now)) return false;
    this.restartIdle(slot, now);
    return true;
  }

  /** Restarts the idle TTL, if the entry has one: the one word of a slot that readers write. The slot must be pinned. */
  restartIdle(slot: number, now: number): void {
    const { table } = this;
    if ((table.int(slot, SLOT.parts) & FLAG_IDLE) === 0) return;
    // Not on each hit: a line that many threads write is what makes reads slow.
    if (now - table.double(slot, SLOT_F64.lastUsed) > table.double(slot, SLOT_F64.idleMs) / 16)
      table.setDouble(slot, SLOT_F64.lastUsed, now);
  }

  noteMiss(): void {
    this.counts[STAT.misses]! += 1;
  }

  notePinOverflow(): void {
    this.counts[STAT.pinOverflows]! += 1;
  }

  /** The bytes of an entry, in place. The slot must be pinned. `undefined` if its segment is not known to this thread. */
  record(slot: number): RecordView | undefined {
    return slotRecord(this.table, this.segments, slot);
  }

  /** The value of a slot, in place, if it is bytes and nothing else; `undefined` for others. The slot must be pinned. */
  plainBytes(slot: number): Uint8Array | undefined {
    return slotBytes(this.table, this.segments, slot);
  }

  /** The key of a slot as it lies in the index, if its segment is known. The slot must be pinned. */
  key(slot: number): string | undefined {
    return slotKey(this.table, this.segments, slot);
  }

  /** Calls `visit` for each READY slot, of those that bear `mark` if it is given, pinned meanwhile. O(slots ever used). */
  forEachReady(visit: (slot: number) => void, mark?: number): void {
    const { table } = this;
    const high = table.slotHigh;
    for (let slot = 0; slot < high; slot++) {
      // A slot that has another tenant by now is told by its key.
      if (mark !== undefined && table.int(slot, SLOT.namespace) !== mark) continue;
      if ((table.word(slot) & STATE_MASK) !== READY || !this.#pinReady(slot)) continue;
      try {
        visit(slot);
      } finally {
        this.unpin();
      }
    }
  }

  // The first load may be a plain one: it only says which word the second must find unchanged.
  #pinReady(slot: number): boolean {
    const at = this.#slotWords + slot * SLOT_WORDS;
    const word = this.words[at]!;
    if ((word & STATE_MASK) !== READY) return false;
    this.pin = this.row.pin(this.#firstRef + slot);
    if (Atomics.load(this.words, at) === word) return true;
    this.row.unpin(this.pin);
    return false;
  }

  #holds(slot: number, hash: number, key: string): boolean {
    if (this.words[this.#slotWords + slot * SLOT_WORDS + SLOT.hash] !== hash) return false;
    return slotKeyEquals(this.table, this.segments, slot, key);
  }
}
