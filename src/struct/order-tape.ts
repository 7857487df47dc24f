import { invariant } from '../common/invariant.js';
import { grownCapacity, grownInt32 } from './grow.js';

/**
 * Items in the order in which they were last put at the end: what a linked list with "move to the end" keeps, for two
 * array writes a move and no read.
 *
 * # The tape
 *
 *     slots   . . 7 3 7 5 3 9 . .        at[3] = 6, at[5] = 5, at[7] = 4, at[9] = 7
 *                 ↑head       ↑tail      live: 7 at 4, 5 at 5, 3 at 6, 9 at 7; dead: the 7 at 2, the 3 at 3
 *
 * A move writes the item at the tail of a ring and notes in `at[item]` where. A slot is live when `at` of its item points
 * back to it; an earlier mention of the item is thereby dead, with nothing to unlink. The first item is found by walking
 * the head over dead slots; each slot is walked once.
 *
 * # The sweep
 *
 * Where moves are many and removals few the ring fills with dead slots. When three quarters are in use, a sweep from the
 * tail backwards slides the live ones together towards the tail, then the head jumps to where they begin:
 *
 *     [head … read] not seen yet   (read … write] dead   (write … tail) in order
 *
 * It runs in slices of SWEEP slots per appended one, batched by the quantum, so no call does more than some thousands of
 * steps. Half of the slots at most are live, and SWEEP × ⅛ ≥ ¾: a sweep ends before the ring is full.
 *
 * A move costs O(1) amortized, 1.5 to 3 swept slots where all are moves; 12 to 20 bytes an item. Growing is O(n).
 */
export class OrderTape {
  /** item → slot of its last mention, or -1. */
  #at: Int32Array;
  /** slot → item. Its length is a power of two, at least twice the live items. */
  #tape: Int32Array;
  #mask: number;
  /** Positions; a slot is `position & mask`. All of them are lowered together before they leave the small integers. */
  #head = 0;
  #tail = 0;
  /** The position of the tail at which the next tidying is due. */
  #due: number;
  #sweeping = false;
  #read = 0;
  #write = 0;
  #size = 0;
  /** Slots walked and swept so far: the cost that tests count. */
  steps = 0;

  constructor(capacity = 0) {
    const slots = grownCapacity(MIN_SLOTS, 2 * capacity);
    this.#at = new Int32Array(capacity).fill(-1);
    this.#tape = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#due = quantum(slots);
  }

  get size(): number {
    return this.#size;
  }

  has(item: number): boolean {
    return item < this.#at.length && this.#at[item]! >= 0;
  }

  /** Puts a new item at the end. */
  append(item: number): void {
    if (item >= this.#at.length) this.#at = grownInt32(this.#at, grownCapacity(this.#at.length, item + 1), -1);
    if (2 * ++this.#size > this.#tape.length) this.#rebuild(this.#tape.length * 2);
    this.moveToEnd(item);
  }

  /** Puts an item that is in at the end. */
  moveToEnd(item: number): void {
    const tail = this.#tail;
    const slot = tail & this.#mask;
    this.#tape[slot] = item;
    this.#at[item] = slot;
    this.#tail = tail + 1;
    if (tail + 1 === this.#due) this.#tidy();
  }

  /** Takes an item that is in out. */
  remove(item: number): void {
    this.#at[item] = -1;
    if (--this.#size === 0) this.#reset();
  }

  /** The item that has not been put at the end for longest, or -1. */
  first(): number {
    const at = this.#at;
    const tape = this.#tape;
    const mask = this.#mask;
    for (let head = this.#head; head < this.#tail; head++) {
      const slot = head & mask;
      const item = tape[slot]!;
      if (at[item] === slot) {
        this.steps += head - this.#head;
        this.#head = head;
        return item;
      }
    }
    return -1;
  }

  /** All items in order. O(n). */
  toArray(): number[] {
    const items: number[] = [];
    for (let position = this.#head; position < this.#tail; position++) {
      const slot = position & this.#mask;
      const item = this.#tape[slot]!;
      if (this.#at[item] === slot) items.push(item);
    }
    return items;
  }

  /** Throws when an invariant is broken. O(n). */
  validate(): void {
    const slots = this.#tape.length;
    invariant(this.#head <= this.#tail && this.#tail - this.#head <= slots, 'tape: more slots in use than there are');
    invariant(this.#due > this.#tail && this.#due - this.#head <= slots, 'tape: no room until the next tidying');
    const items = this.toArray();
    invariant(items.length === this.#size, `tape: ${items.length} live slots for ${this.#size} items`);
    invariant(new Set(items).size === items.length, 'tape: an item is live twice');
    let present = 0;
    for (const slot of this.#at) if (slot >= 0) present++;
    invariant(present === this.#size, `tape: ${present} items point to a slot, ${this.#size} are in`);
    if (!this.#sweeping) return;
    invariant(this.#read <= this.#write && this.#write < this.#tail, 'tape: the sweep has lost its place');
    for (let position = Math.max(this.#read + 1, this.#head); position <= this.#write; position++) {
      const slot = position & this.#mask;
      invariant(this.#at[this.#tape[slot]!] !== slot, 'tape: a live slot in the gap of the sweep');
    }
  }

  #reset(): void {
    this.#head = 0;
    this.#tail = 0;
    this.#sweeping = false;
    this.#due = quantum(this.#tape.length);
  }

  /** Once per quantum: a slice of the sweep, and room for the next quantum. */
  #tidy(): void {
    const slots = this.#tape.length;
    const batch = quantum(slots);
    if (this.#head >= slots) this.#lower();
    if (!this.#sweeping && this.#tail - this.#head > slots - (slots >> 2)) {
      this.#sweeping = true;
      this.#read = this.#tail - 1;
      this.#write = this.#tail - 1;
    }
    if (this.#sweeping) this.#sweep(SWEEP * batch);
    this.#due = this.#tail + batch;
  }

  #lower(): void {
    const slots = this.#tape.length;
    this.#head -= slots;
    this.#tail -= slots;
    if (!this.#sweeping) return;
    this.#read -= slots;
    this.#write -= slots;
  }

  #sweep(budget: number): void {
    const at = this.#at;
    const tape = this.#tape;
    const mask = this.#mask;
    let write = this.#write;
    const end = Math.max(this.#head, this.#read + 1 - budget);
    for (let position = this.#read; position >= end; position--) {
      const slot = position & mask;
      const item = tape[slot]!;
      if (at[item] !== slot) continue;
      const to = write-- & mask;
      tape[to] = item;
      at[item] = to;
    }
    this.steps += Math.max(0, this.#read + 1 - end);
    this.#read = Math.min(this.#read, end - 1);
    this.#write = write;
    if (this.#read >= this.#head) return;
    // The head may have walked past what was swept; it never goes back.
    this.#head = Math.max(this.#head, write + 1);
    this.#sweeping = false;
  }

  #rebuild(slots: number): void {
    const items = this.toArray();
    this.#tape = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#tape.set(items);
    for (let slot = 0; slot < items.length; slot++) this.#at[items[slot]!] = slot;
    this.#head = 0;
    this.#tail = items.length;
    this.#sweeping = false;
    this.#due = this.#tail + quantum(slots);
  }
}

const MIN_SLOTS = 32;
/** Slots swept per slot appended while a sweep runs. */
const SWEEP = 6;

/** Appends between two tidyings: long enough to cost nothing, short enough to bound the work of one call. */
function quantum(slots: number): number {
  return Math.min(slots >> 4, 1024);
}
