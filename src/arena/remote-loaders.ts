import { CacheLoadError } from '../common/error.js';
import type { KeeperClient } from './keeper-client.js';
import type { LoaderHost } from './loader-host.js';
import type { LoaderOrder, LoaderTask, PoolConfig } from './protocol.js';
import { unpackError } from './wire-error.js';

/** A pool in the hands of the thread that has created a cache: the keeper tells it what to run. */
export class RemoteLoaders implements LoaderHost {
  /** What runs, or waits there, by its flight. */
  readonly #running = new Map<number, (error?: unknown) => void>();

  constructor(
    readonly client: KeeperClient,
    readonly cache: number,
  ) {}

  start(_pool: PoolConfig, task: LoaderTask, done: (error?: unknown) => void): () => void {
    if (this.client.suspect || this.client.hasLeft) {
      setImmediate(() => done(this.#gone()));
      return () => {};
    }
    this.#running.set(task.flight, done);
    this.#order({ do: 'run', task }, task.transfer);
    return () => this.#order({ do: 'stop', flight: task.flight });
  }

  lend(_pool: PoolConfig, by: 1 | -1): void {
    this.#order({ do: 'lend', by });
  }

  hasten(_pool: PoolConfig, flight: number): void {
    this.#order({ do: 'hasten', flight });
  }

  prefer(_pool: PoolConfig, flight: number, priority: number): void {
    this.#order({ do: 'prefer', flight, priority });
  }

  /** The thread says that a task is over. */
  noteRan(flight: number, error: unknown): void {
    const done = this.#running.get(flight);
    this.#running.delete(flight);
    done?.(error === undefined ? undefined : (unpackError(error) ?? new Error('it threw nothing')));
  }

  /** The thread has ended, and its pool with it. */
  lose(): void {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const done of running) done(this.#gone());
  }

  #gone(): Error {
    return new CacheLoadError(
      `pool: expected thread ${this.client.thread}, which has created the cache and runs its loaders in a pool of its own; it has ended`,
    );
  }

  #order(order: LoaderOrder, transfer: LoaderTask['transfer'] = []): void {
    this.client.order({ op: 'order', cache: this.cache, order }, transfer);
  }
}
