import { invariant } from '../common/invariant.js';
import { grownCapacity, grownInt32 } from './grow.js';

/** The node is in no list. No list is numbered so high that `~list` would be this. */
const UNLINKED = -0x8000_0000;

/**
 * Many doubly linked lists of nodes out of one pool: two 4-byte links a node, two a list. A node is a small integer and
 * is in one list at most.
 *
 *     list 3:  firsts[3] = 7   lasts[3] = 2
 *     prev:    [7] = ~3   [5] = 7   [2] = 5        next:  [7] = 5   [5] = 2   [2] = ~3
 *
 * Where a list ends the link is `~list`, which is negative: so a node can be unlinked without a word on which list it is
 * in, and no sentinel nodes are needed. All operations are O(1).
 */
export class LinkedLists {
  /** UNLINKED for a node that is in no list; its `next` means nothing then. */
  #prev: Int32Array;
  #next: Int32Array;
  /** `~list` where the list is empty, as if it were the link of a neighbour. */
  readonly #firsts: Int32Array;
  readonly #lasts: Int32Array;

  constructor(lists: number, capacity = 0) {
    this.#prev = new Int32Array(capacity).fill(UNLINKED);
    this.#next = new Int32Array(capacity);
    this.#firsts = new Int32Array(lists);
    for (let list = 0; list < lists; list++) this.#firsts[list] = ~list;
    this.#lasts = this.#firsts.slice();
  }

  has(node: number): boolean {
    return node < this.#prev.length && this.#prev[node] !== UNLINKED;
  }

  /** The first node of a list; negative when the list is empty. */
  first(list: number): number {
    return this.#firsts[list]!;
  }

  /** The last node of a list; negative when the list is empty. */
  last(list: number): number {
    return this.#lasts[list]!;
  }

  /** The node after this one; negative at the end. */
  next(node: number): number {
    return this.#next[node]!;
  }

  /** Makes room for nodes below `capacity` at once, so that `append` need not look. */
  reserve(capacity: number): void {
    if (capacity <= this.#prev.length) return;
    const length = grownCapacity(this.#prev.length, capacity);
    this.#prev = grownInt32(this.#prev, length, UNLINKED);
    this.#next = grownInt32(this.#next, length);
  }

  /** Puts a node that is in no list, and that `reserve` has made room for, at the end of a list. */
  append(list: number, node: number): void {
    const last = this.#lasts[list]!;
    this.#prev[node] = last;
    this.#next[node] = ~list;
    if (last < 0) this.#firsts[list] = node;
    else this.#next[last] = node;
    this.#lasts[list] = node;
  }

  /** Takes a node that is in a list out of it. */
  remove(node: number): void {
    this.#unlink(node);
    this.#prev[node] = UNLINKED;
  }

  /** Moves a node that is in a list to the end of a list, the same or another. */
  move(list: number, node: number): void {
    if (this.#lasts[list] === node) return;
    this.#unlink(node);
    this.append(list, node);
  }

  /** The nodes of a list in order. */
  toArray(list: number): number[] {
    const nodes: number[] = [];
    for (let node = this.#firsts[list]!; node >= 0; node = this.#next[node]!) nodes.push(node);
    return nodes;
  }

  /** Throws when an invariant is broken. O(nodes + lists). */
  validate(): void {
    const seen = new Set<number>();
    for (let list = 0; list < this.#firsts.length; list++) {
      let before = ~list;
      for (let node = this.#firsts[list]!; node >= 0; node = this.#next[node]!) {
        invariant(!seen.has(node), `list ${list}: node ${node} is linked twice`);
        invariant(this.#prev[node] === before, `list ${list}: node ${node} does not point back to ${before}`);
        seen.add(node);
        before = node;
      }
      invariant(this.#lasts[list] === before, `list ${list}: ends with ${before}, not with ${this.#lasts[list]}`);
      if (before >= 0) invariant(this.#next[before] === ~list, `list ${list}: ends as another list`);
    }
    for (let node = 0; node < this.#prev.length; node++) {
      invariant(this.has(node) === seen.has(node), `node ${node}: linked into no list`);
    }
  }

  #unlink(node: number): void {
    const prev = this.#prev[node]!;
    const next = this.#next[node]!;
    if (prev < 0) this.#firsts[~prev] = next;
    else this.#next[prev] = next;
    if (next < 0) this.#lasts[~next] = prev;
    else this.#prev[next] = prev;
  }
}
