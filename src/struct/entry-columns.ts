import { grownInt32, grownList } from './grow.js';

/** Words of a row. */
export const ROW = 4;
/** In a row: the hash of the key. */
const HASH = 0;
/** In a row: which insertion it came with, unsigned. */
const ORDER = 1;
/** In a row: two words for whoever has the columns. */
export const FIRST_OWN = 2;
export const SECOND_OWN = 3;
const MAX_ORDER = 2 ** 32;

/**
 * Keys and values by handle, with the hashes of the keys and the order in which they came: what several `KeyIndex`es lead
 * to. What is used together lies together, since a look into memory that is not in the processor's cache is what a hit
 * consists of.
 */
export class EntryColumns<K, V> {
  /** At 2 × handle its key, then its value. */
  pairs: (K | V | undefined)[] = [];
  /** At 4 × handle the words of its row. */
  rows: Int32Array = new Int32Array(0);
  #nextOrder: number;

  /** @param firstOrder where the numbers of insertions begin, which are 32 bits long */
  constructor(firstOrder = 0) {
    this.#nextOrder = firstOrder;
  }

  get capacity(): number {
    return this.pairs.length / 2;
  }

  key(handle: number): K {
    return this.pairs[2 * handle] as K;
  }

  value(handle: number): V | undefined {
    return this.pairs[2 * handle + 1] as V | undefined;
  }

  setValue(handle: number, value: V): void {
    this.pairs[2 * handle + 1] = value;
  }

  hash(handle: number): number {
    return this.rows[ROW * handle + HASH]!;
  }

  setHash(handle: number, hash: number): void {
    this.rows[ROW * handle + HASH] = hash;
  }

  /** A handle gets a key, as the last in order. */
  put(handle: number, key: K, hash: number): void {
    if (this.#nextOrder === MAX_ORDER) this.#renumber();
    this.pairs[2 * handle] = key;
    this.rows[ROW * handle + HASH] = hash;
    this.rows[ROW * handle + ORDER] = this.#nextOrder++;
  }

  /** Room for more handles. */
  grow(capacity: number): void {
    this.pairs = grownList(this.pairs, 2 * capacity);
    this.rows = grownInt32(this.rows, capacity * ROW);
  }

  /** Forgets key and value. */
  empty(handle: number): void {
    this.pairs[2 * handle] = undefined;
    this.pairs[2 * handle + 1] = undefined;
  }

  clear(): void {
    this.pairs = [];
    this.rows = new Int32Array(0);
    this.#nextOrder = 0;
  }

  /** Sorts handles by the order in which their keys came. O(n log n). */
  sort(handles: Uint32Array): void {
    // Order and handle as one number of 64 bits each, so that no comparison is a call.
    const numbers = new BigUint64Array(handles.length);
    const words = new Uint32Array(numbers.buffer);
    for (let i = 0; i < handles.length; i++) {
      words[2 * i + LOW] = handles[i]!;
      words[2 * i + HIGH] = this.rows[ROW * handles[i]! + ORDER]!;
    }
    numbers.sort();
    for (let i = 0; i < handles.length; i++) handles[i] = words[2 * i + LOW]!;
  }

  /** The orders have come to an end: the same ones from 0 on. Handles out of use are renumbered too, which does no harm. */
  #renumber(): void {
    const handles = Uint32Array.from({ length: this.capacity }, (_, handle) => handle);
    this.sort(handles);
    handles.forEach((handle, order) => {
      this.rows[ROW * handle + ORDER] = order;
    });
    this.#nextOrder = handles.length;
  }
}

/** Which word of a 64-bit number is the low one. */
const LOW = new Uint32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;
