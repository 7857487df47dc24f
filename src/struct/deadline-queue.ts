import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat64 } from './grow.js';
import { IndexedHeap } from './indexed-heap.js';
import { LinkedLists } from './linked-list.js';

/** Runs kept at a time. */
const RUNS = 16;
const NEVER = Number.POSITIVE_INFINITY;
const ALWAYS = Number.NEGATIVE_INFINITY;
const EMPTY: Float64Array = new Float64Array(0);

/**
 * Which handle is due first. Deadlines of one duration arrive in order, so with few distinct durations the deadlines are
 * a few ordered sequences shuffled into one another, and need no heap: a new deadline goes to the end of the run whose
 * last deadline is the latest that is not after it. This is patience sorting: with d durations, d runs do. Whatever fits
 * at the end of none of 16 runs goes into a heap, so the order is right for any deadlines.
 *
 * `set`, `delete` and `first` cost O(16) at most, mostly O(1), and O(log n) for handles in the heap. 16 bytes a handle, 20
 * more in the heap; nothing before the first `set`.
 */
export class DeadlineQueue {
  /** handle → deadline in ms; `Infinity` if it is not in. */
  #times: Float64Array = EMPTY;
  #runs: LinkedLists | undefined;
  /** run → its last deadline; -Infinity where it is empty, so that any deadline fits and every other run fits better. */
  #lastTimes: Float64Array = EMPTY;
  /** Runs from this one on are empty. */
  #runCount = 0;
  #heap: IndexedHeap | undefined;
  #size = 0;
  /** The answer of `first`, unless it is to be looked for. */
  #first = -1;
  #firstTime = NEVER;
  #isFirstKnown = true;

  get size(): number {
    return this.#size;
  }

  has(handle: number): boolean {
    return this.#runs?.has(handle) === true || this.#heap?.has(handle) === true;
  }

  /** When a handle is due; `Infinity` if it is not in. */
  timeOf(handle: number): number {
    return handle < this.#times.length ? this.#times[handle]! : NEVER;
  }

  /** Makes room for handles below `capacity`, and for no more. */
  reserve(capacity: number): void {
    const known = this.#times.length;
    if (capacity <= known) return;
    this.#times = grownFloat64(this.#times, capacity).fill(NEVER, known);
    this.#lists().grow(capacity);
  }

  /** The handle is due at `atMs`, whatever was said before. `Infinity` is after all others. */
  set(handle: number, atMs: number): void {
    invariant(!Number.isNaN(atMs), `deadline of handle ${handle}: expected a time, got NaN`);
    this.delete(handle);
    this.#size++;
    if (handle >= this.#times.length) this.reserve(grownCapacity(this.#times.length, handle + 1));
    const runs = this.#lists();
    this.#times[handle] = atMs;
    const run = this.#runFor(atMs);
    if (run >= 0) {
      runs.append(run, handle);
      this.#lastTimes[run] = atMs;
    } else {
      this.#heap ??= new IndexedHeap();
      this.#heap.push(handle, atMs);
    }
    if (this.#size === 1 || (this.#isFirstKnown && atMs < this.#firstTime)) {
      this.#first = handle;
      this.#firstTime = atMs;
      this.#isFirstKnown = true;
    }
  }

  /** Forgets a handle; whether it was in. */
  delete(handle: number): boolean {
    const runs = this.#runs;
    if (runs === undefined) return false;
    if (runs.has(handle)) this.#deleteFromRun(runs, handle);
    else if (this.#heap?.has(handle)) this.#heap.remove(handle);
    else return false;
    this.#times[handle] = NEVER;
    this.#size--;
    if (handle === this.#first) this.#isFirstKnown = false;
    return true;
  }

  /** The handle that is due first, or -1. */
  first(): number {
    if (!this.#isFirstKnown) this.#findFirst();
    return this.#first;
  }

  /** When the first handle is due, or `Infinity`. */
  firstTime(): number {
    if (!this.#isFirstKnown) this.#findFirst();
    return this.#firstTime;
  }

  /** Handles in the heap, where deadlines come in too little order for the runs. */
  get unordered(): number {
    return this.#heap?.size ?? 0;
  }

  /** Throws when an invariant is broken. O(n). */
  validate(): void {
    const handles = Array.from(this.#heap?.items() ?? []);
    this.#heap?.validate();
    this.#runs?.validate();
    for (const handle of handles) {
      invariant(this.#heap?.keyOf(handle) === this.#times[handle], `deadlines: ${handle} has two deadlines`);
      invariant(!this.#runs?.has(handle), `deadlines: ${handle} is in a run and in the heap`);
    }
    for (let run = 0; run < this.#lastTimes.length; run++) {
      const members = this.#runs?.toArray(run) ?? [];
      const times = members.map((handle) => this.#times[handle]!);
      invariant(
        times.every((time, i) => i === 0 || times[i - 1]! <= time),
        `deadlines: run ${run} is out of order`,
      );
      invariant(this.#lastTimes[run] === (times.at(-1) ?? ALWAYS), `deadlines: run ${run} ends otherwise`);
      invariant(members.length === 0 || run < this.#runCount, `deadlines: run ${run} is not looked at`);
      handles.push(...members);
    }
    invariant(handles.length === this.#size, `deadlines: ${handles.length} handles for a size of ${this.#size}`);
    const least = handles.reduce((time, handle) => Math.min(time, this.#times[handle]!), NEVER);
    invariant(this.firstTime() === least, `deadlines: the first is ${this.firstTime()}, not ${least}`);
    invariant(this.#size === 0 ? this.first() === -1 : this.has(this.first()), 'deadlines: the first is not in');
  }

  #lists(): LinkedLists {
    if (this.#runs === undefined) {
      this.#runs = new LinkedLists(RUNS);
      this.#lastTimes = new Float64Array(RUNS).fill(ALWAYS);
    }
    return this.#runs;
  }

  /** The run that this deadline spoils least, or -1. */
  #runFor(time: number): number {
    const lastTimes = this.#lastTimes;
    let best = -1;
    let bestTime = ALWAYS;
    for (let run = 0; run < this.#runCount; run++) {
      const last = lastTimes[run]!;
      if (last <= time && (best < 0 || last > bestTime)) {
        best = run;
        bestTime = last;
      }
    }
    return best < 0 && this.#runCount < RUNS ? this.#runCount++ : best;
  }

  #deleteFromRun(runs: LinkedLists, handle: number): void {
    const next = runs.next(handle);
    runs.remove(handle);
    if (next >= 0) return;
    // It was the last of its run: the link at the end of a list names the list.
    const run = ~next;
    const last = runs.last(run);
    this.#lastTimes[run] = last < 0 ? ALWAYS : this.#times[last]!;
    while (this.#runCount > 0 && this.#lastTimes[this.#runCount - 1] === ALWAYS) this.#runCount--;
  }

  #findFirst(): void {
    this.#first = this.#heap?.first() ?? -1;
    this.#firstTime = this.#heap?.firstKey() ?? NEVER;
    for (let run = 0; run < this.#runCount; run++) {
      const handle = this.#runs!.first(run);
      if (handle < 0) continue;
      const time = this.#times[handle]!;
      if (this.#first >= 0 && time >= this.#firstTime) continue;
      this.#first = handle;
      this.#firstTime = time;
    }
    this.#isFirstKnown = true;
  }
}
