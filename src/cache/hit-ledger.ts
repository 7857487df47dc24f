import { LoadCosts } from '../stats/load-costs.js';
import { LoadTimes } from '../stats/load-times.js';
import type { Table } from './table.js';

/** What hits have brought: told from the hits of each entry when somebody asks, so that a hit need not add it up. */
export class HitLedger<K, V> {
  /** Of entries that were loaded: there is more to the table then than its columns. */
  readonly loadTimes = new LoadTimes();
  readonly loadCosts = new LoadCosts();
  readonly #table: Table<K, V>;
  /** Of values that have left or been overwritten. */
  #pastBytes = 0;
  #pastMs = 0;

  constructor(table: Table<K, V>) {
    this.#table = table;
  }

  /** Bytes answered by hits, ever. O(n). */
  get bytes(): number {
    let sum = this.#pastBytes;
    for (const handle of this.#table.handles()) sum += this.#table.hitsOf(handle) * this.#table.size(handle);
    return sum;
  }

  /** Milliseconds of loads that hits have spared, ever. O(n). */
  get savedMs(): number {
    if (!this.loadTimes.isUsed) return this.#pastMs;
    let sum = this.#pastMs;
    for (const handle of this.#table.handles()) sum += this.#table.hitsOf(handle) * this.loadTimes.get(handle);
    return sum;
  }

  /** The value of an entry goes; the entry itself may stay. */
  settle(handle: number): void {
    const hits = this.#table.hitsOf(handle);
    if (hits === 0) return;
    this.#pastBytes += hits * this.#table.size(handle);
    if (this.loadTimes.isUsed) this.#pastMs += hits * this.loadTimes.get(handle);
  }

  /** A load of the entry took so long. */
  noteLoad(handle: number, loadMs: number): void {
    this.#table.complicate();
    this.loadTimes.note(handle, loadMs);
  }

  /** The entry goes. */
  release(handle: number): void {
    this.settle(handle);
    if (this.#table.isPlain !== true) this.loadTimes.forget(handle);
  }

  /** All entries go. */
  clear(): void {
    this.#pastBytes = this.bytes;
    this.#pastMs = this.savedMs;
    this.loadTimes.clear();
  }
}
