import { invariant } from '../common/invariant.js';

/** In the table: no slot. */
const NONE = -1;

/**
 * Slots found by a 32-bit hash that stands for its key: an open table with linear probing, at most half full, from which
 * entries are taken by moving those behind them up. 12 bytes a slot.
 */
export class HashSlots {
  #hashes: Int32Array;
  #table: Int32Array;
  #mask: number;

  /** @param capacity the number of slots, a power of two */
  constructor(capacity: number) {
    this.#hashes = new Int32Array(capacity);
    this.#table = new Int32Array(2 * capacity).fill(NONE);
    this.#mask = 2 * capacity - 1;
  }

  get capacity(): number {
    return this.#hashes.length;
  }

  hash(slot: number): number {
    return this.#hashes[slot]!;
  }

  /** The slot of a hash, or -1. */
  find(hash: number): number {
    const key = hash | 0;
    for (let at = spread(key) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#table[at]!;
      if (slot === NONE || this.#hashes[slot] === key) return slot;
    }
  }

  /** A slot that is not in gets a hash that is not in. */
  add(slot: number, hash: number): void {
    this.#hashes[slot] = hash;
    this.#enter(slot);
  }

  /** Takes out a slot that is in. */
  delete(slot: number): void {
    const table = this.#table;
    const mask = this.#mask;
    let hole = spread(this.#hashes[slot]!) & mask;
    while (table[hole] !== slot) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== NONE; at = (at + 1) & mask) {
      const home = spread(this.#hashes[table[at]!]!) & mask;
      // It may move up unless its home lies behind the hole.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = NONE;
  }

  /** Twice as many slots. */
  grow(): void {
    const present = this.#table.filter((slot) => slot !== NONE);
    const hashes = new Int32Array(2 * this.#hashes.length);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#table = new Int32Array(2 * hashes.length).fill(NONE);
    this.#mask = this.#table.length - 1;
    for (const slot of present) this.#enter(slot);
  }

  /** Throws when an invariant is broken. O(slots). */
  validate(): void {
    for (const slot of this.#table) {
      if (slot !== NONE) invariant(this.find(this.#hashes[slot]!) === slot, `slots: ${slot} is not found by its hash`);
    }
  }

  #enter(slot: number): void {
    let at = spread(this.#hashes[slot]!) & this.#mask;
    while (this.#table[at] !== NONE) at = (at + 1) & this.#mask;
    this.#table[at] = slot;
  }
}

/** The hashes that come here may be alike in their high bits: they are a sample. */
function spread(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 8;
}
