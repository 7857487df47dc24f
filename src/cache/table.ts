import { grownCapacity, grownFloat64 } from '../struct/grow.js';

export const ROW = 2;
/** Bytes charged. */
export const SIZE = 0;
/** When the entry was written, refreshed or touched. */
export const BORN = 1;

/**
 * Entries as columns: a key leads to a handle, a small integer, and each property of the entry lies in an array at that
 * place. What a write needs lies side by side, what a hit needs by itself: either touches few lines of memory. There is no object per entry, so nothing for the garbage collector to walk but keys and values.
 *
 * Invariant: `index` holds exactly the handles in use; the others up to `keys.length` are in `#free`.
 */
export class Table<K, V> {
  /**
   * The key that was last looked for in vain, while nothing has been added since: the write that mostly follows a miss
   * need not look again.
   */
  #lastMissed: K | undefined;
  #hasMissed = false;
  readonly index = new Map<K, number>();
  /** As `index.size`, which costs a call. */
  count = 0;
  keys: (K | undefined)[] = [];
  values: (V | undefined)[] = [];
  /** Hits of the present value. */
  hits: Uint32Array = new Uint32Array(0);
  /** Per handle two numbers side by side, at `ROW * handle` + `SIZE` and + `BORN`. */
  rows: Float64Array = new Float64Array(0);
  #free: number[] = [];
  /** A handle that is free and not in `#free`, or -1: what was evicted for a new entry goes to it. */
  #spare = -1;

  /** The handle of a key, for a write. */
  find(key: K): number | undefined {
    return this.#hasMissed && key === this.#lastMissed ? undefined : this.index.get(key);
  }

  /** A key has been looked for in vain. */
  miss(key: K): void {
    this.#lastMissed = key;
    this.#hasMissed = true;
  }

  /** Bytes charged. */
  size(handle: number): number {
    return this.rows[ROW * handle + SIZE]!;
  }

  /** When it was written, refreshed or touched. */
  born(handle: number): number {
    return this.rows[ROW * handle + BORN]!;
  }

  /** Its age is reckoned from `time` on. */
  beBorn(handle: number, time: number): void {
    this.rows[ROW * handle + BORN] = time;
  }

  /** The handle of a new entry. `onGrow` is told the new capacity of the columns when they have to grow. */
  add(key: K, value: V, size: number, onGrow: (capacity: number) => void): number {
    let handle = this.#spare;
    if (handle >= 0) this.#spare = -1;
    else handle = this.#free.pop() ?? this.#extend(onGrow);
    this.keys[handle] = key;
    this.values[handle] = value;
    const { rows } = this;
    rows[ROW * handle + SIZE] = size;
    this.hits[handle] = 0;
    this.index.set(key, handle);
    this.count++;
    this.#hasMissed = false;
    return handle;
  }

  /** Takes the entry out; its handle may be given to another at once. */
  release(handle: number): void {
    this.index.delete(this.keys[handle] as K);
    this.keys[handle] = undefined;
    this.values[handle] = undefined;
    this.count--;
    if (this.#spare >= 0) this.#free.push(this.#spare);
    this.#spare = handle;
  }

  clear(): void {
    this.index.clear();
    this.count = 0;
    this.#hasMissed = false;
    this.#lastMissed = undefined;
    this.keys = [];
    this.values = [];
    this.#free = [];
    this.#spare = -1;
  }

  #extend(onGrow: (capacity: number) => void): number {
    const handle = this.keys.push(undefined) - 1;
    this.values.push(undefined);
    if (handle >= this.hits.length) this.#grow(handle + 1, onGrow);
    return handle;
  }

  #grow(needed: number, onGrow: (capacity: number) => void): void {
    const capacity = grownCapacity(this.hits.length, needed);
    const hits = new Uint32Array(capacity);
    hits.set(this.hits);
    this.hits = hits;
    this.rows = grownFloat64(this.rows, ROW * capacity);
    onGrow(capacity);
  }
}
