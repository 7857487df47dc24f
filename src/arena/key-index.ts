import {
  BUCKET_EMPTY,
  BUCKET_SLOT_BITS,
  BUCKET_SLOT_MASK,
  BUCKET_TOMB,
  CHOICE_B,
  CHOICE_COUNT_SHIFT,
  CHOICE_LOG_MASK,
  CHOICE_LOG_SHIFT,
  FIRST_INDEX_LOG,
  SLOT,
  TABLE_INDEX_CHOICE,
} from './layout.js';
import type { CacheTable } from './table.js';

/** Above this share of used buckets the index is rebuilt. */
const MAX_LOAD = 0.5;
/** Buckets after a rebuild, for each live one: at least half of what may be used is free then. */
const ROOM_AFTER_REBUILD = 4;

/**
 * # The index: key → slot, written by the keeper, read by all
 *
 * Open addressing with linear probing over one Int32 a bucket:
 *
 * ```
 *   31        22 21                 0                    31             6 5           1 0
 *  ┌────────────┬────────────────────┐                  ┌────────────────┬─────────────┬───┐
 *  │ tag of hash│ slot + 1           │   the choice:    │ choices so far │ log buckets │ B │
 *  └────────────┴────────────────────┘                  └────────────────┴─────────────┴───┘
 *   0 = never used since the last rebuild, -1 = a tombstone
 * ```
 *
 * A bucket changes in one store, so a reader sees the old slot of a key or the new one. Nothing is ever moved within an
 * index, since a reader could miss what moves past it: a removal leaves a tombstone, and when tombstones abound, or
 * entries do, the other one of two indices is built anew, as large as the entries ask for, and chosen by one store. A
 * reader that found nothing looks whether the choice has changed meanwhile, and if so looks again; therefore no key that
 * is present is ever missed. The index of a large but little filled cache stays small, and in the processor's caches.
 */
export class KeyIndex {
  readonly #words: Int32Array;
  #mask = 0;
  #base = 0;
  #choices = 0;
  /** Buckets of the chosen index that are not BUCKET_EMPTY: live ones and tombstones. */
  #used = 0;
  #live = 0;

  /** With `keep`, goes on with what is in the table: of that, all is removed that is not to be kept. O(buckets). */
  constructor(
    readonly table: CacheTable,
    keep?: (slot: number) => boolean,
  ) {
    this.#words = table.words;
    const choice = this.#words[TABLE_INDEX_CHOICE]!;
    if (keep && choice !== 0) this.#adopt(choice, keep);
    else this.#choose(table.geometry.indexA, FIRST_INDEX_LOG);
  }

  /** The slots that are in it. O(buckets). */
  *slots(): Generator<number> {
    for (let i = 0; i <= this.#mask; i++) {
      const word = this.#words[this.#base + i]!;
      if (word !== BUCKET_EMPTY && word !== BUCKET_TOMB) yield (word & BUCKET_SLOT_MASK) - 1;
    }
  }

  get live(): number {
    return this.#live;
  }

  /** Slots whose tag fits, for the keeper, who alone changes the index and therefore needs no second look. */
  find(hash: number, matches: (slot: number) => boolean): number {
    const bucket = this.#bucketOf(hash, matches);
    return bucket < 0 ? -1 : (this.#words[bucket]! & BUCKET_SLOT_MASK) - 1;
  }

  /** Adds a slot under a hash that has no entry of the same key. */
  insert(hash: number, slot: number): void {
    if (this.#used + 1 > (this.#mask + 1) * MAX_LOAD) this.#rebuild();
    let i = hash & this.#mask;
    for (;;) {
      const word = this.#words[this.#base + i]!;
      if (word === BUCKET_EMPTY || word === BUCKET_TOMB) {
        if (word === BUCKET_EMPTY) this.#used++;
        Atomics.store(this.#words, this.#base + i, bucketWord(hash, slot));
        this.#live++;
        return;
      }
      i = (i + 1) & this.#mask;
    }
  }

  /** Points a key from one slot to another in one store. */
  replace(hash: number, from: number, to: number): void {
    const bucket = this.#bucketOf(hash, (slot) => slot === from);
    Atomics.store(this.#words, bucket, bucketWord(hash, to));
  }

  remove(hash: number, slot: number): void {
    const bucket = this.#bucketOf(hash, (candidate) => candidate === slot);
    const next = this.#base + ((bucket - this.#base + 1) & this.#mask);
    // Behind the last of a run there is nothing to be found, so no tombstone is needed.
    const last = this.#words[next] === BUCKET_EMPTY;
    Atomics.store(this.#words, bucket, last ? BUCKET_EMPTY : BUCKET_TOMB);
    if (last) this.#used--;
    this.#live--;
  }

  /** @throws when a live bucket does not lead to a slot of its hash, or the counts are wrong. O(buckets). */
  validate(): void {
    let live = 0;
    let used = 0;
    for (let i = 0; i <= this.#mask; i++) {
      const word = this.#words[this.#base + i]!;
      if (word !== BUCKET_EMPTY) used++;
      if (word === BUCKET_EMPTY || word === BUCKET_TOMB) continue;
      live++;
      const slot = (word & BUCKET_SLOT_MASK) - 1;
      const hash = this.table.int(slot, SLOT.hash) >>> 0;
      if (bucketWord(hash, slot) !== word) throw new Error(`index: bucket ${i} has the wrong tag for slot ${slot}`);
      if (this.#bucketOf(hash, (candidate) => candidate === slot) !== this.#base + i) {
        throw new Error(`index: slot ${slot} cannot be reached`);
      }
    }
    if (live !== this.#live || used !== this.#used) throw new Error('index: counts are wrong');
  }

  #adopt(choice: number, keep: (slot: number) => boolean): void {
    const { indexA, indexB } = this.table.geometry;
    this.#base = choice & CHOICE_B ? indexB : indexA;
    this.#mask = 2 ** ((choice >>> CHOICE_LOG_SHIFT) & CHOICE_LOG_MASK) - 1;
    this.#choices = choice >>> CHOICE_COUNT_SHIFT;
    for (let i = 0; i <= this.#mask; i++) {
      const word = this.#words[this.#base + i]!;
      if (word === BUCKET_EMPTY) continue;
      this.#used++;
      if (word === BUCKET_TOMB) continue;
      const slot = (word & BUCKET_SLOT_MASK) - 1;
      if (bucketWord(this.table.int(slot, SLOT.hash), slot) === word && keep(slot)) this.#live++;
      else Atomics.store(this.#words, this.#base + i, BUCKET_TOMB);
    }
  }

  #bucketOf(hash: number, matches: (slot: number) => boolean): number {
    const tag = hash >>> BUCKET_SLOT_BITS;
    let i = hash & this.#mask;
    for (;;) {
      const word = this.#words[this.#base + i]!;
      if (word === BUCKET_EMPTY) return -1;
      if (word !== BUCKET_TOMB && word >>> BUCKET_SLOT_BITS === tag) {
        if (matches((word & BUCKET_SLOT_MASK) - 1)) return this.#base + i;
      }
      i = (i + 1) & this.#mask;
    }
  }

  // A reader may still be probing the index that is not chosen now, from before the last choice. It finds at most
  // nothing, or slots that it verifies; and it looks again, since the choice has changed.
  #rebuild(): void {
    const from = this.#base;
    const { indexA, indexB, buckets } = this.table.geometry;
    const to = from === indexA ? indexB : indexA;
    const log = Math.min(Math.log2(buckets), Math.ceil(Math.log2((this.#live + 1) * ROOM_AFTER_REBUILD)));
    const mask = 2 ** Math.max(log, FIRST_INDEX_LOG) - 1;
    for (let i = 0; i <= mask; i++) Atomics.store(this.#words, to + i, BUCKET_EMPTY);
    for (let i = 0; i <= this.#mask; i++) {
      const word = this.#words[from + i]!;
      if (word === BUCKET_EMPTY || word === BUCKET_TOMB) continue;
      let j = this.table.int((word & BUCKET_SLOT_MASK) - 1, SLOT.hash) & mask;
      while (this.#words[to + j] !== BUCKET_EMPTY) j = (j + 1) & mask;
      Atomics.store(this.#words, to + j, word);
    }
    this.#used = this.#live;
    this.#choose(to, Math.log2(mask + 1));
  }

  #choose(base: number, log: number): void {
    this.#base = base;
    this.#mask = 2 ** log - 1;
    this.#choices++;
    const choice = (this.#choices << CHOICE_COUNT_SHIFT) | (log << CHOICE_LOG_SHIFT);
    Atomics.store(this.#words, TABLE_INDEX_CHOICE, base === this.table.geometry.indexB ? choice | CHOICE_B : choice);
  }
}

function bucketWord(hash: number, slot: number): number {
  return ((hash >>> BUCKET_SLOT_BITS) << BUCKET_SLOT_BITS) | (slot + 1);
}
