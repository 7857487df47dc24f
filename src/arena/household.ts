import type { Arena } from './arena.js';
import type { FlightTable } from './flight-table.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import type { CacheConfig, LoaderTask, PoolConfig } from './protocol.js';
import type { Reservations } from './reservation.js';
import type { Room } from './room.js';

/** Runs loaders elsewhere. A task is over when its worker has settled its flight, or has failed. */
export interface LoaderHost {
  /** Starts a task; `done` is called once, with an error if it failed. Returns what stops it. */
  start(pool: PoolConfig, task: LoaderTask, done: (error?: unknown) => void): () => void;
  /** A load of the pool waits for another one: it may be lent a thread for what it waits for (1), or no longer (-1). */
  lend?(pool: PoolConfig, by: 1 | -1): void;
  /** A load waits for this one: it goes before those that nobody's load waits for. */
  hasten?(pool: PoolConfig, flight: number): void;
  /** A cache has closed: told the options of those that are left, so that threads which nobody needs can end. */
  retain?(pools: readonly PoolConfig[]): void;
}

/** What requests act upon. */
export interface Household {
  readonly thread: number;
  readonly caches: ReadonlyMap<number, KeeperCache>;
  readonly arena: Arena;
  readonly room: Room;
  readonly reservations: Reservations;
  readonly flights: FlightTable;
  readonly loaders: LoaderHost;
  readonly now: () => number;
  create(config: CacheConfig): KeeperCache;
  attach(client: KeeperClient, request: number, name: string, timeoutMs: number): void;
  resize(cache: KeeperCache, maxBytes: number): void;
  close(cache: KeeperCache): void;
  /** To be called after whatever did not begin with a request. */
  settle(): void;
  validate(): void;
}
