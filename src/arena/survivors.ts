import { adoptBlocks, type Estate, keeps, tableOf } from './adoption.js';
import type { Arena } from './arena.js';
import type { KeeperCache } from './keeper-cache.js';
import { KeeperClient, provenGone } from './keeper-client.js';
import { MAX_THREADS } from './layout.js';
import type { CacheTicket, Rejoin } from './protocol.js';
import { RemoteLoaders } from './remote-loaders.js';

/** What a keeper that succeeds another one fills. */
interface House {
  readonly arena: Arena;
  readonly clients: Map<number, KeeperClient>;
  readonly caches: Map<number, KeeperCache>;
  /** Caches that have been closed and whose last bytes are still leased. */
  readonly leaving: Map<number, CacheTicket>;
  inherit(ticket: CacheTicket, keep: (slot: number) => boolean): KeeperCache;
  /** Nothing is left of a thread. */
  bury(client: KeeperClient): void;
}

/**
 * Threads that an earlier keeper had attached. As long as one has not come to this keeper it has a ghost in its row: what
 * it pins, holds and writes into stays as it is. It comes by itself, or is proven to be gone.
 */
export class Survivors {
  constructor(readonly house: House) {}

  /** Takes over what another keeper has left. */
  succeed(estate: Estate): void {
    const { arena, clients, caches, leaving } = this.house;
    const ghosts: KeeperClient[] = [];
    for (let row = 0; row < MAX_THREADS; row++) {
      const owner = arena.rows.owner(row);
      if (owner === undefined) continue;
      arena.rows.add(row);
      const ghost = new KeeperClient(row, owner.thread, owner.osThread, undefined, arena);
      clients.set(row, ghost);
      ghosts.push(ghost);
    }
    for (const one of arena.ledger.promised()) {
      if (one.kind === 'hold') clients.get(one.row)?.adoptHold(one.ref, one.record);
    }
    const closed = estate.caches.filter((ticket) => tableOf(ticket).closed);
    for (const ticket of estate.caches) {
      if (closed.includes(ticket)) leaving.set(ticket.cache, ticket);
      else caches.set(ticket.cache, this.house.inherit(ticket, keeps(ticket, estate.startEmpty)));
    }
    // Creators are waited for: by what they are to be asked, and by their pools.
    for (const cache of caches.values()) {
      const { creator, pool } = cache.config;
      const ghost = ghosts.find(({ row, thread }) => row === creator?.row && thread === creator.thread);
      cache.creator = ghost;
      if (!pool.own) continue;
      const nobody = new KeeperClient(creator?.row ?? 0, creator?.thread ?? 0, undefined, undefined, arena);
      cache.ownLoaders = new RemoteLoaders(ghost ?? nobody, cache.id, ghost !== undefined);
    }
    adoptBlocks(arena, estate, caches, closed);
    for (const ghost of ghosts) void this.#awaitReturn(ghost);
  }

  /** The row of a thread that was attached to an earlier keeper, or comes once more; -1 when it was not. */
  rowOf(thread: number, { arena, row }: Rejoin): number {
    const known = this.house.clients.get(row);
    return arena === this.house.arena.id && known?.thread === thread ? row : -1;
  }

  /**
   * A thread has come, in the place of its ghost. It has pinned, or let go, all that it was promised, since it has heard
   * all that the keeper before has said; of what it was granted it names what it still wants.
   */
  welcome(client: KeeperClient, { kept, listening }: Rejoin): void {
    const { arena, clients, caches } = this.house;
    const before = clients.get(client.row);
    before?.releaseHolds();
    // It may have come before, and not have waited for the answer.
    if (before) before.suspect = true;
    clients.set(client.row, client);
    arena.quarantine.releaseRow(client.row, new Set(kept));
    for (const id of listening) client.subscriptions.add(id);
    client.owed.push(...(before?.owed ?? []));
    for (const cache of caches.values()) {
      const { creator } = cache.config;
      if (creator?.row !== client.row || creator.thread !== client.thread) continue;
      cache.creator = client;
      cache.ownLoaders?.join(client);
    }
  }

  async #awaitReturn(ghost: KeeperClient): Promise<void> {
    const isWanted = () => this.house.clients.get(ghost.row) === ghost;
    await provenGone(ghost.thread, ghost.osThread, isWanted);
    if (!isWanted()) return;
    RemoteLoaders.lose(this.house.caches.values(), ghost);
    ghost.hasLeft = true;
    this.house.bury(ghost);
  }
}
