import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat32, grownFloat64, grownInt32 } from '../struct/grow.js';
import { IndexedHeap } from '../struct/indexed-heap.js';
import { LinkedLists } from '../struct/linked-list.js';
import type { Policy } from './policy.js';
import { CLASS_COUNT, CLASS_VALUES, classOf } from './value-class.js';

/** The list of those that were deferred, beside one for each class. */
const ASIDE = CLASS_COUNT;
/** Hits noted before they are worked off together. */
const LOG_LENGTH = 1024;
/** In `#uses`: the entry is in the log already. The frequency is above it. */
const NOTED = 1;
const ONE_USE = 2;
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
 * The clock stands still between two victims, so hits of that time may be worked off together: a hit raises the frequency
 * and notes the handle in a log, once; before the next victim is chosen (or when the log is full) the noted entries move
 * to the ends of their lists. The heap's key of a list is the priority of its first at some time before. It is never
 * too high, and is put right when the list arrives at the top.
 *
 * 24 bytes an entry.
 */
export class GdsfPolicy implements Policy {
  readonly #lists: LinkedLists;
  readonly #heap: IndexedHeap;
  /** handle → frequency × 2 + whether it is in the log. 0: not in the cache. */
  #uses: Int32Array;
  /** handle → cost ÷ bytes. */
  #values: Float32Array;
  /** handle → priority at its last placing. */
  #priorities: Float64Array;
  readonly #log = new Int32Array(LOG_LENGTH);
  #logged = 0;
  #clock = 0;
  #victims = 0;
  #size = 0;

  constructor(capacity = 0) {
    this.#lists = new LinkedLists(CLASS_COUNT + 1, capacity);
    this.#heap = new IndexedHeap();
    this.#uses = new Int32Array(capacity);
    this.#values = new Float32Array(capacity);
    this.#priorities = new Float64Array(capacity);
  }

  insert(handle: number, size: number, cost: number): void {
    if (handle >= this.#uses.length) this.#grow(handle + 1);
    this.#uses[handle] = ONE_USE;
    this.#values[handle] = cost / size;
    this.#lists.append(this.#prioritize(handle), handle);
    this.#size++;
  }

  touch(handle: number): void {
    const uses = this.#uses[handle]!;
    const more = uses < MAX_USES ? uses + ONE_USE : uses;
    this.#uses[handle] = more | NOTED;
    if ((uses & NOTED) !== 0) return;
    this.#log[this.#logged++] = handle;
    if (this.#logged === LOG_LENGTH) this.#workOff();
  }

  /** Keeps the frequency; the new value counts from now on. */
  update(handle: number, size: number, cost: number): void {
    this.#values[handle] = cost / size;
    if (!this.#isAside(handle)) this.#lists.move(this.#prioritize(handle), handle);
  }

  remove(handle: number): void {
    this.#uses[handle] = 0;
    this.#size--;
    this.#lists.remove(handle);
    const returning = this.#lists.first(ASIDE);
    if (returning >= 0) this.#lists.move(this.#prioritize(returning), returning);
  }

  victim(): number {
    this.#workOff();
    const heap = this.#heap;
    for (;;) {
      const list = heap.first();
      if (list < 0) return Math.max(-1, this.#lists.first(ASIDE));
      const handle = this.#lists.first(list);
      if (handle < 0) {
        heap.remove(list);
        continue;
      }
      const priority = this.#priorities[handle]!;
      if (priority > heap.firstKey()) {
        heap.rekey(list, priority);
        continue;
      }
      if (priority > this.#clock) {
        this.#clock = priority;
        if (++this.#victims >= Math.max(MIN_VICTIMS_PER_ERA, 16 * this.#size)) this.#startEra();
      }
      return handle;
    }
  }

  /** Counts as a use; it stands aside, and each removal lets one of those aside return at the clock of that time. */
  defer(handle: number): void {
    if (this.#uses[handle]! < MAX_USES) this.#uses[handle]! += ONE_USE;
    this.#priorities[handle] = Number.POSITIVE_INFINITY;
    this.#lists.move(ASIDE, handle);
  }

  order(): number[] {
    this.#workOff();
    const priorities = this.#priorities;
    const handles: number[] = [];
    for (let list = 0; list < CLASS_COUNT; list++) handles.push(...this.#lists.toArray(list));
    // The sort is stable: equal priorities stay in the order of their classes, and of their places in them.
    handles.sort((a, b) => priorities[a]! - priorities[b]!);
    return handles.concat(this.#lists.toArray(ASIDE));
  }

  validate(): void {
    this.#lists.validate();
    this.#heap.validate();
    let size = 0;
    for (let list = 0; list < CLASS_COUNT; list++) {
      let before = this.#clock;
      for (const handle of this.#lists.toArray(list)) {
        const priority = this.#priorities[handle]!;
        invariant(this.#uses[handle]! >= ONE_USE, `gdsf: ${handle} is listed and has no uses`);
        invariant(before <= priority && Number.isFinite(priority), `gdsf: ${priority} follows ${before}`);
        if (this.#lists.first(list) === handle) {
          invariant(this.#heap.has(list), `gdsf: list ${list} is not in the heap`);
          invariant(this.#heap.keyOf(list) <= priority, `gdsf: the key of list ${list} is too high`);
        }
        before = priority;
        size++;
      }
    }
    for (const handle of this.#lists.toArray(ASIDE)) {
      invariant(this.#isAside(handle), `gdsf: ${handle} stands aside with a priority`);
      size++;
    }
    invariant(size === this.#size, `gdsf: ${size} entries are listed, ${this.#size} are in`);
    const noted = new Set(this.#log.subarray(0, this.#logged));
    for (let handle = 0; handle < this.#uses.length; handle++) {
      const uses = this.#uses[handle]!;
      invariant(uses > 0 === this.#lists.has(handle), `gdsf: ${handle} has ${uses} uses and is not listed`);
      invariant((uses & NOTED) === 0 || noted.has(handle), `gdsf: a hit of ${handle} is lost`);
    }
  }

  /** Lists moved in the heap so far: the cost of keeping order. */
  get work(): number {
    return this.#heap.moves;
  }

  #isAside(handle: number): boolean {
    return this.#priorities[handle] === Number.POSITIVE_INFINITY;
  }

  /** Sets the priority of an entry used now; the list it belongs to, which the heap then knows. */
  #prioritize(handle: number): number {
    const list = classOf((this.#uses[handle]! >> 1) * this.#values[handle]!);
    const priority = this.#clock + CLASS_VALUES[list]!;
    this.#priorities[handle] = priority;
    if (this.#lists.first(list) < 0 && !this.#heap.has(list)) this.#heap.push(list, priority);
    return list;
  }

  /** Moves the entries that were hit since the last time to where they belong now. */
  #workOff(): void {
    for (let i = 0; i < this.#logged; i++) {
      const handle = this.#log[i]!;
      const uses = this.#uses[handle]!;
      // Noted, removed, inserted again: that is not a hit of the new entry.
      if ((uses & NOTED) === 0) continue;
      this.#uses[handle] = uses ^ NOTED;
      const before = this.#priorities[handle]!;
      if (before === Number.POSITIVE_INFINITY) continue;
      const list = this.#prioritize(handle);
      if (this.#priorities[handle] !== before) this.#lists.move(list, handle);
    }
    this.#logged = 0;
  }

  /** Sets the clock back to 0, and with it all priorities: subtraction keeps their order. */
  #startEra(): void {
    const past = this.#clock;
    for (let handle = 0; handle < this.#priorities.length; handle++) this.#priorities[handle]! -= past;
    for (const list of this.#heap.items().slice()) this.#heap.rekey(list, this.#heap.keyOf(list) - past);
    this.#clock = 0;
    this.#victims = 0;
  }

  #grow(needed: number): void {
    const capacity = grownCapacity(this.#uses.length, needed);
    this.#lists.reserve(capacity);
    this.#uses = grownInt32(this.#uses, capacity);
    this.#values = grownFloat32(this.#values, capacity);
    this.#priorities = grownFloat64(this.#priorities, capacity);
  }
}
