/** What waits for its turn: by priority, higher first, and then in the order in which it came. O(different priorities). */
export class PriorityQueue<T> {
  readonly #byPriority = new Map<number, Set<T>>();
  /** Highest first. */
  #order: number[] = [];
  readonly #priorities = new Map<T, number>();

  get size(): number {
    return this.#priorities.size;
  }

  add(item: T, priority: number): void {
    this.delete(item);
    const known = this.#byPriority.get(priority);
    if (known) known.add(item);
    else {
      this.#byPriority.set(priority, new Set([item]));
      this.#order = [...this.#byPriority.keys()].sort((a, b) => b - a);
    }
    this.#priorities.set(item, priority);
  }

  /** Whether it has waited. */
  delete(item: T): boolean {
    const priority = this.#priorities.get(item);
    if (priority === undefined) return false;
    this.#priorities.delete(item);
    const items = this.#byPriority.get(priority)!;
    items.delete(item);
    if (items.size === 0) {
      this.#byPriority.delete(priority);
      this.#order = this.#order.filter((other) => other !== priority);
    }
    return true;
  }

  first(): T | undefined {
    const [highest] = this.#order;
    return highest === undefined ? undefined : this.#byPriority.get(highest)!.values().next().value;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#priorities.keys();
  }
}
