import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat64 } from '../struct/grow.js';
import { IndexedHeap } from '../struct/indexed-heap.js';
import { LinkedLists } from '../struct/linked-list.js';
import type { Policy } from './policy.js';
import { CLASS_COUNT, CLASS_VALUES, classOf } from './value-class.js';

/** The list of those that were deferred, beside one for each class. */
const ASIDE = CLASS_COUNT;
/** In `#uses`, below the frequency: hit since its last placing; stands aside. */
const NOTED = 1;
const DEFERRED = 2;
const ONE_USE = 4;
const FREQUENCY_SHIFT = 2;
const MAX_USES = 2 ** 31 - 2 * ONE_USE;
/** The clock is set back to 0 after so many victims, and 16 per entry: doubles stay precise, at no cost. */
const MIN_VICTIMS_PER_ERA = 1 << 20;

/**
 * GreedyDual-Size-Frequency (Cherkasova 1998): the priority of an entry is `clock + frequency × cost ÷ bytes`, of the time
 * of its last use; the least goes; the clock rises to each victim's priority.
 *
 * # Lists that are in order by themselves
 *
 * `frequency × cost ÷ bytes` is rounded to a class (CAMP, see value-class.ts). Within a class the priority grows with the
 * clock at the last use, and the clock never falls, so a list where each use moves an entry to the end is in order. The
 * least of all is the first of one of some tens of lists; a heap holds these, a few cache lines in all. An eviction costs
 * the same with a thousand entries and with a million.
 *
 * # Hits
 *
 * A hit raises the frequency and notes the clock, and moves nothing. Priorities only grow by it, so an entry that has
 * been hit is looked at when it arrives at the front: its priority is worked out from what was noted, and it goes to the
 * end of the list whose value is nearest to what is left of that priority above the present clock. In the same way the
 * heap's key of a list, the priority of its first at some time before, is never too high, and is put right at the top.
 *
 * 24 bytes an entry, of which 16 lie side by side: a hit writes to one line of the processor's cache.
 */
export class GdsfPolicy implements Policy {
  readonly #lists: LinkedLists;
  readonly #heap = new IndexedHeap();
  /** 2 × handle → the clock at its last use or placing, whichever was later. */
  #clocks: Float64Array = new Float64Array(0);
  /** 4 × handle + 2 → frequency, DEFERRED, NOTED. 0: not in. */
  #uses: Int32Array = new Int32Array(0);
  /** 4 × handle + 3 → cost ÷ bytes. */
  #values: Float32Array = new Float32Array(0);
  #capacity = 0;
  /** Below this the first of the heap is the least, whatever its own key there says: no key of another list is less. */
  #bound = Number.NEGATIVE_INFINITY;
  #clock = 0;
  #victims = 0;
  #size = 0;
  #hasAside = false;
  #settled = 0;

  constructor(capacity = 0) {
    this.#lists = new LinkedLists(CLASS_COUNT + 1, capacity);
    if (capacity > 0) this.#grow(capacity);
  }

  insert(handle: number, size: number, cost: number): void {
    if (handle >= this.#capacity) this.#grow(handle + 1);
    const value = cost / size;
    this.#uses[4 * handle + 2] = ONE_USE;
    this.#values[4 * handle + 3] = value;
    this.#lists.append(this.#listFor(handle, value), handle);
    this.#size++;
  }

  touch(handle: number): void {
    const uses = this.#uses[4 * handle + 2]!;
    this.#uses[4 * handle + 2] = (uses < MAX_USES ? uses + ONE_USE : uses) | NOTED;
    this.#clocks[2 * handle] = this.#clock;
  }

  /** Keeps the frequency; the new value counts from now on. One that is not lower waits to be noticed, as hits do. */
  update(handle: number, size: number, cost: number): void {
    const values = this.#values;
    const before = values[4 * handle + 3]!;
    values[4 * handle + 3] = cost / size;
    if (values[4 * handle + 3]! >= before) {
      this.#uses[4 * handle + 2]! |= NOTED;
      this.#clocks[2 * handle] = this.#clock;
    } else if ((this.#uses[4 * handle + 2]! & DEFERRED) === 0) {
      this.#placeAnew(handle);
    }
  }

  remove(handle: number): void {
    this.#uses[4 * handle + 2] = 0;
    this.#size--;
    this.#lists.remove(handle);
    if (this.#hasAside) this.#takeBack();
  }

  victim(): number {
    const heap = this.#heap;
    for (;;) {
      const list = heap.first();
      if (list < 0) return Math.max(-1, this.#lists.first(ASIDE));
      const handle = this.#lists.first(list);
      if (handle < 0) {
        heap.remove(list);
        this.#bound = Number.NEGATIVE_INFINITY;
        continue;
      }
      if ((this.#uses[4 * handle + 2]! & NOTED) !== 0) {
        this.#settle(handle);
        continue;
      }
      const priority = this.#clocks[2 * handle]! + CLASS_VALUES[list]!;
      if (priority >= this.#bound && !this.#isLeast(list, priority)) continue;
      if (priority > this.#clock) this.#advance(priority);
      return handle;
    }
  }

  /** Whether a list, the first of the heap, stays that with the priority of its first entry. */
  #isLeast(list: number, priority: number): boolean {
    const heap = this.#heap;
    if (priority > heap.firstKey() && heap.rekeyFirst(priority) !== list) {
      this.#bound = Number.NEGATIVE_INFINITY;
      return false;
    }
    this.#bound = heap.secondKey();
    return true;
  }

  /** Counts as a use; it stands aside, and each removal lets one of those aside return at the clock of that time. */
  defer(handle: number): void {
    this.touch(handle);
    this.#uses[4 * handle + 2]! |= DEFERRED;
    this.#hasAside = true;
    this.#lists.move(ASIDE, handle);
  }

  order(): number[] {
    const first = this.victim();
    const priorities = new Map<number, number>();
    for (let list = 0; list < CLASS_COUNT; list++) {
      for (const handle of this.#lists.toArray(list)) {
        const isNoted = (this.#uses[4 * handle + 2]! & NOTED) !== 0;
        const value = isNoted ? this.#value(handle) : CLASS_VALUES[list]!;
        priorities.set(handle, handle === first ? Number.NEGATIVE_INFINITY : this.#clocks[2 * handle]! + value);
      }
    }
    // The sort is stable: equal priorities stay in the order of their classes, and of their places in them.
    const handles = [...priorities.keys()].sort((a, b) => priorities.get(a)! - priorities.get(b)!);
    return handles.concat(this.#lists.toArray(ASIDE));
  }

  validate(): void {
    this.#lists.validate();
    this.#heap.validate();
    let size = 0;
    for (let list = 0; list < CLASS_COUNT; list++) {
      if (this.#lists.first(list) >= 0) invariant(this.#heap.has(list), `gdsf: list ${list} is not in the heap`);
      const value = CLASS_VALUES[list]!;
      let before = this.#heap.has(list) ? this.#heap.keyOf(list) - value : 0;
      for (const handle of this.#lists.toArray(list)) {
        const uses = this.#uses[4 * handle + 2]!;
        const clock = this.#clocks[2 * handle]!;
        size++;
        invariant(uses >= ONE_USE && (uses & DEFERRED) === 0, `gdsf: ${handle} is listed with uses of ${uses}`);
        invariant(clock <= this.#clock, `gdsf: ${handle} was used at ${clock}, now is ${this.#clock}`);
        if ((uses & NOTED) !== 0) continue;
        // The key of a list is the sum of a clock and the value: back from it, the last digits are lost.
        const slack = (Math.abs(clock) + value) * 2 ** -50;
        invariant(before <= clock + slack, `gdsf: ${handle}, placed at ${clock}, stands behind ${before}`);
        before = clock;
      }
    }
    for (const handle of this.#lists.toArray(ASIDE)) {
      invariant((this.#uses[4 * handle + 2]! & DEFERRED) !== 0, `gdsf: ${handle} stands aside and is not deferred`);
      size++;
    }
    invariant(size === this.#size, `gdsf: ${size} entries are listed, ${this.#size} are in`);
    for (let handle = 0; handle < this.#capacity; handle++) {
      const uses = this.#uses[4 * handle + 2]!;
      invariant(uses > 0 === this.#lists.has(handle), `gdsf: ${handle} has uses of ${uses}, listed or not`);
    }
  }

  /** Entries and lists moved so far in search of victims: the cost of keeping order. */
  get work(): number {
    return this.#heap.moves + this.#settled;
  }

  /** frequency × cost ÷ bytes */
  #value(handle: number): number {
    return (this.#uses[4 * handle + 2]! >> FREQUENCY_SHIFT) * this.#values[4 * handle + 3]!;
  }

  /** The list that an entry goes to the end of now, to have the priority `clock + value`. */
  #listFor(handle: number, value: number): number {
    const list = classOf(value);
    this.#clocks[2 * handle] = this.#clock;
    if (this.#lists.first(list) < 0 && !this.#heap.has(list)) {
      this.#heap.push(list, this.#clock + CLASS_VALUES[list]!);
      this.#bound = Number.NEGATIVE_INFINITY;
    }
    return list;
  }

  /** One of those aside returns. */
  #takeBack(): void {
    const returning = this.#lists.first(ASIDE);
    if (returning >= 0) this.#placeAnew(returning);
    else this.#hasAside = false;
  }

  /** An entry that was used this instant, or whose value changed. */
  #placeAnew(handle: number): void {
    this.#uses[4 * handle + 2]! &= ~(NOTED | DEFERRED);
    this.#lists.move(this.#listFor(handle, this.#value(handle)), handle);
  }

  /** An entry at the front that was hit at some time since its placing gets the priority of its last hit. */
  #settle(handle: number): void {
    const priority = this.#clocks[2 * handle]! + this.#value(handle);
    this.#uses[4 * handle + 2]! ^= NOTED;
    this.#lists.move(this.#listFor(handle, priority - this.#clock), handle);
    this.#settled++;
  }

  #advance(clock: number): void {
    this.#clock = clock;
    if (++this.#victims >= Math.max(MIN_VICTIMS_PER_ERA, 16 * this.#size)) this.#startEra();
  }

  /** Sets the clock back to 0, and with it all that was noted of it: subtraction keeps the order. */
  #startEra(): void {
    const past = this.#clock;
    for (let handle = 0; handle < this.#capacity; handle++) this.#clocks[2 * handle]! -= past;
    // A key is worked out again from a clock, not subtracted from: it has to be equal to the sum, to the last digit.
    for (const list of this.#heap.items().slice()) {
      const first = this.#lists.first(list);
      if (first < 0) this.#heap.remove(list);
      else
        this.#heap.rekey(list, Math.min(this.#heap.keyOf(list) - past, this.#clocks[2 * first]! + CLASS_VALUES[list]!));
    }
    this.#clock = 0;
    this.#victims = 0;
    this.#bound = Number.NEGATIVE_INFINITY;
  }

  #grow(needed: number): void {
    this.#capacity = grownCapacity(this.#capacity, needed);
    this.#lists.reserve(this.#capacity);
    this.#clocks = grownFloat64(this.#clocks, 2 * this.#capacity);
    this.#uses = new Int32Array(this.#clocks.buffer);
    this.#values = new Float32Array(this.#clocks.buffer);
  }
}
