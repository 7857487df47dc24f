import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat64, grownInt32 } from './grow.js';

/** Children of a node: four keys lie in one cache line, and the heap is half as deep as a binary one. */
const ARITY = 4;

/**
 * A heap of items that are small integers, the smallest key first, equal keys by rank. Keys and ranks lie in heap order,
 * so a sift reads neighbours; `slotOf` finds an item, so it can be re-keyed and removed. 20 bytes an item, flat.
 *
 * `replaceFirst` costs one sift, where removing and adding would cost two. Keys must not be NaN.
 */
export class IndexedHeap {
  #keys: Float64Array;
  /** Integers from 0 to 2^31 - 1. */
  #ranks: Int32Array;
  #items: Int32Array;
  /** item → its slot, or -1. */
  #slotOf: Int32Array;
  #size = 0;
  /** Items moved from slot to slot so far: the cost that tests count. */
  moves = 0;

  constructor(capacity = 0) {
    this.#keys = new Float64Array(capacity);
    this.#ranks = new Int32Array(capacity);
    this.#items = new Int32Array(capacity);
    this.#slotOf = new Int32Array(capacity).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  has(item: number): boolean {
    return item < this.#slotOf.length && this.#slotOf[item]! >= 0;
  }

  /** The item with the smallest key, or -1. */
  first(): number {
    return this.#size > 0 ? this.#items[0]! : -1;
  }

  /** The smallest key, or `Infinity`. */
  firstKey(): number {
    return this.#size > 0 ? this.#keys[0]! : Number.POSITIVE_INFINITY;
  }

  /** The smallest key but for that of the first item, or `Infinity`. */
  secondKey(): number {
    const end = Math.min(ARITY + 1, this.#size);
    let least = Number.POSITIVE_INFINITY;
    for (let slot = 1; slot < end; slot++) if (this.#keys[slot]! < least) least = this.#keys[slot]!;
    return least;
  }

  /** The key of an item that is in. */
  keyOf(item: number): number {
    return this.#keys[this.#slotOf[item]!]!;
  }

  /** The rank of an item that is in. */
  rankOf(item: number): number {
    return this.#ranks[this.#slotOf[item]!]!;
  }

  /** Adds an item that is not in. O(log n); ranks are integers from 0 to 2^31 - 1. */
  push(item: number, key: number, rank = item): void {
    if (item >= this.#slotOf.length) {
      this.#slotOf = grownInt32(this.#slotOf, grownCapacity(this.#slotOf.length, item + 1), -1);
    }
    if (this.#size === this.#keys.length) this.#grow();
    this.#up(this.#size++, item, key, rank);
  }

  /** Re-keys an item that is in; its rank stays. O(log n). */
  rekey(item: number, key: number): void {
    const slot = this.#slotOf[item]!;
    const rank = this.#ranks[slot]!;
    if (key < this.#keys[slot]!) this.#up(slot, item, key, rank);
    else this.#down(slot, item, key, rank);
  }

  /** Re-keys the first item, to a key that is not below its own; which is first then. The heap is not empty. */
  rekeyFirst(key: number): number {
    this.#down(0, this.#items[0]!, key, this.#ranks[0]!);
    return this.#items[0]!;
  }

  /** Takes the first item out and puts another one, not in yet, in its place: one sift. The heap is not empty. */
  replaceFirst(item: number, key: number, rank = item): void {
    if (item >= this.#slotOf.length) {
      this.#slotOf = grownInt32(this.#slotOf, grownCapacity(this.#slotOf.length, item + 1), -1);
    }
    this.#slotOf[this.#items[0]!] = -1;
    this.#down(0, item, key, rank);
  }

  /** Takes an item that is in out. O(log n). */
  remove(item: number): void {
    const slot = this.#slotOf[item]!;
    this.#slotOf[item] = -1;
    const last = --this.#size;
    if (slot === last) return;
    const moved = this.#items[last]!;
    const key = this.#keys[last]!;
    const rank = this.#ranks[last]!;
    const parent = (slot - 1) >> 2;
    if (slot > 0 && this.#before(key, rank, parent)) this.#up(slot, moved, key, rank);
    else this.#down(slot, moved, key, rank);
  }

  /** Gives an item that is in another rank; all of them together must keep their order. */
  rerank(item: number, rank: number): void {
    this.#ranks[this.#slotOf[item]!] = rank;
  }

  /** Multiplies all keys by a positive factor: the order stays. O(n). */
  scaleKeys(factor: number): void {
    for (let slot = 0; slot < this.#size; slot++) this.#keys[slot]! *= factor;
  }

  /** The items in no order. */
  items(): Int32Array {
    return this.#items.subarray(0, this.#size);
  }

  /** Throws when an invariant is broken. O(n). */
  validate(): void {
    for (let slot = 0; slot < this.#size; slot++) {
      const item = this.#items[slot]!;
      invariant(this.#slotOf[item] === slot, `heap: item ${item} is in slot ${slot}, noted ${this.#slotOf[item]}`);
      invariant(!Number.isNaN(this.#keys[slot]!), `heap: the key of item ${item} is not a number`);
      if (slot === 0) continue;
      const parent = (slot - 1) >> 2;
      const inOrder = !this.#before(this.#keys[slot]!, this.#ranks[slot]!, parent);
      invariant(inOrder, `heap: item ${item} comes before its parent ${this.#items[parent]}`);
    }
    let present = 0;
    for (const slot of this.#slotOf) if (slot >= 0) present++;
    invariant(present === this.#size, `heap: ${present} items have a slot, ${this.#size} are in`);
  }

  #before(key: number, rank: number, slot: number): boolean {
    const other = this.#keys[slot]!;
    return key < other || (key === other && rank < this.#ranks[slot]!);
  }

  /** Finds the place of an item at `slot` or above, and puts it there. */
  #up(start: number, item: number, key: number, rank: number): void {
    let slot = start;
    while (slot > 0) {
      const parent = (slot - 1) >> 2;
      if (!this.#before(key, rank, parent)) break;
      this.#copy(parent, slot);
      slot = parent;
    }
    this.#place(slot, item, key, rank);
  }

  /** Finds the place of an item at `slot` or below, and puts it there. */
  #down(start: number, item: number, key: number, rank: number): void {
    const keys = this.#keys;
    const ranks = this.#ranks;
    const size = this.#size;
    let slot = start;
    for (;;) {
      const firstChild = slot * ARITY + 1;
      if (firstChild >= size) break;
      let child = firstChild;
      let childKey = keys[child]!;
      const end = Math.min(firstChild + ARITY, size);
      for (let other = firstChild + 1; other < end; other++) {
        const otherKey = keys[other]!;
        if (otherKey < childKey || (otherKey === childKey && ranks[other]! < ranks[child]!)) {
          child = other;
          childKey = otherKey;
        }
      }
      if (key < childKey || (key === childKey && rank <= ranks[child]!)) break;
      this.#copy(child, slot);
      slot = child;
    }
    this.#place(slot, item, key, rank);
  }

  #copy(from: number, to: number): void {
    const item = this.#items[from]!;
    this.#items[to] = item;
    this.#keys[to] = this.#keys[from]!;
    this.#ranks[to] = this.#ranks[from]!;
    this.#slotOf[item] = to;
    this.moves++;
  }

  #place(slot: number, item: number, key: number, rank: number): void {
    this.#items[slot] = item;
    this.#keys[slot] = key;
    this.#ranks[slot] = rank;
    this.#slotOf[item] = slot;
  }

  #grow(): void {
    const capacity = grownCapacity(this.#keys.length, this.#size + 1);
    this.#keys = grownFloat64(this.#keys, capacity);
    this.#ranks = grownInt32(this.#ranks, capacity);
    this.#items = grownInt32(this.#items, capacity);
  }
}
