import { BUCKET_EMPTY, BUCKET_SLOT_BITS, BUCKET_SLOT_MASK, BUCKET_TOMB, SLOT, TABLE_INDEX_SELECT } from './layout.js';
import type { CacheTable } from './table.js';

/**
 * # The index: key → slot, written by the keeper, read by all
 *
 * Open addressing with linear probing over one Int32 a bucket:
 *
 * ```
 *   31        22 21                 0
 *  ┌────────────┬────────────────────┐
 *  │ tag of hash│ slot + 1           │   0 = never used since the last rebuild, -1 = a tombstone
 *  └────────────┴────────────────────┘
 * ```
 *
 * A bucket changes in one store, so a reader sees the old slot of a key or the new one. Nothing is ever moved within an
 * index, since a reader could miss what moves past it: a removal leaves a tombstone, and when tombstones abound the
 * other one of two indices is built anew and chosen by one store. A reader that found nothing looks whether the choice
 * has changed meanwhile, and if so looks again; therefore no key that is present is ever missed.
 */
export class KeyIndex {
  readonly #words: Int32Array;
  readonly #mask: number;
  #base: number;
  #select: number;
  /** Buckets of the chosen index that are not BUCKET_EMPTY: live ones and tombstones. */
  #used = 0;
  #live = 0;

  constructor(readonly table: CacheTable) {
    this.#words = table.words;
    this.#mask = table.geometry.buckets - 1;
    this.#select = this.#words[TABLE_INDEX_SELECT]!;
    this.#base = this.#select & 1 ? table.geometry.indexB : table.geometry.indexA;
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
    if (this.#used + 1 > (this.#mask + 1) * 0.75) this.#rebuild();
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

  // A reader may still be probing the index that is not chosen now, from before the last switch. It finds at most
  // nothing, or slots that it verifies; and it looks again, since the choice has changed.
  #rebuild(): void {
    const from = this.#base;
    const { indexA, indexB } = this.table.geometry;
    const to = from === indexA ? indexB : indexA;
    for (let i = 0; i <= this.#mask; i++) Atomics.store(this.#words, to + i, BUCKET_EMPTY);
    let live = 0;
    for (let i = 0; i <= this.#mask; i++) {
      const word = this.#words[from + i]!;
      if (word === BUCKET_EMPTY || word === BUCKET_TOMB) continue;
      let j = this.table.int((word & BUCKET_SLOT_MASK) - 1, SLOT.hash) & this.#mask;
      while (this.#words[to + j] !== BUCKET_EMPTY) j = (j + 1) & this.#mask;
      Atomics.store(this.#words, to + j, word);
      live++;
    }
    this.#base = to;
    this.#used = live;
    this.#select = ((this.#select & ~1) + 2) | (to === indexB ? 1 : 0);
    Atomics.store(this.#words, TABLE_INDEX_SELECT, this.#select);
  }
}

function bucketWord(hash: number, slot: number): number {
  return ((hash >>> BUCKET_SLOT_BITS) << BUCKET_SLOT_BITS) | (slot + 1);
}
