import type { LoaderTask, PoolConfig } from './protocol.js';

/** Runs loaders elsewhere. A task is over when its worker has settled its flight, or has failed. */
export interface LoaderHost {
  /** Starts a task; `done` is called once, with an error if it failed. Returns what stops it. */
  start(pool: PoolConfig, task: LoaderTask, done: (error?: unknown) => void): () => void;
  /** A load of the pool waits for another one: it may be lent a thread for what it waits for (1), or no longer (-1). */
  lend?(pool: PoolConfig, by: 1 | -1): void;
  /** A load waits for this one: it goes before those that nobody's load waits for. */
  hasten?(pool: PoolConfig, flight: number): void;
  /** Somebody joins a load to whom it is worth more. */
  prefer?(pool: PoolConfig, flight: number, priority: number): void;
  /** A cache has closed: told the options of those that are left, so that threads which nobody needs can end. */
  retain?(pools: readonly PoolConfig[]): void;
}
