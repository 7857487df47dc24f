import type { Arena } from './arena.js';
import type { FlightTable } from './flight-table.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import type { LoaderHost } from './loader-host.js';
import type { CacheConfig } from './protocol.js';
import type { Reservations } from './reservation.js';
import type { Room } from './room.js';

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
  /** Tells all threads what they need to know of a cache. */
  announce(cache: KeeperCache): void;
  /** To be called after whatever did not begin with a request. */
  settle(): void;
  validate(): void;
}
