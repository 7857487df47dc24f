/**
 * # One load for a key in the whole process
 *
 * Whoever asks for a key that is not there joins the flight of that key or starts one. A flight has a leader: the
 * thread whose function makes the value, or the pool. Its answer goes to all waiters at once, each with a hold on the
 * slot, so that it cannot be evicted before they have pinned it. A flight that is superseded (its key was written or
 * removed meanwhile) still answers its waiters, but what it made is not entered, and who asks later starts anew.
 *
 * A leader that dies answers nobody: the first waiter becomes the leader, since each brought a function of its own.
 */
import { CacheClosedError, CacheLoadError } from '../common/error.js';
import { bearsAny } from '../common/tags.js';
import { after } from '../common/timer.js';
import { type Failure, Failures } from '../struct/failures.js';
import { beginWait, endWait, type Waiting } from './flight-waits.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { userKey } from './namespace-key.js';
import type { FlightAnswer } from './protocol.js';

/** A flight older than so many times its `hardTimeout` is abandoned. */
const ABANDONED_AFTER = 3;

interface Waiter {
  client: KeeperClient;
  request: number;
  /** The load that asks. */
  inside: Flight | undefined;
}

/** What the caller who starts a flight says of it. */
export interface FlightOptions {
  hardTimeoutMs: number;
  /** How long its failure is remembered: for all, and for those who have a stale value. */
  negativeMs?: number;
  backOffMs?: number;
  tags?: Iterable<string> | undefined;
  /** The load that starts it. */
  inside?: Flight | undefined;
  /** Whether only the dead may go for its value. */
  spares?: boolean | undefined;
}

export interface Flight extends Waiting {
  readonly id: number;
  readonly cache: KeeperCache;
  readonly parent: Flight | undefined;
  /** The thread that makes the value; `undefined` when the pool does. */
  leader: KeeperClient | undefined;
  /** Whether somebody in the leader's own thread waits. */
  leaderWaits: boolean;
  waiters: Waiter[];
  /** Who has asked for it first, when the pool makes it. */
  starter: Waiter | undefined;
  /** No longer the flight of its key. */
  superseded: boolean;
  /** What its value is to bear, as far as is known. */
  tags: Set<string>;
  /** Tags that were removed while it ran: a value that bears one of them is not entered. */
  lostTags: Set<string> | undefined;
  /** Asked to stop: it gets no further attempt. */
  abandoned: boolean;
  readonly startedAt: number;
  readonly hardTimeoutMs: number;
  readonly negativeMs: number;
  readonly backOffMs: number;
  readonly spares: boolean | undefined;
  /** Calls off the abandoning that waits for a flight of three times its `hardTimeout`. */
  callOff: () => void;
  /** Stops the pool's task. */
  cancel: (() => void) | undefined;
}

export class FlightTable {
  readonly #all = new Map<number, Flight>();
  readonly #byKey = new Map<KeeperCache, Map<string, Flight>>();
  readonly #failures = new Map<KeeperCache, Failures<string>>();
  #next: number;

  constructor(
    readonly now: () => number,
    readonly reply: (client: KeeperClient, request: number, answer: FlightAnswer) => void,
    readonly refuse: (client: KeeperClient, request: number, error: Error, flight?: number) => void,
    /** A flight waits for others, so that its thread has nothing to do; or no longer. */
    readonly onWait: (flight: Flight, waits: boolean) => void = () => {},
    /** The first number that is given. */
    first = 1,
  ) {
    this.#next = first;
  }

  get size(): number {
    return this.#all.size;
  }

  get(id: number): Flight | undefined {
    return this.#all.get(id);
  }

  /** The flight of a key that can be joined. */
  current(cache: KeeperCache, key: string): Flight | undefined {
    return this.#byKey.get(cache)?.get(key);
  }

  /** With a flight of the key that can be joined, the new one is superseded from the beginning. */
  start(
    cache: KeeperCache,
    key: string,
    leader: KeeperClient | undefined,
    { hardTimeoutMs, negativeMs = 0, backOffMs = 0, tags, inside, spares }: FlightOptions,
  ): Flight {
    const superseded = this.current(cache, key) !== undefined;
    const flight: Flight = {
      id: this.#next++,
      cache,
      key,
      leader,
      leaderWaits: leader !== undefined,
      waiters: [],
      starter: undefined,
      superseded,
      tags: new Set(tags),
      lostTags: undefined,
      abandoned: false,
      startedAt: this.now(),
      hardTimeoutMs,
      negativeMs,
      backOffMs,
      spares,
      parent: inside,
      awaits: new Map(),
      isOver: false,
      callOff: after(ABANDONED_AFTER * hardTimeoutMs, () => this.abandon(flight)),
      cancel: undefined,
    };
    this.#all.set(flight.id, flight);
    if (leader !== undefined) this.#beginWait(inside, flight);
    if (superseded) return flight;
    const keys = this.#byKey.get(cache) ?? new Map<string, Flight>();
    this.#byKey.set(cache, keys.set(key, flight));
    return flight;
  }

  join(flight: Flight, client: KeeperClient, request: number, inside?: Flight): void {
    const waiter = { client, request, inside };
    flight.waiters.push(waiter);
    flight.starter ??= waiter;
    this.#beginWait(inside, flight);
  }

  /** A failure of the key that is still remembered. */
  failure(cache: KeeperCache, key: string): Failure | undefined {
    return this.#failures.get(cache)?.get(key, this.now());
  }

  /** What a flight loads is to bear these tags, too. */
  tag(id: number, tags: readonly string[]): void {
    for (const tag of tags) this.#all.get(id)?.tags.add(tag);
  }

  /** Ends a flight with one answer for all. `hold` is called for each waiter before it is told. */
  land(flight: Flight, answer: FlightAnswer, hold?: (client: KeeperClient) => void): void {
    this.#end(flight);
    if (!flight.superseded) this.#failures.get(flight.cache)?.delete(flight.key);
    flight.cache.publishLedger();
    for (const { client, request } of flight.waiters) {
      if (client.suspect) continue;
      hold?.(client);
      this.reply(client, request, answer);
    }
  }

  fail(flight: Flight, error: Error): void {
    this.#end(flight);
    this.#remember(flight, error);
    for (const { client, request } of flight.waiters) this.refuse(client, request, error, flight.id);
  }

  /** The key was written or removed: the flight goes on for those who wait, and its value will not be entered. */
  supersede(cache: KeeperCache, key: string): void {
    if (this.#failures.size > 0) this.#failures.get(cache)?.delete(key);
    if (this.#byKey.size === 0) return;
    const flight = this.current(cache, key);
    if (flight === undefined) return;
    flight.superseded = true;
    this.#forget(flight);
  }

  /** As `supersede`, for all keys that match. O(flights and failures). */
  supersedeWhere(cache: KeeperCache, matches: (key: string) => boolean): void {
    this.#failures.get(cache)?.deleteWhere(matches);
    const keys = this.#byKey.get(cache)?.keys() ?? [];
    for (const key of [...keys]) if (matches(key)) this.supersede(cache, key);
  }

  /**
   * What bears one of these tags was removed, of the keys that begin so: as `supersede` for flights that are to bear one,
   * now or when that turns out.
   */
  supersedeTagged(cache: KeeperCache, tags: readonly string[], within: string): void {
    const lost = new Set(tags);
    this.#failures.get(cache)?.deleteWhere((key, failure) => key.startsWith(within) && bearsAny(failure.tags, lost));
    for (const flight of this.#all.values()) {
      if (flight.cache !== cache || !flight.key.startsWith(within)) continue;
      flight.lostTags ??= new Set();
      for (const tag of tags) flight.lostTags.add(tag);
      if (!bearsAny([...flight.tags], flight.lostTags)) continue;
      flight.superseded = true;
      this.#forget(flight);
    }
  }

  /** Nobody joins any more, and the maker is asked to stop; those who wait are answered when it does. */
  abandon(flight: Flight): void {
    flight.superseded = true;
    flight.abandoned = true;
    this.#forget(flight);
    flight.cancel?.();
    flight.leader?.send({ op: 'cancel', flight: flight.id });
  }

  /** A caller no longer waits, or none of a thread does. When the last one leaves, the load is stopped. */
  leave(client: KeeperClient, request?: number, led = 0): void {
    const own = this.#all.get(led);
    if (own?.leaderWaits) {
      own.leaderWaits = false;
      this.#endWait(own.parent, own);
    }
    for (const flight of [...this.#all.values()]) {
      const isLeaving = (waiter: Waiter) =>
        waiter.client === client && (request === undefined || waiter.request === request);
      const left = flight.waiters.filter(isLeaving);
      if (left.length === 0 && flight !== own) continue;
      flight.waiters = flight.waiters.filter((waiter) => !isLeaving(waiter));
      // Each request has its answer: one without would keep the process alive.
      for (const waiter of left) {
        this.#endWait(waiter.inside, flight);
        this.reply(client, waiter.request, { kind: 'skip' });
      }
      if (flight.waiters.length === 0 && !flight.leaderWaits) this.abandon(flight);
    }
  }

  /** A thread has died: its flights go to their first waiters. */
  orphan(client: KeeperClient): void {
    this.leave(client);
    for (const flight of [...this.#all.values()]) {
      if (flight.leader !== client) continue;
      this.#end(flight);
      const [heir, ...others] = flight.waiters;
      if (heir === undefined) continue;
      const next = this.start(flight.cache, flight.key, heir.client, { ...flight, inside: heir.inside });
      for (const { client, request, inside } of others) this.join(next, client, request, inside);
      this.reply(heir.client, heir.request, { kind: 'claim', flight: next.id });
    }
  }

  closeCache(cache: KeeperCache): void {
    for (const flight of [...this.#all.values()]) {
      if (flight.cache !== cache) continue;
      flight.cancel?.();
      this.fail(
        flight,
        new CacheClosedError(`cache '${cache.config.name}' has been closed`, { key: userKey(flight.key) }),
      );
    }
    this.#byKey.delete(cache);
    this.#failures.delete(cache);
  }

  /** How long it is not to be tried again. */
  #remember(flight: Flight, error: Error): void {
    const { cache, key, negativeMs, backOffMs } = flight;
    if (flight.superseded || (negativeMs === 0 && backOffMs === 0)) return;
    const failures = this.#failures.get(cache) ?? new Failures<string>();
    const now = this.now();
    const [rejectUntil, backOffUntil] = [now + negativeMs, now + backOffMs];
    failures.set(key, { error, rejectUntil, backOffUntil, tags: [...flight.tags], flight: flight.id });
    this.#failures.set(cache, failures);
  }

  #beginWait(from: Flight | undefined, to: Flight): void {
    if (from !== undefined && !from.isOver && beginWait(from, to)) this.onWait(from, true);
  }

  #endWait(from: Flight | undefined, to: Flight): void {
    if (from !== undefined && !from.isOver && endWait(from, to)) this.onWait(from, false);
  }

  #end(flight: Flight): void {
    if (flight.leaderWaits) this.#endWait(flight.parent, flight);
    for (const { inside } of flight.waiters) this.#endWait(inside, flight);
    if (flight.awaits.size > 0) this.onWait(flight, false);
    flight.awaits.clear();
    flight.isOver = true;
    flight.callOff();
    this.#all.delete(flight.id);
    this.#forget(flight);
  }

  #forget(flight: Flight): void {
    const keys = this.#byKey.get(flight.cache);
    if (keys?.get(flight.key) === flight) keys.delete(flight.key);
  }
}

/** What those are told who wait for a value that could not be produced. */
export function loadError(what: string, inner: string, cause: unknown): CacheLoadError {
  const key = userKey(inner);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CacheLoadError(`${what}: expected a value for key ${JSON.stringify(key)}; got an error: ${reason}`, {
    key,
    cause,
  });
}
