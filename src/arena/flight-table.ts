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
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import type { FlightAnswer } from './protocol.js';

/** A flight older than so many times its `hardTimeout` is abandoned. */
const ABANDONED_AFTER = 3;

interface Waiter {
  client: KeeperClient;
  request: number;
}

export interface Flight {
  readonly id: number;
  readonly cache: KeeperCache;
  readonly key: string;
  /** The thread that makes the value; `undefined` when the pool does. */
  leader: KeeperClient | undefined;
  /** Whether somebody in the leader's own thread waits. */
  leaderWaits: boolean;
  waiters: Waiter[];
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
  /** Calls off the abandoning that waits for a flight of three times its `hardTimeout`. */
  callOff: () => void;
  /** Stops the pool's task. */
  cancel: (() => void) | undefined;
}

export class FlightTable {
  readonly #all = new Map<number, Flight>();
  readonly #byKey = new Map<KeeperCache, Map<string, Flight>>();
  #next = 1;

  constructor(
    readonly now: () => number,
    readonly reply: (client: KeeperClient, request: number, answer: FlightAnswer) => void,
    readonly refuse: (client: KeeperClient, request: number, error: Error) => void,
  ) {}

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
    { hardTimeoutMs, tags }: Pick<Flight, 'hardTimeoutMs'> & { tags?: Iterable<string> | undefined },
  ): Flight {
    const superseded = this.current(cache, key) !== undefined;
    const flight: Flight = {
      id: this.#next++,
      cache,
      key,
      leader,
      leaderWaits: leader !== undefined,
      waiters: [],
      superseded,
      tags: new Set(tags),
      lostTags: undefined,
      abandoned: false,
      startedAt: this.now(),
      hardTimeoutMs,
      callOff: after(ABANDONED_AFTER * hardTimeoutMs, () => this.abandon(flight)),
      cancel: undefined,
    };
    this.#all.set(flight.id, flight);
    if (superseded) return flight;
    const keys = this.#byKey.get(cache) ?? new Map<string, Flight>();
    this.#byKey.set(cache, keys.set(key, flight));
    return flight;
  }

  join(flight: Flight, client: KeeperClient, request: number): void {
    flight.waiters.push({ client, request });
  }

  /** What a flight loads is to bear these tags, too. */
  tag(id: number, tags: readonly string[]): void {
    for (const tag of tags) this.#all.get(id)?.tags.add(tag);
  }

  /** Ends a flight with one answer for all. `hold` is called for each waiter before it is told. */
  land(flight: Flight, answer: FlightAnswer, hold?: (client: KeeperClient) => void): void {
    this.#end(flight);
    flight.cache.publishLedger();
    for (const { client, request } of flight.waiters) {
      if (client.suspect) continue;
      hold?.(client);
      this.reply(client, request, answer);
    }
  }

  fail(flight: Flight, error: Error): void {
    this.#end(flight);
    for (const { client, request } of flight.waiters) this.refuse(client, request, error);
  }

  /** The key was written or removed: the flight goes on for those who wait, and its value will not be entered. */
  supersede(cache: KeeperCache, key: string | undefined): void {
    const keys = this.#byKey.get(cache);
    if (keys === undefined) return;
    for (const [name, flight] of key === undefined ? [...keys] : [[key, keys.get(key)] as const]) {
      if (flight === undefined) continue;
      flight.superseded = true;
      keys.delete(name);
    }
  }

  /** What bears one of these tags was removed: as `supersede` for flights that are to, now or when that turns out. */
  supersedeTagged(cache: KeeperCache, tags: readonly string[]): void {
    for (const flight of this.#all.values()) {
      if (flight.cache !== cache) continue;
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
    if (own !== undefined) own.leaderWaits = false;
    for (const flight of [...this.#all.values()]) {
      const isLeaving = (waiter: Waiter) =>
        waiter.client === client && (request === undefined || waiter.request === request);
      const left = flight.waiters.filter(isLeaving);
      if (left.length === 0 && flight !== own) continue;
      flight.waiters = flight.waiters.filter((waiter) => !isLeaving(waiter));
      // Each request has its answer: one without would keep the process alive.
      for (const waiter of left) this.reply(client, waiter.request, { kind: 'skip' });
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
      const next = this.start(flight.cache, flight.key, heir.client, flight);
      next.waiters = others;
      this.reply(heir.client, heir.request, { kind: 'claim', flight: next.id });
    }
  }

  closeCache(cache: KeeperCache): void {
    for (const flight of [...this.#all.values()]) {
      if (flight.cache !== cache) continue;
      flight.cancel?.();
      this.fail(flight, new CacheClosedError(`cache '${cache.config.name}' has been closed`, { key: flight.key }));
    }
    this.#byKey.delete(cache);
  }

  #end(flight: Flight): void {
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
export function loadError(what: string, key: string, cause: unknown): CacheLoadError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CacheLoadError(`${what}: expected a value for key ${JSON.stringify(key)}; got an error: ${reason}`, {
    key,
    cause,
  });
}
