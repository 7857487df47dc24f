import { invariant } from '../common/invariant.js';
import { grownCapacity, grownInt32 } from './grow.js';

/** The link of a node that is in no list; no place is numbered so. */
const UNLINKED = -1;

/**
 * Many doubly linked lists of nodes out of one pool: two 4-byte links a node, two a list, side by side in one array. A
 * node is a small integer and is in one list at most.
 *
 * Each list is a ring through a place of its own: list `l` has place `lists - 1 - l`, and node `n` has `lists + n`, so to
 * put a node in or to take it out is four writes and no decision, no word on which list it is in, and the neighbour of
 * the first and of the last, counted as a node, is `~list`. All operations are O(1).
 */
export class LinkedLists {
  readonly #lists: number;
  /** place → the place before (2 × place) and the one after (2 × place + 1). */
  #links: Int32Array;
  #capacity: number;

  constructor(lists: number, capacity = 0) {
    this.#lists = lists;
    this.#capacity = capacity;
    this.#links = new Int32Array(2 * (lists + capacity)).fill(UNLINKED);
    for (let place = 0; place < lists; place++) {
      this.#links[2 * place] = place;
      this.#links[2 * place + 1] = place;
    }
  }

  has(node: number): boolean {
    return node < this.#capacity && this.#links[2 * (this.#lists + node)] !== UNLINKED;
  }

  /** The first node of a list; `~list` when the list is empty. */
  first(list: number): number {
    const lists = this.#lists;
    return this.#links[2 * (lists + ~list) + 1]! - lists;
  }

  /** The last node of a list; `~list` when the list is empty. */
  last(list: number): number {
    const lists = this.#lists;
    return this.#links[2 * (lists + ~list)]! - lists;
  }

  /** The node after this one; `~list` at the end. */
  next(node: number): number {
    const lists = this.#lists;
    return this.#links[2 * (lists + node) + 1]! - lists;
  }

  /** Makes room for nodes below `capacity` at once, so that `append` need not look. */
  reserve(capacity: number): void {
    if (capacity > this.#capacity) this.grow(grownCapacity(this.#capacity, capacity));
  }

  /** Makes room for nodes below `capacity`, and for no more. */
  grow(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.#capacity = capacity;
    this.#links = grownInt32(this.#links, 2 * (this.#lists + capacity), UNLINKED);
  }

  /** Puts a node that is in no list, and that `reserve` has made room for, at the end of a list. */
  append(list: number, node: number): void {
    const links = this.#links;
    const place = this.#lists + node;
    const end = this.#lists + ~list;
    const last = links[2 * end]!;
    links[2 * place] = last;
    links[2 * place + 1] = end;
    links[2 * last + 1] = place;
    links[2 * end] = place;
  }

  /** Takes a node that is in a list out of it. */
  remove(node: number): void {
    const links = this.#links;
    const at = 2 * (this.#lists + node);
    const before = links[at]!;
    const after = links[at + 1]!;
    links[2 * before + 1] = after;
    links[2 * after] = before;
    links[at] = UNLINKED;
  }

  /** Moves a node that is in a list to the end of a list, the same or another. */
  move(list: number, node: number): void {
    const links = this.#links;
    const place = this.#lists + node;
    const end = this.#lists + ~list;
    if (links[2 * end] === place) return;
    const before = links[2 * place]!;
    const after = links[2 * place + 1]!;
    links[2 * before + 1] = after;
    links[2 * after] = before;
    const last = links[2 * end]!;
    links[2 * place] = last;
    links[2 * place + 1] = end;
    links[2 * last + 1] = place;
    links[2 * end] = place;
  }

  /** The nodes of a list in order. */
  toArray(list: number): number[] {
    const nodes: number[] = [];
    for (let node = this.first(list); node >= 0; node = this.next(node)) nodes.push(node);
    return nodes;
  }

  /** Throws when an invariant is broken. O(nodes + lists). */
  validate(): void {
    const lists = this.#lists;
    const seen = new Set<number>();
    for (let list = 0; list < lists; list++) {
      let before = ~list;
      for (let node = this.first(list); node >= 0; node = this.next(node)) {
        invariant(!seen.has(node), `list ${list}: node ${node} is linked twice`);
        const back = this.#links[2 * (lists + node)]! - lists;
        invariant(back === before, `list ${list}: node ${node} does not point back to ${before}`);
        seen.add(node);
        before = node;
      }
      invariant(this.last(list) === before, `list ${list}: ends with ${before}, not with ${this.last(list)}`);
      if (before >= 0) invariant(this.next(before) === ~list, `list ${list}: ends as another list`);
    }
    for (let node = 0; node < this.#capacity; node++) {
      invariant(this.has(node) === seen.has(node), `node ${node}: linked into no list`);
    }
  }
}
