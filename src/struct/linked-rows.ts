import { invariant } from '../common/invariant.js';
import { grownCapacity, grownInt32 } from './grow.js';

/** Words of a row: those of whoever uses it come first, then the two links. A power of two, so no row lies in two lines. */
const ROW = 4;
const BEFORE = ROW - 2;
const AFTER = ROW - 1;
/** The link of a row that is in no list; no place is numbered so. */
const UNLINKED = -1;

/**
 * Rows of two 4-byte words, each with its links in a doubly linked list, so that what is known of a thing and where it
 * stands lie in one line of memory. Many lists out of one pool; a row is in one of them at most.
 *
 * As in `LinkedLists`, a list is a ring through a row of its own, and putting in and taking out are four writes and no
 * decision. The rows of the lists come first: thing `n` has the place `lists + n`, and its words begin at `at(n)`.
 */
export class LinkedRows {
  readonly #lists: number;
  /** All words. To be read anew after `reserve`. */
  ints: Int32Array;
  #capacity: number;

  constructor(lists: number, capacity = 0) {
    this.#lists = lists;
    this.#capacity = capacity;
    this.ints = new Int32Array(ROW * (lists + capacity)).fill(UNLINKED);
    for (let place = 0; place < lists; place++) {
      this.ints[ROW * place + BEFORE] = place;
      this.ints[ROW * place + AFTER] = place;
    }
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Where the words of a thing begin. */
  at(node: number): number {
    return ROW * (this.#lists + node);
  }

  has(node: number): boolean {
    return node < this.#capacity && this.ints[ROW * (this.#lists + node) + BEFORE] !== UNLINKED;
  }

  /** The first of a list; below 0 when the list is empty. */
  first(list: number): number {
    return this.ints[ROW * list + AFTER]! - this.#lists;
  }

  /** The last of a list; below 0 when the list is empty. */
  last(list: number): number {
    return this.ints[ROW * list + BEFORE]! - this.#lists;
  }

  /** Makes room for things below `capacity`. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.#capacity = grownCapacity(this.#capacity, capacity);
    this.ints = grownInt32(this.ints, ROW * (this.#lists + this.#capacity), UNLINKED);
  }

  /** Puts one that is in no list, and that there is room for, at the end of a list. */
  append(list: number, node: number): void {
    const { ints } = this;
    const place = this.#lists + node;
    const last = ints[ROW * list + BEFORE]!;
    ints[ROW * place + BEFORE] = last;
    ints[ROW * place + AFTER] = list;
    ints[ROW * last + AFTER] = place;
    ints[ROW * list + BEFORE] = place;
  }

  /** Takes one that is in a list out of it. */
  remove(node: number): void {
    const { ints } = this;
    const at = ROW * (this.#lists + node);
    const before = ints[at + BEFORE]!;
    const after = ints[at + AFTER]!;
    ints[ROW * before + AFTER] = after;
    ints[ROW * after + BEFORE] = before;
    ints[at + BEFORE] = UNLINKED;
  }

  /** Moves one that is in a list to the end of a list, the same or another. */
  move(list: number, node: number): void {
    const { ints } = this;
    const place = this.#lists + node;
    const at = ROW * place;
    const before = ints[at + BEFORE]!;
    const after = ints[at + AFTER]!;
    ints[ROW * before + AFTER] = after;
    ints[ROW * after + BEFORE] = before;
    const last = ints[ROW * list + BEFORE]!;
    ints[at + BEFORE] = last;
    ints[at + AFTER] = list;
    ints[ROW * last + AFTER] = place;
    ints[ROW * list + BEFORE] = place;
  }

  /** Those of a list in order. */
  toArray(list: number): number[] {
    const nodes: number[] = [];
    for (let place = this.ints[ROW * list + AFTER]!; place !== list; place = this.ints[ROW * place + AFTER]!) {
      nodes.push(place - this.#lists);
    }
    return nodes;
  }

  /** Throws when an invariant is broken. O(rows + lists). */
  validate(): void {
    const seen = new Set<number>();
    for (let list = 0; list < this.#lists; list++) {
      let before = list;
      for (const node of this.toArray(list)) {
        invariant(!seen.has(node), `list ${list}: ${node} is linked twice`);
        invariant(this.ints[this.at(node) + BEFORE] === before, `list ${list}: ${node} does not point back`);
        seen.add(node);
        before = this.#lists + node;
      }
      invariant(this.ints[ROW * list + BEFORE] === before, `list ${list}: ends elsewhere`);
    }
    for (let node = 0; node < this.#capacity; node++) {
      invariant(this.has(node) === seen.has(node), `row ${node}: linked into no list`);
    }
  }
}
