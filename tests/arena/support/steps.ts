import type { CacheTable } from '../../../src/arena/table.js';

/** The places of a synchronous read at which another thread may have done something meanwhile: each of its loads and stores. */
export class Steps {
  /** Places passed in the last `during`. */
  passed = 0;
  #steps = new Map<number, () => void>();
  #isWatching = false;
  readonly #targets = new WeakMap<object, Int32Array>();

  /** A table whose words are watched. */
  watch(table: CacheTable): CacheTable {
    const words = new Proxy(table.words, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof name === 'string' && typeof value === 'number') this.#pass();
        return value;
      },
      set: (target, name, value) => Reflect.set(target, name, value),
    });
    this.#targets.set(words, table.words);
    Object.defineProperty(table, 'words', { value: words });
    return table;
  }

  /** Runs `read`, and each step before the load or store of its number, counted from 0. */
  during<T>(steps: Map<number, () => void>, read: () => T): T {
    const real = globalThis.Atomics;
    const own = (array: Int32Array) => this.#targets.get(array) ?? array;
    const watched: Atomics = Object.assign(Object.create(real) as Atomics, {
      load: (array: Int32Array, index: number) => {
        this.#pass();
        return real.load(own(array), index);
      },
      store: (array: Int32Array, index: number, value: number) => {
        this.#pass();
        return real.store(own(array), index, value);
      },
    });
    this.#steps = steps;
    this.passed = 0;
    this.#isWatching = true;
    globalThis.Atomics = watched;
    try {
      return read();
    } finally {
      globalThis.Atomics = real;
      this.#isWatching = false;
    }
  }

  #pass(): void {
    if (!this.#isWatching) return;
    const step = this.#steps.get(this.passed++);
    if (step === undefined) return;
    this.#isWatching = false;
    step();
    this.#isWatching = true;
  }
}
