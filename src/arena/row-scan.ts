import {
  MAX_THREADS,
  PINS_PER_ROW,
  RING_ENTRIES,
  ROW_OS_START,
  ROW_OS_THREAD,
  ROW_PIN_HIGH,
  ROW_PINS,
  ROW_RING,
  ROW_RING_HEAD,
  ROW_RING_TAIL,
  ROW_THREAD,
  refCache,
  refSlot,
  rowStart,
} from './layout.js';
import type { OsThread } from './os-thread.js';

/** The keeper's eyes on the rows of all threads. */
export class RowScan {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  /** Rows that belong to a thread, living or not yet proven dead. */
  readonly #rows = new Set<number>();
  readonly #tails = new Map<number, number>();

  constructor(control: SharedArrayBuffer) {
    this.#words = new Int32Array(control);
    this.#doubles = new Float64Array(control);
  }

  /** A row is a thread's from now on; who that is, is written there for a keeper that comes later. */
  own(row: number, thread: number, osThread: OsThread | undefined): void {
    const start = rowStart(row);
    this.#words[start + ROW_OS_THREAD] = osThread === undefined ? 0 : Number(osThread.id);
    this.#doubles[start / 2 + ROW_OS_START / 2] = osThread === undefined ? 0 : Number(osThread.startedAt);
    Atomics.store(this.#words, start + ROW_THREAD, thread + 1);
    this.add(row);
  }

  /** Whose row it is, if it is anybody's. */
  owner(row: number): { thread: number; osThread: OsThread | undefined } | undefined {
    const start = rowStart(row);
    const thread = Atomics.load(this.#words, start + ROW_THREAD) - 1;
    if (thread < 0) return undefined;
    const id = this.#words[start + ROW_OS_THREAD]!;
    const startedAt = this.#doubles[start / 2 + ROW_OS_START / 2]!;
    return { thread, osThread: id === 0 ? undefined : { id: String(id), startedAt: String(startedAt) } };
  }

  add(row: number): void {
    this.#rows.add(row);
    this.#setTail(row, this.#words[rowStart(row) + ROW_RING_HEAD]!);
  }

  /** Wipes the row of a thread that is proven dead. */
  remove(row: number): void {
    const start = rowStart(row);
    for (let pin = 0; pin < PINS_PER_ROW; pin++) Atomics.store(this.#words, start + ROW_PINS + pin, 0);
    Atomics.store(this.#words, start + ROW_PIN_HIGH, 0);
    Atomics.store(this.#words, start + ROW_THREAD, 0);
    // The next thread notes its uses from the beginning.
    this.#words[start + ROW_RING_HEAD] = 0;
    this.#setTail(row, 0);
    this.#rows.delete(row);
    this.#tails.delete(row);
  }

  /** Whether any thread pins it. Loads are sequentially consistent: see `ThreadRow.pin`. O(threads × pins in use). */
  isPinned(ref: number): boolean {
    for (const row of this.#rows) {
      const start = rowStart(row);
      const high = Atomics.load(this.#words, start + ROW_PIN_HIGH);
      for (let pin = 0; pin < high; pin++) if (Atomics.load(this.#words, start + ROW_PINS + pin) === ref) return true;
    }
    return false;
  }

  /** All that is pinned at this moment. */
  pinned(into = new Set<number>()): Set<number> {
    for (const row of this.#rows) {
      const start = rowStart(row);
      const high = Atomics.load(this.#words, start + ROW_PIN_HIGH);
      for (let pin = 0; pin < high; pin++) {
        const ref = Atomics.load(this.#words, start + ROW_PINS + pin);
        if (ref !== 0) into.add(ref);
      }
    }
    return into;
  }

  /** Hands over each use noted since the last call, but for those that were overwritten meanwhile. */
  drainUses(use: (ref: number) => void): void {
    for (const row of this.#rows) {
      const start = rowStart(row);
      const head = this.#words[start + ROW_RING_HEAD]!;
      const fresh = Math.min((head - this.#tails.get(row)!) >>> 0, RING_ENTRIES);
      for (let i = fresh; i > 0; i--) {
        const ref = this.#words[start + ROW_RING + ((head - i) & (RING_ENTRIES - 1))]!;
        if (ref > 0) use(ref);
      }
      this.#setTail(row, head);
    }
  }

  #setTail(row: number, tail: number): void {
    this.#tails.set(row, tail);
    this.#words[rowStart(row) + ROW_RING_TAIL] = tail;
  }
}

/** For any thread: the uses of a cache that threads have noted and the keeper has not read yet. O(threads + uses). */
export function forEachWaitingUse(control: Int32Array, cache: number, visit: (slot: number) => void): void {
  for (let row = 0; row < MAX_THREADS; row++) {
    const start = rowStart(row);
    const head = control[start + ROW_RING_HEAD]!;
    const waiting = Math.min((head - control[start + ROW_RING_TAIL]!) >>> 0, RING_ENTRIES);
    for (let i = waiting; i > 0; i--) {
      const ref = control[start + ROW_RING + ((head - i) & (RING_ENTRIES - 1))]!;
      if (ref > 0 && refCache(ref) === cache) visit(refSlot(ref));
    }
  }
}

/** For any thread: the slots of a cache that are pinned, each once. O(threads × pins in use). */
export function pinnedSlots(control: Int32Array, cache: number): Set<number> {
  const slots = new Set<number>();
  for (let row = 0; row < MAX_THREADS; row++) {
    const first = rowStart(row) + ROW_PINS;
    const end = first + Atomics.load(control, rowStart(row) + ROW_PIN_HIGH);
    for (let at = first; at < end; at++) {
      const ref = Atomics.load(control, at);
      if (ref !== 0 && refCache(ref) === cache) slots.add(refSlot(ref));
    }
  }
  return slots;
}
