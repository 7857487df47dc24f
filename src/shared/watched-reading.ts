import type { ArenaClient } from '../arena/client.js';
import { refSlot } from '../arena/layout.js';
import type { NearEntry } from '../arena/near-table.js';
import type { CacheTicket } from '../arena/protocol.js';
import { Lease, OWNED } from './lease.js';
import { LeaseWatches } from './lease-watch.js';
import { Reading } from './reading.js';
import type { Scope } from './scope.js';

/** Development mode: reading whose leases are watched. The plain one is not to know of it. */
class WatchedReading<V> extends Reading<V> {
  readonly #watches: LeaseWatches;

  constructor(client: ArenaClient, ticket: CacheTicket, scope?: Scope) {
    super(client, ticket, scope);
    this.#watches = new LeaseWatches(this.name);
  }

  override lend(entry: NearEntry): Lease<V> {
    const { reader } = this;
    const lease = super.lend(entry);
    if (reader.pin !== OWNED) this.#watches.begin(lease, reader.record(refSlot(entry.ref)));
    return lease;
  }

  override takeBack(pin: number, lease: Lease<V>): void {
    Lease.forget(lease);
    const complaint = this.#watches.end(lease);
    super.takeBack(pin, lease);
    if (complaint !== undefined) throw complaint;
  }

  override story(lease: Lease<V>): string {
    return this.#watches.story(lease);
  }
}

/** How this thread reads a cache. */
export function readingOf<V>(client: ArenaClient, ticket: CacheTicket, scope?: Scope): Reading<V> {
  return LeaseWatches.areWanted ? new WatchedReading<V>(client, ticket, scope) : new Reading<V>(client, ticket, scope);
}
