/**
 * A Map by name whose values are held weakly: what nobody else holds any more leaves it, after a collection of garbage,
 * with its name. So names may come and go without end.
 */
export class WeakValues<T extends object> {
  readonly #refs = new Map<string, WeakRef<T>>();
  #ends: FinalizationRegistry<string> | undefined;

  get(name: string): T | undefined {
    return this.#refs.get(name)?.deref();
  }

  /** The name has to be free. */
  add(name: string, value: T): void {
    this.#refs.set(name, new WeakRef(value));
    this.#ends ??= new FinalizationRegistry((ended) => this.#forget(ended));
    this.#ends.register(value, name);
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#refs.size;
  }

  /** Those that are still there. */
  *values(): Generator<T> {
    for (const ref of [...this.#refs.values()]) {
      const value = ref.deref();
      if (value !== undefined) yield value;
    }
  }

  #forget(name: string): void {
    // It may have been given to another one meanwhile.
    if (this.#refs.get(name)?.deref() === undefined) this.#refs.delete(name);
  }
}
