/**
 * # The keeper
 *
 * The one thread that changes structure: index, eviction queue, allocator, ledger. Threads ask it by message and write
 * only into blocks that it granted; a record becomes visible when the keeper, told that it is written, enters it. So a
 * thread may die between any two instructions, and nothing is half done: there is no lock to be left behind, and no
 * word of structure that it could have been writing.
 *
 * Messages of one thread are handled in order, each to its end before the next. The order of arrival is the order of
 * things: a `delete` that arrives while a value is being written wins over it. What a thread asks within a turn of its own
 * may come as one message, or without (letters.ts): it is handled question by question, and then answered together, too.
 */
import type { MessagePort } from 'node:worker_threads';
import { monotonicNow } from '../common/clock.js';
import { CacheConfigError } from '../common/error.js';
import type { Estate } from './adoption.js';
import { Arena } from './arena.js';
import { Attaching } from './attaching.js';
import type { Attention } from './attention.js';
import { Audience } from './audience.js';
import type { KeeperPlace } from './discovery.js';
import { unitsOf } from './entry-store.js';
import { FlightTable } from './flight-table.js';
import type { Household } from './household.js';
import { KeeperCache, ticketOf } from './keeper-cache.js';
import { KeeperClient, provenGone } from './keeper-client.js';
import { KeeperRequests } from './keeper-requests.js';
import {
  IDS_PER_KEEPER,
  KEEPERS_WITH_NUMBERS,
  MAX_CACHES,
  MAX_THREADS,
  NUMBERS_PER_KEEPER,
  PROTOCOL_VERSION,
} from './layout.js';
import { LetterDesk } from './letter-desk.js';
import type { LoaderHost } from './loader-host.js';
import type { OsThread } from './os-thread.js';
import type { CacheConfig, CacheTicket, FromKeeper, InheritedTable, Rejoin, ToKeeper } from './protocol.js';
import { RemoteLoaders } from './remote-loaders.js';
import { Reservations } from './reservation.js';
import { Room } from './room.js';
import { Survivors } from './survivors.js';
import { isPacked, type Packed, unpackRequests } from './wire.js';
import { toWire } from './wire-error.js';

/** What should go and is pinned is looked at this often, in milliseconds, beside at each message. */
const PINNED_POLL_MS = 50;
/** So many messages of a thread that wait already are handled with the first: others have waited longer. */
const MOST_MESSAGES = 4;

export class Keeper implements Household {
  readonly caches = new Map<number, KeeperCache>();
  readonly arena: Arena;
  readonly room: Room;
  readonly reservations: Reservations;
  readonly flights: FlightTable;
  /** For a keeper that has a thread of its own. */
  attention: Attention | undefined;
  readonly #clients = new Map<number, KeeperClient>();
  readonly #requests: KeeperRequests;
  readonly #desk: LetterDesk;
  readonly #attaching: Attaching;
  #number: number;
  readonly #epoch: number;
  readonly #survivors: Survivors;
  /** Caches that have been closed and whose last bytes are still leased. */
  readonly #leaving = new Map<number, CacheTicket>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** `thread` is the id of the keeper's own thread. */
  constructor(
    readonly thread: number,
    readonly loaders: LoaderHost,
    readonly now: () => number = monotonicNow,
    /** What the keeper before has left. */
    estate?: Estate,
  ) {
    this.arena = new Arena((segment, buffer) => this.#tellAll({ op: 'segment', segment, buffer }), estate?.control);
    this.room = new Room(this.arena, this.caches);
    this.#attaching = new Attaching(
      () => this.names,
      () => this.settle(),
    );
    this.#epoch = estate?.epoch ?? 0;
    this.#number = (this.#epoch % KEEPERS_WITH_NUMBERS) * NUMBERS_PER_KEEPER;
    const first = this.#epoch * IDS_PER_KEEPER + 1;
    this.reservations = new Reservations(this.arena, this.room, now, () => this.settle(), first);
    this.flights = new FlightTable(
      now,
      (client, id, result) => client.send({ op: 'answer', id, result }),
      (client, id, error, flight = 0) => client.send({ op: 'refuse', id, error: toWire(error), flight }),
      // A load of a pool that waits has a thread that does nothing.
      (flight, waits) => {
        const { cache, leader } = flight;
        if (leader === undefined) (cache.ownLoaders ?? loaders).lend?.(cache.config.pool, waits ? 1 : -1);
      },
      first,
    );
    this.#requests = new KeeperRequests(this, first);
    this.#desk = new LetterDesk(this.arena.control, this.#clients, {
      receive: (client, message) => this.#receive(client, message),
      answer: (client, letter) => this.#requests.letter(client, letter),
      settle: () => this.settle(),
    });
    this.#survivors = new Survivors({
      arena: this.arena,
      clients: this.#clients,
      caches: this.caches,
      leaving: this.#leaving,
      inherit: ({ cache, ...left }, keep) => this.#newCache(cache, left.config, { ticket: { cache, ...left }, keep }),
      bury: (client) => this.#bury(client),
    });
    if (estate) this.#survivors.succeed(estate);
    this.settle();
  }

  /** Attaches a thread: gives it a row, or the one that it had, and all that it needs to read. */
  connect(thread: number, port: MessagePort, osThread?: OsThread, rejoin?: Rejoin): void {
    const row = rejoin ? this.#survivors.rowOf(thread, rejoin) : this.#freeRow();
    if (row < 0) {
      const message = rejoin
        ? 'SharedCache: expected a thread of this arena; got one of another'
        : `SharedCache: expected at most ${MAX_THREADS} attached threads; this would be one more`;
      port.postMessage({ op: 'refuse', id: 0, error: toWire(new CacheConfigError(message)) });
      return;
    }
    const client = new KeeperClient(row, thread, osThread, port, this.arena, this.attention !== undefined);
    if (rejoin) this.#survivors.welcome(client, rejoin);
    else this.arena.rows.own(row, thread, osThread);
    this.#clients.set(row, client);
    port.on('message', (message: ToKeeper | Packed) => this.#desk.hear(client, message, this.attention));
    port.on('close', () => {
      this.#desk.open(client);
      void this.#mourn(client);
    });
    client.send({
      op: 'welcome',
      version: PROTOCOL_VERSION,
      row,
      control: this.arena.control,
      keeper: this.thread,
      epoch: this.#epoch,
      caches: [...[...this.caches.values()].map(ticketOf), ...this.#leaving.values()],
    });
    for (const [segment, buffer] of this.arena.buffers.entries()) client.send({ op: 'segment', segment, buffer });
    if (rejoin) this.settle();
  }

  /** The names of all caches. */
  get names(): string[] {
    return [...this.caches.values()].map(({ config }) => config.name);
  }

  /** What those are told who look for it. */
  get place(): KeeperPlace {
    return { thread: this.thread, names: this.names, arena: this.arena.id, epoch: this.#epoch };
  }

  create(config: CacheConfig): KeeperCache {
    if (this.names.includes(config.name)) {
      throw new CacheConfigError(
        `name: expected one that no cache of this process has; got '${config.name}', which exists: attach to it with SharedCache.attach('${config.name}')`,
      );
    }
    const id = this.#freeCacheId();
    let budgets = config.maxBytes;
    for (const cache of this.caches.values()) budgets += cache.config.maxBytes;
    this.arena.ensureCapacity(budgets);
    const cache = this.#newCache(id, config);
    // Uses of an earlier cache of this number are not this one's.
    this.room.noteUses();
    this.caches.set(id, cache);
    this.#leaving.delete(id);
    this.announce(cache);
    for (const { client, request } of this.#attaching.take(config.name)) {
      client.send({ op: 'answer', id: request, result: ticketOf(cache) });
    }
    return cache;
  }

  announce(cache: KeeperCache): void {
    this.#tellAll({ op: 'cache', ticket: ticketOf(cache) });
  }

  /** Answers with the ticket of a cache, now or when it is created within `timeoutMs`. */
  attach(client: KeeperClient, request: number, name: string, timeoutMs: number): void {
    for (const cache of this.caches.values()) {
      if (cache.config.name !== name) continue;
      client.send({ op: 'answer', id: request, result: ticketOf(cache) });
      return;
    }
    this.#attaching.wait(client, request, name, timeoutMs);
  }

  resize(cache: KeeperCache, maxBytes: number): void {
    let budgets = maxBytes;
    for (const other of this.caches.values()) if (other !== cache) budgets += other.config.maxBytes;
    this.arena.ensureCapacity(budgets);
    cache.resize(maxBytes);
    this.room.shrink(cache, this.now());
  }

  close(cache: KeeperCache): void {
    cache.closed = true;
    cache.table.close();
    this.flights.closeCache(cache);
    this.reservations.refuseWaiting(cache);
    this.reservations.supersedeWhere(cache, () => true);
    this.#requests.snapshots.forget(cache);
    this.#requests.turns.forget(cache);
    cache.clear();
    cache.takeNews();
    cache.publishLedger();
    this.caches.delete(cache.id);
    this.#leaving.set(cache.id, ticketOf(cache));
    this.loaders.retain?.([...this.caches.values()].map(({ config }) => config.pool).filter(({ own }) => !own));
    for (const client of this.#clients.values()) {
      client.subscriptions.delete(cache.id);
      client.send({ op: 'closed', cache: cache.id });
    }
  }

  /** @throws when anything that the keeper promises itself does not hold. */
  validate(): void {
    this.arena.allocator.validate();
    this.reservations.validate();
    let units = this.reservations.units + this.arena.limboUnits + this.arena.quarantine.units;
    for (const cache of this.caches.values()) {
      cache.store.validate();
      units += unitsOf(cache.store.bytes, cache.store.held);
    }
    const { totalUnits, freeUnits } = this.arena.allocator;
    if (units !== totalUnits - freeUnits) {
      throw new Error(`keeper: ${totalUnits - freeUnits} units are in use, ${units} are accounted for`);
    }
  }

  #receive(client: KeeperClient, posted: ToKeeper | Packed): void {
    this.#take(client, posted);
    // What the thread has said meanwhile is answered together with it.
    for (let more = MOST_MESSAGES; more > 0 && client.port !== undefined; more--) {
      const next = client.bells?.asked.hear(client.port);
      if (next === undefined) break;
      this.#take(client, next.message as ToKeeper | Packed);
    }
    this.#desk.open(client);
    this.settle();
  }

  #take(client: KeeperClient, posted: ToKeeper | Packed): void {
    this.#desk.open(client);
    client.letters?.noteMessage();
    if (isPacked(posted)) for (const request of unpackRequests(posted)) this.#requests.answer(client, request);
    else if ('id' in posted) this.#requests.answer(client, posted);
    else this.#requests.notice(client, posted);
  }

  /** What must be true after each message: waiters are granted, ledger, news and then answers are out, the timer is set. */
  settle(): void {
    this.arena.sweepLimbo();
    for (const id of this.#leaving.keys()) {
      if (this.arena.hasLimbo(id)) continue;
      this.#leaving.delete(id);
      this.#tellAll({ op: 'forget', cache: id });
    }
    this.reservations.pump();
    // Nobody tells of releases that nobody waits for.
    const now = this.now();
    const nextLook = now + PINNED_POLL_MS;
    let deadline = this.arena.limboSize > 0 ? nextLook : Number.POSITIVE_INFINITY;
    for (const cache of this.caches.values()) {
      cache.publishLedger();
      const sweep = cache.sweeping.due(cache.store.life.nextDeadline(), now);
      deadline = Math.min(deadline, sweep, cache.isOverBudget ? nextLook : deadline);
      if (!cache.hasNews) continue;
      const news = cache.takeNews();
      for (const client of this.#clients.values()) client.tell(cache.id, news);
    }
    this.#wakeAt(deadline);
    for (const client of this.#clients.values()) client.flush();
  }

  #wakeAt(deadline: number): void {
    if (deadline === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const delay = Math.min(Math.max(1, deadline - this.now()), 2 ** 31 - 1);
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      for (const cache of this.caches.values()) {
        if (cache.sweeping.begin(cache.store.life.nextDeadline(), this.now())) cache.expire(this.now());
        this.room.shrink(cache, this.now());
      }
      this.settle();
    }, delay);
  }

  /** A thread's port has closed. Those who wait for it are told at once; its memory waits for the proof. */
  async #mourn(client: KeeperClient): Promise<void> {
    client.suspect = true;
    client.subscriptions.clear();
    this.flights.orphan(client);
    RemoteLoaders.lose(this.caches.values(), client);
    this.#requests.turns.forget(client);
    this.#attaching.forget(client);
    this.settle();
    const isWanted = () => this.#clients.get(client.row) === client;
    if (!client.hasLeft) await provenGone(client.thread, client.osThread, isWanted);
    if (isWanted()) this.#bury(client);
  }

  /** A thread of which nothing is left: its row can be another one's. */
  #bury(client: KeeperClient): void {
    this.#requests.snapshots.forget(client);
    this.arena.rows.remove(client.row);
    client.releaseHolds();
    this.reservations.closeAll((reservation) => reservation.client === client);
    this.arena.quarantine.releaseRow(client.row);
    for (const cache of this.caches.values()) cache.foldStats(client.row);
    this.#clients.delete(client.row);
    this.arena.sweepLimbo();
    this.settle();
  }

  #newCache(id: number, config: CacheConfig, left?: InheritedTable): KeeperCache {
    const cache = new KeeperCache(id, config, this.arena, () => ++this.#number, new Audience(this.#clients, id), left);
    cache.onLeave = (key) => this.reservations.noteLeft(cache, key);
    return cache;
  }

  #tellAll(message: FromKeeper): void {
    for (const client of this.#clients.values()) client.send(message);
  }

  #freeRow(): number {
    for (let row = 0; row < MAX_THREADS; row++) if (!this.#clients.has(row)) return row;
    return -1;
  }

  // Leases of a closed cache may live on, so its number is not given again before the last of its blocks is free.
  #freeCacheId(): number {
    for (let id = 0; id < MAX_CACHES; id++) if (!this.caches.has(id) && !this.arena.hasLimbo(id)) return id;
    throw new CacheConfigError(
      `SharedCache: expected at most ${MAX_CACHES} caches in a process; this would be one more`,
    );
  }
}
