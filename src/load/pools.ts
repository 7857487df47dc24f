import { fileURLToPath } from 'node:url';
import type { LoaderHost } from '../arena/loader-host.js';
import type { LoaderTask, PoolConfig } from '../arena/protocol.js';
import { canonicalKey } from '../common/canonical-key.js';
import { CacheKeyError } from '../common/error.js';
import { Pool } from './pool.js';
import { startThreads } from './threads.js';

/** The pools of a process, in its keeper's thread: one for each set of options, so that equal options share threads. */
export class LoaderPools implements LoaderHost {
  readonly #pools = new Map<unknown, Pool>();
  readonly #filename: string;

  /** `filename` is the module that the threads run. */
  constructor(filename = fileURLToPath(new URL('./loader.door.cjs', import.meta.url))) {
    this.#filename = filename;
  }

  start(options: PoolConfig, task: LoaderTask, done: (error?: unknown) => void): () => void {
    try {
      return this.#pool(options).start(task, done);
    } catch (error) {
      // Options that no thread can be started with.
      setImmediate(() => done(error));
      return () => {};
    }
  }

  lend(options: PoolConfig, by: 1 | -1): void {
    this.#pools.get(keyOf(options))?.lend(by);
  }

  hasten(options: PoolConfig, flight: number): void {
    this.#pools.get(keyOf(options))?.hasten(flight);
  }

  prefer(options: PoolConfig, flight: number, priority: number): void {
    this.#pools.get(keyOf(options))?.prefer(flight, priority);
  }

  retain(used: readonly PoolConfig[]): void {
    const keys = new Set(used.map(keyOf));
    for (const [key, pool] of this.#pools) {
      if (keys.has(key)) continue;
      this.#pools.delete(key);
      pool.retire();
    }
  }

  #pool(options: PoolConfig): Pool {
    const key = keyOf(options);
    const known = this.#pools.get(key);
    if (known !== undefined && !known.isBroken) return known;
    const pool = Pool.of(options, (maxThreads) => startThreads(this.#filename, maxThreads, options));
    this.#pools.set(key, pool);
    return pool;
  }
}

/** Equal for equal options. Data without a stable key are equal to themselves only. */
function keyOf(options: PoolConfig): unknown {
  try {
    return canonicalKey(options);
  } catch (error) {
    if (error instanceof CacheKeyError) return options;
    throw error;
  }
}
