import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat64 } from '../struct/grow.js';
import { IndexedHeap } from '../struct/indexed-heap.js';
import { LinkedLists } from '../struct/linked-list.js';
import type { Policy } from './policy.js';

/** Uses per entry between two halvings. */
const USES_PER_ENTRY = 10;
/** The weight at which all counts are scaled back, far from the largest double. */
const MAX_WEIGHT = 2 ** 900;
const MAX_RANK = 2 ** 31 - 1;

/**
 * Least frequently used goes first, exactly: an entry's count is 1 at its insertion and grows by 1 with each hit; all
 * counts halve, without rounding, every 10 × n uses (insertions and hits, n entries); of equal counts the one inserted
 * first goes. An overwrite keeps count and place.
 *
 * Ageing is by epoch: instead of halving all counts, what a use adds doubles, so that nothing moves. Counts are doubles
 * and doubling is exact in them, so this orders as halving does.
 *
 * The heap is lazy: a hit raises the count and not the key. Keys are never too high, so an entry that arrives at the top
 * with its key up to date is the least; one with an old key is re-keyed and sinks. 28 bytes an entry.
 */
export class LfuPolicy implements Policy {
  readonly #heap: IndexedHeap;
  /** handle → count × weight; never below its key in the heap. */
  #counts: Float64Array;
  /** What a use adds now: 2 to the number of halvings. */
  #weight = 1;
  #usesSinceHalving = 0;
  /** The rank of the next insertion: how equal counts are told apart. */
  #nextRank = 0;
  #size = 0;
  /** Deferred handles stand aside, out of the heap; each removal lets one of them return. */
  #deferred: LinkedLists | undefined;
  /** The first of the heap has left and its slot waits for the next insertion: one sift for an eviction and a set. */
  #hole = -1;

  constructor(capacity = 0) {
    this.#heap = new IndexedHeap(capacity);
    this.#counts = new Float64Array(capacity);
  }

  insert(handle: number): void {
    if (handle >= this.#counts.length) {
      this.#counts = grownFloat64(this.#counts, grownCapacity(this.#counts.length, handle + 1));
    }
    this.#size++;
    this.#counts[handle] = this.#weight;
    this.#put(handle);
    this.#countUse();
  }

  touch(handle: number): void {
    this.#counts[handle]! += this.#weight;
    this.#countUse();
  }

  update(): void {}

  remove(handle: number): void {
    this.#size--;
    const deferred = this.#deferred;
    if (deferred?.has(handle)) deferred.remove(handle);
    else if (this.#hole < 0 && handle === this.#heap.first()) this.#hole = handle;
    else this.#heap.remove(handle);
    const returning = deferred?.first(0) ?? -1;
    if (deferred === undefined || returning < 0) return;
    deferred.remove(returning);
    this.#put(returning);
  }

  victim(): number {
    this.#closeHole();
    const heap = this.#heap;
    for (;;) {
      const handle = heap.first();
      if (handle < 0) return Math.max(-1, this.#deferred?.first(0) ?? -1);
      const count = this.#counts[handle]!;
      if (count === heap.firstKey()) return handle;
      heap.rekeyFirst(count);
    }
  }

  /** Counts as a use; it returns behind its equals, as if inserted then. */
  defer(handle: number): void {
    this.touch(handle);
    this.#deferred ??= new LinkedLists(1);
    if (this.#deferred.has(handle)) {
      this.#deferred.move(0, handle);
    } else {
      this.#heap.remove(handle);
      this.#deferred.reserve(handle + 1);
      this.#deferred.append(0, handle);
    }
  }

  order(): number[] {
    this.#closeHole();
    const counts = this.#counts;
    const heap = this.#heap;
    const handles = Array.from(heap.items());
    handles.sort((a, b) => counts[a]! - counts[b]! || heap.rankOf(a) - heap.rankOf(b));
    return handles.concat(this.#deferred?.toArray(0) ?? []);
  }

  validate(): void {
    this.#heap.validate();
    this.#deferred?.validate();
    const inHeap = this.#heap.size - (this.#hole < 0 ? 0 : 1);
    const aside = this.#deferred?.toArray(0).length ?? 0;
    invariant(inHeap + aside === this.#size, `lfu: ${this.#size} entries, ${inHeap} in the heap`);
    invariant(this.#hole < 0 || this.#hole === this.#heap.first(), 'lfu: the hole is not at the top');
    for (const handle of this.#heap.items()) {
      invariant(!this.#deferred?.has(handle), `lfu: ${handle} is deferred and in the heap`);
      if (handle === this.#hole) continue;
      const key = this.#heap.keyOf(handle);
      invariant(key <= this.#counts[handle]!, `lfu: the key of ${handle} is ${key}, its count ${this.#counts[handle]}`);
    }
  }

  /** Entries moved in the heap so far: the cost of keeping order. */
  get work(): number {
    return this.#heap.moves;
  }

  #put(handle: number): void {
    if (this.#nextRank === MAX_RANK) this.#renumber();
    const rank = this.#nextRank++;
    if (this.#hole < 0) this.#heap.push(handle, this.#counts[handle]!, rank);
    else this.#heap.replaceFirst(handle, this.#counts[handle]!, rank);
    this.#hole = -1;
  }

  #closeHole(): void {
    if (this.#hole < 0) return;
    this.#heap.remove(this.#hole);
    this.#hole = -1;
  }

  #countUse(): void {
    if (++this.#usesSinceHalving < USES_PER_ENTRY * this.#size) return;
    this.#usesSinceHalving = 0;
    this.#weight *= 2;
    if (this.#weight >= MAX_WEIGHT) this.#scale();
  }

  /** Every 900 halvings: all counts and keys back to the weight 1. Order is kept, so the heap stays as it is. */
  #scale(): void {
    const factor = 1 / this.#weight;
    for (let handle = 0; handle < this.#counts.length; handle++) this.#counts[handle]! *= factor;
    this.#heap.scaleKeys(factor);
    this.#weight = 1;
  }

  /** Every 2^31 insertions: ranks from 0 again, in the same order. */
  #renumber(): void {
    const handles = Array.from(this.#heap.items());
    handles.sort((a, b) => this.#heap.rankOf(a) - this.#heap.rankOf(b));
    for (let rank = 0; rank < handles.length; rank++) this.#heap.rerank(handles[rank]!, rank);
    this.#nextRank = handles.length;
  }
}
