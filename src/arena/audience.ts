import type { KeeperClient } from './keeper-client.js';
import { toWire } from './wire-error.js';

/** Who is told of what happens to a cache. */
export class Audience {
  constructor(
    readonly clients: ReadonlyMap<number, KeeperClient>,
    readonly cache: number,
  ) {}

  get isListening(): boolean {
    for (const { subscriptions } of this.clients.values()) {
      // Asked twice a write: mostly nobody listens to anything.
      if (subscriptions.size > 0 && subscriptions.has(this.cache)) return true;
    }
    return false;
  }

  /**
   * Tells of what has failed in the keeper, and that nobody has asked for: the thread that has created the cache, which is
   * warned if it does not listen, and whoever listens elsewhere.
   */
  tellFault({ creator }: { creator: KeeperClient | undefined }, fault: Error): void {
    const error = toWire(fault);
    for (const client of this.clients.values()) {
      client.send({ op: 'fault', cache: this.cache, error, warns: client === creator });
    }
    if (creator === undefined || creator.suspect) process.emitWarning(fault.message, 'CachalotWarning');
  }
}
