import { invariant } from '../common/invariant.js';

/**
 * # Room in the segments
 *
 * Two-level segregated fit (Masmano et al., "TLSF", ECRTS'04) over units of 64 bytes, with all its words on the
 * keeper's heap: blocks of shared memory carry no header, so nobody who writes past a block can damage the allocator.
 * A free list a class, 16 classes a power of two, two levels of bitmaps; the own class is searched a few places deep
 * before a larger one is taken, which comes near to best fit. Neighbours in address order are linked, so freed blocks
 * merge at once: no two holes ever touch. All calls are O(1).
 *
 * Accepted: a list is last-in first-out, not sorted by address.
 */
const SECOND_BITS = 4;
const SECOND = 1 << SECOND_BITS;
const FIRST = 32 - SECOND_BITS;
const SEARCH_DEPTH = 16;
const NONE = -1;

/** A block or a hole. */
export type BlockNode = number;

export class Allocator {
  #capacity = 1024;
  #start = new Uint32Array(this.#capacity);
  #units = new Uint32Array(this.#capacity);
  #segment = new Int32Array(this.#capacity);
  #prev = new Int32Array(this.#capacity);
  #next = new Int32Array(this.#capacity);
  #prevFree = new Int32Array(this.#capacity);
  #nextFree = new Int32Array(this.#capacity);
  /** 0: a hole. Else whatever the user of the block has set, or 1. */
  #owner = new Int32Array(this.#capacity);
  #spare: number[] = [];
  #nodes = 0;

  readonly #heads = new Int32Array(FIRST * SECOND).fill(NONE);
  #firstMap = 0;
  readonly #secondMap = new Int32Array(FIRST);
  readonly #firsts: BlockNode[] = [];

  freeUnits = 0;
  totalUnits = 0;

  /**
   * Adds a segment: one hole, but for the blocks that are in use already, in order of addresses. Returns those.
   *
   * @throws when they overlap, or pass the end.
   */
  addSegment(segment: number, units: number, busy: readonly { start: number; units: number }[] = []): BlockNode[] {
    let last = NONE;
    let end = 0;
    const append = (length: number): BlockNode => {
      const node = this.#newNode(segment, end, length, last, NONE);
      if (last === NONE) this.#firsts.push(node);
      else this.#next[last] = node;
      last = node;
      end += length;
      return node;
    };
    const blocks = busy.map((block) => {
      invariant(block.start >= end && block.units > 0 && block.start + block.units <= units, 'blocks do not overlap');
      if (block.start > end) this.#link(append(block.start - end));
      const node = append(block.units);
      this.#owner[node] = 1;
      return node;
    });
    if (end < units) this.#link(append(units - end));
    this.totalUnits += units;
    return blocks;
  }

  /** A block of exactly so many units, or -1 when no hole fits. */
  alloc(units: number): BlockNode {
    const node = this.#findHole(units);
    if (node === NONE) return NONE;
    this.#unlink(node);
    this.#owner[node] = 1;
    this.trim(node, units);
    return node;
  }

  /** Takes a hole as it is. */
  claim(hole: BlockNode, owner: number): void {
    this.#unlink(hole);
    this.#owner[hole] = owner;
  }

  free(node: BlockNode): void {
    invariant(this.#owner[node] !== 0, 'a block is freed once');
    this.#owner[node] = 0;
    let hole = node;
    const next = this.#next[hole]!;
    if (next !== NONE && this.#owner[next] === 0) this.#absorb(hole, next);
    const prev = this.#prev[hole]!;
    if (prev !== NONE && this.#owner[prev] === 0) {
      this.#unlink(prev);
      this.#absorb(prev, hole, false);
      hole = prev;
    }
    this.#link(hole);
  }

  /** Gives back what lies behind the first `units` of a block. */
  trim(node: BlockNode, units: number): void {
    const rest = this.#units[node]! - units;
    if (rest === 0) return;
    const next = this.#next[node]!;
    const hole = this.#newNode(this.#segment[node]!, this.#start[node]! + units, rest, node, next);
    this.#units[node] = units;
    this.#next[node] = hole;
    if (next !== NONE) {
      this.#prev[next] = hole;
      if (this.#owner[next] === 0) this.#absorb(hole, next);
    }
    this.#link(hole);
  }

  start(node: BlockNode): number {
    return this.#start[node]!;
  }

  units(node: BlockNode): number {
    return this.#units[node]!;
  }

  segment(node: BlockNode): number {
    return this.#segment[node]!;
  }

  /** Who uses the block: any non-zero Int32. 0 means that it is a hole. */
  owner(node: BlockNode): number {
    return this.#owner[node]!;
  }

  setOwner(node: BlockNode, owner: number): void {
    invariant(owner !== 0 && this.#owner[node] !== 0, 'a block in use has an owner');
    this.#owner[node] = owner;
  }

  /** The next block or hole in the same segment, in order of addresses, or -1. */
  next(node: BlockNode): BlockNode {
    return this.#next[node]!;
  }

  /** The first block or hole of each segment. */
  firsts(): readonly BlockNode[] {
    return this.#firsts;
  }

  /** Units of the largest hole. */
  largestHole(): number {
    if (this.#firstMap === 0) return 0;
    const first = 31 - Math.clz32(this.#firstMap);
    const second = 31 - Math.clz32(this.#secondMap[first]!);
    let largest = 0;
    for (let node = this.#heads[first * SECOND + second]!; node !== NONE; node = this.#nextFree[node]!) {
      largest = Math.max(largest, this.#units[node]!);
    }
    return largest;
  }

  /** The share of the free units that is not in the largest hole. */
  fragmentation(): number {
    return this.freeUnits === 0 ? 0 : 1 - this.largestHole() / this.freeUnits;
  }

  /** @throws when blocks and holes do not tile the segments, two holes touch, or a hole is in no or a wrong list. */
  validate(): void {
    const listed = new Set<BlockNode>();
    for (let list = 0; list < this.#heads.length; list++) {
      for (let node = this.#heads[list]!; node !== NONE; node = this.#nextFree[node]!) {
        invariant(classOf(this.#units[node]!) === list, 'a hole is in the list of its class');
        invariant(!listed.has(node), 'a hole is listed once');
        listed.add(node);
      }
      const mapped = (this.#secondMap[list >> SECOND_BITS]! & (1 << (list & (SECOND - 1)))) !== 0;
      invariant(mapped === (this.#heads[list] !== NONE), 'the bitmaps tell which lists have holes');
    }
    let free = 0;
    let total = 0;
    let holes = 0;
    for (const first of this.#firsts) {
      let end = 0;
      let wasHole = false;
      for (let node = first; node !== NONE; node = this.#next[node]!) {
        invariant(this.#start[node] === end, 'blocks and holes tile a segment');
        const hole = this.#owner[node] === 0;
        invariant(!(hole && wasHole), 'no two holes touch');
        invariant(hole === listed.has(node), 'just the holes are listed');
        end += this.#units[node]!;
        if (hole) {
          free += this.#units[node]!;
          holes++;
        }
        wasHole = hole;
      }
      total += end;
    }
    invariant(holes === listed.size, 'each listed hole is in a segment');
    invariant(free === this.freeUnits && total === this.totalUnits, 'the counts of units are exact');
  }

  #findHole(units: number): BlockNode {
    const own = classOf(units);
    let depth = SEARCH_DEPTH;
    for (let node = this.#heads[own]!; node !== NONE && depth > 0; node = this.#nextFree[node]!, depth--) {
      if (this.#units[node]! >= units) return node;
    }
    let first = (own + 1) >> SECOND_BITS;
    if (first >= FIRST) return NONE;
    let second = this.#secondMap[first]! & (-1 << ((own + 1) & (SECOND - 1)));
    if (second === 0) {
      const above = first === 31 ? 0 : this.#firstMap & (-1 << (first + 1));
      if (above === 0) return this.#deepSearch(own, units);
      first = trailingZeros(above);
      second = this.#secondMap[first]!;
    }
    return this.#heads[first * SECOND + trailingZeros(second)]!;
  }

  // No larger class has a hole: the own class is the last hope, and is searched to its end.
  #deepSearch(list: number, units: number): BlockNode {
    let node = this.#heads[list]!;
    while (node !== NONE && this.#units[node]! < units) node = this.#nextFree[node]!;
    return node;
  }

  /** Takes `gone`, a neighbour behind `node`, into it. */
  #absorb(node: BlockNode, gone: BlockNode, listed = true): void {
    if (listed) this.#unlink(gone);
    this.#units[node]! += this.#units[gone]!;
    const next = this.#next[gone]!;
    this.#next[node] = next;
    if (next !== NONE) this.#prev[next] = node;
    this.#spare.push(gone);
  }

  #link(node: BlockNode): void {
    const list = classOf(this.#units[node]!);
    const head = this.#heads[list]!;
    this.#prevFree[node] = NONE;
    this.#nextFree[node] = head;
    if (head !== NONE) this.#prevFree[head] = node;
    this.#heads[list] = node;
    this.#secondMap[list >> SECOND_BITS]! |= 1 << (list & (SECOND - 1));
    this.#firstMap |= 1 << (list >> SECOND_BITS);
    this.freeUnits += this.#units[node]!;
  }

  #unlink(node: BlockNode): void {
    const list = classOf(this.#units[node]!);
    const prev = this.#prevFree[node]!;
    const next = this.#nextFree[node]!;
    if (prev === NONE) this.#heads[list] = next;
    else this.#nextFree[prev] = next;
    if (next !== NONE) this.#prevFree[next] = prev;
    if (this.#heads[list] === NONE) {
      const first = list >> SECOND_BITS;
      this.#secondMap[first]! &= ~(1 << (list & (SECOND - 1)));
      if (this.#secondMap[first] === 0) this.#firstMap &= ~(1 << first);
    }
    this.freeUnits -= this.#units[node]!;
  }

  #newNode(segment: number, start: number, units: number, prev: BlockNode, next: BlockNode): BlockNode {
    const node = this.#spare.pop() ?? this.#nodes++;
    if (node >= this.#capacity) this.#grow();
    this.#segment[node] = segment;
    this.#start[node] = start;
    this.#units[node] = units;
    this.#prev[node] = prev;
    this.#next[node] = next;
    this.#owner[node] = 0;
    return node;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#start = enlarged(this.#start, new Uint32Array(this.#capacity));
    this.#units = enlarged(this.#units, new Uint32Array(this.#capacity));
    this.#segment = enlarged(this.#segment, new Int32Array(this.#capacity));
    this.#prev = enlarged(this.#prev, new Int32Array(this.#capacity));
    this.#next = enlarged(this.#next, new Int32Array(this.#capacity));
    this.#prevFree = enlarged(this.#prevFree, new Int32Array(this.#capacity));
    this.#nextFree = enlarged(this.#nextFree, new Int32Array(this.#capacity));
    this.#owner = enlarged(this.#owner, new Int32Array(this.#capacity));
  }
}

function enlarged<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The class of a hole of so many units: holes of a class are within 1/16 of each other. */
function classOf(units: number): number {
  if (units < SECOND) return units;
  const first = 31 - Math.clz32(units);
  return ((first - SECOND_BITS + 1) << SECOND_BITS) | ((units >>> (first - SECOND_BITS)) & (SECOND - 1));
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
