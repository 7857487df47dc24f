import type { Table } from './table.js';

/** What few entries have: a cost that is not 1, and tags. Only those are kept; tags by their spaces. */
export class Notes<K, V> {
  readonly #table: Table<K, V>;
  readonly #costs = new Map<number, number>();
  /** Whether there has been anything to keep since the last `clear`: then there is more to the table than its columns. */
  isUsed = false;

  constructor(table: Table<K, V>) {
    this.#table = table;
  }

  cost(handle: number): number {
    return this.#costs.size === 0 ? 1 : (this.#costs.get(handle) ?? 1);
  }

  tags(handle: number): readonly string[] {
    return this.#table.spaceOf(handle).tagged.tags(handle);
  }

  add(handle: number, cost: number, tags: readonly string[] = []): void {
    this.isUsed = true;
    this.#table.complicate();
    if (cost !== 1) this.#costs.set(handle, cost);
    if (tags.length > 0) this.#table.spaceOf(handle).tagged.set(handle, tags);
  }

  /** The entry leaves, or has another value. */
  remove(handle: number): void {
    if (this.isUsed === true) this.#strip(handle);
  }

  /** Tags go with their spaces. */
  clear(): void {
    this.isUsed = false;
    this.#costs.clear();
  }

  #strip(handle: number): void {
    this.#costs.delete(handle);
    this.#table.spaceOf(handle).tagged.delete(handle);
  }
}
