import { CacheLoadError } from '../common/error.js';
import type { KeeperClient } from './keeper-client.js';
import type { LoaderHost } from './loader-host.js';
import type { LoaderOrder, LoaderTask, PoolConfig } from './protocol.js';
import { unpackError } from './wire-error.js';

/** A pool in the hands of the thread that has created a cache: the keeper tells it what to run. */
export class RemoteLoaders implements LoaderHost {
  /** What runs, or waits there, by its flight. */
  readonly #running = new Map<number, (error?: unknown) => void>();
  /** What a thread is to be told that has not come to this keeper yet. */
  #untold: [LoaderOrder, LoaderTask['transfer']][] | undefined;

  /** `isAwaited`: the thread was attached to an earlier keeper, and comes, or is proven to be gone (`lose`). */
  constructor(
    public client: KeeperClient,
    readonly cache: number,
    isAwaited = false,
  ) {
    if (isAwaited) this.#untold = [];
  }

  /** A thread has ended, and its pools with it. */
  static lose(caches: Iterable<{ ownLoaders: RemoteLoaders | undefined }>, client: KeeperClient): void {
    for (const { ownLoaders } of caches) if (ownLoaders?.client === client) ownLoaders.#lose();
  }

  start(_pool: PoolConfig, task: LoaderTask, done: (error?: unknown) => void): () => void {
    if (this.#untold === undefined && (this.client.suspect || this.client.hasLeft)) {
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

  /** The thread has come to this keeper. */
  join(client: KeeperClient): void {
    // What was ordered of it when it came once before may never have been heard.
    if (this.#untold === undefined) this.#lose();
    this.client = client;
    const untold = this.#untold ?? [];
    this.#untold = undefined;
    for (const [order, transfer] of untold) this.#order(order, transfer);
  }

  #lose(): void {
    this.#untold = undefined;
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
    if (this.#untold) this.#untold.push([order, transfer]);
    else this.client.order({ op: 'order', cache: this.cache, order }, transfer);
  }
}
