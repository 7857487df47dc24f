import type { TransferListItem } from 'node:worker_threads';
import { CacheClosedError } from '../common/error.js';
import { KeeperLostError } from './keeper-lost.js';
import { IDS_PER_KEEPER } from './layout.js';
import type { CacheTicket, FromKeeper, Request } from './protocol.js';
import { fromWire } from './wire-error.js';
import type { Grant } from './write-protocol.js';

const MAX_FAILURES = 1_000;

export interface Pending {
  request: Request;
  /** What is handed over with it: such a request can be posted once. */
  transfer: readonly TransferListItem[] | undefined;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** What a thread has asked the keeper, and what it was granted and may still write into. */
export class PendingRequests {
  readonly #asked = new Map<number, Pending>();
  /** Reservations that this thread has heard of, until it has said that it is through with them. */
  readonly #kept = new Set<number>();

  get size(): number {
    return this.#asked.size;
  }

  /** Reservations that this thread may still be writing into. */
  get kept(): number[] {
    return [...this.#kept];
  }

  has(id: number): boolean {
    return this.#asked.has(id);
  }

  add(id: number, pending: Pending): void {
    this.#asked.set(id, pending);
    for (const reservation of endedBy(pending.request)) this.#kept.delete(reservation);
  }

  resolve(id: number, result: unknown): void {
    const pending = this.#asked.get(id);
    if (pending === undefined) return;
    this.#asked.delete(id);
    const { op } = pending.request;
    if (op === 'reserve') this.#keep(result as Grant | { refused: string });
    else if (op === 'reserveMany') for (const grant of result as (Grant | { refused: string })[]) this.#keep(grant);
    pending.resolve(result as never);
  }

  #keep(grant: Grant | { refused: string }): void {
    if (!('refused' in grant)) this.#kept.add(grant.reservation);
  }

  reject(id: number, error: unknown): void {
    const pending = this.#asked.get(id);
    this.#asked.delete(id);
    pending?.reject(error);
  }

  rejectAll(error: unknown): void {
    for (const id of [...this.#asked.keys()]) this.reject(id, error);
  }

  /** The keeper has ended: what only that one could answer is rejected. All else is asked again of the next one. */
  loseKeeper(): void {
    for (const [id, { request, transfer }] of [...this.#asked]) {
      if (transfer !== undefined || isBound(request)) this.reject(id, new KeeperLostError(request.op));
    }
  }

  /** What the next keeper is to be asked. What is about a cache that is no more is rejected. */
  *again(isOpen: (cache: number) => boolean): Generator<[number, Pending]> {
    for (const [id, pending] of [...this.#asked]) {
      const { request } = pending;
      if ('cache' in request && !isOpen(request.cache)) this.reject(id, closed());
      else yield [id, pending];
    }
  }
}

/** Whether a request belongs to what an earlier keeper has given. */
export function isStale(request: Request, epoch: number): boolean {
  const first = epoch * IDS_PER_KEEPER;
  switch (request.op) {
    case 'extend':
    case 'commit':
      return request.reservation < first;
    case 'commitMany':
    case 'finish':
      return request.records.some(({ reservation }) => reservation < first);
    default:
      return false;
  }
}

/** Reservations that a thread does not write into any more when it asks this. */
export function endedBy(request: Request): number[] {
  switch (request.op) {
    case 'commit':
    case 'abort':
      return [request.reservation];
    case 'commitMany':
    case 'finish':
      return request.records.map(({ reservation }) => reservation);
    default:
      return [];
  }
}

function isBound(request: Request): boolean {
  switch (request.op) {
    case 'extend':
    case 'commit':
    case 'commitMany':
    case 'finish':
    case 'snapshot':
      return true;
    case 'reserveMany':
      return request.turn > 0;
    case 'store':
      return request.turn > 0 || request.flight > 0;
    default:
      return false;
  }
}

function closed(): CacheClosedError {
  return new CacheClosedError('SharedCache: expected an open cache; got one that has been closed');
}

/** The caches of the arena, as a thread knows them: what a successor of the keeper is told. */
export class KnownCaches {
  readonly #tickets = new Map<number, CacheTicket>();
  readonly #closed = new Map<number, CacheTicket>();

  /** All, those included that have been closed and whose last bytes are not free. */
  get tickets(): CacheTicket[] {
    return [...this.#tickets.values(), ...this.#closed.values()];
  }

  /** Whether a cache is open. */
  has(cache: number): boolean {
    return this.#tickets.has(cache);
  }

  add(ticket: CacheTicket): void {
    this.#tickets.set(ticket.cache, ticket);
    this.#closed.delete(ticket.cache);
  }

  close(cache: number): void {
    const ticket = this.#tickets.get(cache);
    this.#tickets.delete(cache);
    if (ticket) this.#closed.set(cache, ticket);
  }

  forget(cache: number): void {
    this.#closed.delete(cache);
  }

  /** Replaces all. Those that were open, and are no longer there. */
  replace(tickets: readonly CacheTicket[], isClosed: (ticket: CacheTicket) => boolean): Set<number> {
    const gone = new Set<number>();
    const bySeed = new Set(tickets.filter((ticket) => !isClosed(ticket)).map(({ seed }) => seed));
    for (const { cache, seed } of this.#tickets.values()) if (!bySeed.has(seed)) gone.add(cache);
    this.#tickets.clear();
    this.#closed.clear();
    for (const ticket of tickets) (isClosed(ticket) ? this.#closed : this.#tickets).set(ticket.cache, ticket);
    return gone;
  }
}

/** What the loads failed with that a thread has led lately. */
export class LedFailures {
  readonly #errors = new Map<number, unknown>();

  note(flight: number, error: unknown): void {
    if (this.#errors.size >= MAX_FAILURES) this.#errors.delete(this.#errors.keys().next().value ?? 0);
    this.#errors.set(flight, error);
  }

  /** What a request was refused with: the very error, if the load was led here. */
  errorOf({ error, flight = 0 }: FromKeeper & { op: 'refuse' }): unknown {
    return this.#errors.has(flight) ? this.#errors.get(flight) : fromWire(error);
  }
}
