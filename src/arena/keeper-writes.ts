import { CacheClosedError } from '../common/error.js';
import { bearsAny } from '../common/tags.js';
import { chargeOf, type NewEntry } from './entry-store.js';
import type { Flight } from './flight-table.js';
import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import type { KeeperLoads } from './keeper-loads.js';
import type { KeeperTurns } from './keeper-turns.js';
import { HEADER, READY, SLOT_F64 } from './layout.js';
import { boxed } from './outbox.js';
import type { Request } from './protocol.js';
import type { Refusal, Reservation } from './reservation.js';
import { isPlain } from './wire.js';
import type {
  CommitRequest,
  Committed,
  Grant,
  ReserveManyRequest,
  StoreRequest,
  WrittenRecord,
} from './write-protocol.js';

/** Single entries, written and removed, and several in one step. */
export class KeeperWrites {
  constructor(
    readonly house: Household,
    readonly loads: KeeperLoads,
    readonly turns: KeeperTurns,
  ) {}

  /** @throws CacheClosedError */
  cache(id: number): KeeperCache {
    const cache = this.house.caches.get(id);
    if (cache === undefined)
      throw new CacheClosedError('SharedCache: expected an open cache; got one that has been closed');
    return cache;
  }

  /** @throws CacheClosedError */
  reservation(id: number): Reservation {
    const reservation = this.house.reservations.get(id);
    if (reservation === undefined) {
      throw new CacheClosedError('reservation: expected an open one; got one whose cache has been closed');
    }
    return reservation;
  }

  reserve(
    client: KeeperClient,
    { cache: id, key, hash, wide, flight, bytes }: Request & { op: 'reserve' | 'store' },
    reply: (result: Grant | Refusal) => void,
  ): void {
    const { flights, reservations } = this.house;
    const cache = this.cache(id);
    const spares = flights.get(flight)?.spares;
    reservations.open({ client, cache, key, hash, wide, flight, spares }, bytes, (result) => {
      // What a flight is refused may be asked for again, or done without: it is counted when it settles.
      if ('refused' in result && flight === 0 && !cache.closed) this.#refused(cache, key, hash, bytes);
      reply(result);
    });
  }

  /** Answered when all is granted or refused. What a transaction is refused changes nothing. */
  reserveMany(client: KeeperClient, request: ReserveManyRequest, reply: (results: (Grant | Refusal)[]) => void): void {
    const { keys, hashes, wides, bytes, turn, spares } = request;
    const cache = this.cache(request.cache);
    if (turn > 0) this.turns.running(turn);
    const results: (Grant | Refusal)[] = [];
    let left = keys.length;
    keys.forEach((key, i) => {
      const hash = hashes[i]!;
      const of = { client, cache, key, hash, wide: wides[i]!, flight: 0, spares };
      this.house.reservations.open(of, bytes[i]!, (result) => {
        if ('refused' in result && turn === 0 && !spares && !cache.closed) this.#refused(cache, key, hash, bytes[i]!);
        results[i] = result;
        left--;
        if (left === 0) reply(results);
      });
    });
    if (keys.length === 0) reply(results);
  }

  /**
   * As `store`, for most: where there is room at once, and neither a flight nor a turn has a say, nothing can come in
   * between, and there need not be a reservation. `undefined` when it is to be done the long way.
   */
  storeNow({ row }: KeeperClient, request: StoreRequest): Committed | undefined {
    const { key, hash, terms } = request;
    if (request.flight > 0 || request.turn > 0 || !isPlain(terms)) return undefined;
    const { arena, reservations } = this.house;
    const cache = this.cache(request.cache);
    const { store, table } = cache;
    const now = this.house.now();
    const known = store.find(key, hash);
    const number = known < 0 ? 0 : table.number(known);
    const node = reservations.takeNow(cache, request.bytes, now, known < 0);
    if (node < 0) return undefined;
    const { allocator } = arena;
    const segment = allocator.segment(node);
    const unit = allocator.start(node);
    const units = allocator.units(node);
    arena.segments.write(segment, unit, boxed(arena.control, row, request.start, request.byteLength));
    const entry: NewEntry = {
      key,
      hash,
      wide: request.wide,
      blocks: [node],
      segment,
      unit,
      trailer: request.trailer,
      skeletonLength: request.skeletonLength,
      parts: request.parts,
      tagsLength: request.tagsLength ?? 0,
      charge: chargeOf(units),
      ttlMs: terms.ttlMs,
      idleMs: terms.idleMs,
      graceMs: terms.graceMs,
      cost: terms.cost,
      jitter: terms.jitter ?? 0,
    };
    entry.cost = this.#cost(cache, entry, 0);
    this.#supersede(cache, key);
    // What was there may have been evicted, or moved, for the room.
    const isThere = known < 0 || ((table.word(known) & 3) === READY && table.number(known) === number);
    cache.publish(entry, now, 0, isThere ? known : store.find(key, hash));
    return { stored: true };
  }

  /**
   * `reserve`, writing and `commit` in one turn of the keeper: at once or, where others come first, when there is room.
   * Until then it is a reservation as any other, so that what comes later wins.
   */
  store(
    client: KeeperClient,
    request: StoreRequest,
    reply: (result: Committed | Refusal) => void,
    refuse: (error: unknown) => void,
  ): void {
    this.reserve(client, request, (result) => {
      if ('refused' in result) return reply(result);
      try {
        reply(this.#write(client, result, request));
      } catch (error) {
        refuse(error);
      }
    });
  }

  commit(request: CommitRequest): Committed {
    const { reservations, flights, now } = this.house;
    const reservation = this.#openReservation(request.reservation);
    const { cache, key } = reservation;
    if (request.turn !== undefined) return this.#commitInTurn(reservation, request, request.turn);
    const flight = flights.get(reservation.flight);
    const { tags } = request.terms;
    const isLost = bearsAny(tags, reservation.lostTags) || bearsAny(tags, flight?.lostTags);
    const superseded = reservation.superseded || isLost || (flight?.superseded ?? reservation.flight !== 0);
    if (superseded && flight === undefined) {
      reservations.close(reservation);
      return { stored: false };
    }
    if (flight === undefined) {
      this.#enter(reservation, request);
      return { stored: true };
    }
    const entry = reservations.settle(reservation, request);
    const loadMs = request.loadMs || Math.max(0.01, now() - flight.startedAt);
    entry.cost = this.#cost(cache, entry, loadMs);
    if (!superseded) reservations.supersede(cache, key, reservation.id);
    const slot = superseded ? cache.publishUnkeyed(entry, now()) : cache.publish(entry, now(), loadMs);
    if (!superseded) this.#askAbout(cache, entry, slot, flight);
    this.loads.count(flight, entry.charge, loadMs);
    flights.land(flight, { kind: 'slot', slot, number: cache.table.number(slot) }, (waiter) =>
      waiter.hold(cache.id, slot),
    );
    if (superseded) cache.discard(slot);
    return { stored: !superseded };
  }

  /** Carries out a transaction. All of it is checked before anything changes. */
  finish({ cache: id, turn, records, keys, hashes }: Request & { op: 'finish' }): true {
    const cache = this.cache(id);
    const reservations = records.map((record) => this.#openReservation(record.reservation));
    this.#assertRunning(turn, reservations);
    cache.together(() => {
      keys.forEach((key, i) => {
        this.remove(cache, key, hashes[i]!);
      });
      records.forEach((record, i) => {
        this.#enter(reservations[i]!, record);
      });
    });
    this.turns.end(turn);
    return true;
  }

  /** Whether a fresh entry went. */
  remove(cache: KeeperCache, key: string, hash: number): boolean {
    this.#supersede(cache, key);
    const slot = cache.store.find(key, hash);
    if (slot < 0) return false;
    const now = this.house.now();
    const fresh = now < cache.store.life.freshUntil(slot);
    const dead = now >= cache.table.double(slot, SLOT_F64.deadAt);
    cache.remove(slot, dead ? 'expire' : 'delete');
    return fresh;
  }

  /** Removes an entry and keeps its bytes for the asker, who gives them back with `unhold`: its slot, or -1. */
  take(client: KeeperClient, cache: KeeperCache, key: string, hash: number): number {
    const slot = cache.store.find(key, hash);
    const isFresh = slot >= 0 && this.house.now() < cache.store.life.freshUntil(slot);
    if (isFresh) client.hold(cache.id, slot);
    this.remove(cache, key, hash);
    return isFresh ? slot : -1;
  }

  #write({ row }: KeeperClient, { reservation, block, segment, unit, units }: Grant, request: StoreRequest): Committed {
    const { segments, control } = this.house.arena;
    segments.write(segment, unit, boxed(control, row, request.start, request.byteLength));
    const { trailer, skeletonLength, parts, tagsLength = 0, terms, loadMs, turn } = request;
    const record: WrittenRecord = {
      reservation,
      block,
      units,
      externals: [],
      trailer,
      skeletonLength,
      parts,
      tagsLength,
      terms,
      loadMs,
    };
    return this.commit(turn > 0 ? { op: 'commit', turn, ...record } : { op: 'commit', ...record });
  }

  #commitInTurn(reservation: Reservation, request: CommitRequest, id: number): Committed {
    this.#assertRunning(id, [reservation]);
    const turn = this.turns.running(id);
    if (turn.isOutdone) {
      turn.isOutdone = false;
      this.house.reservations.close(reservation);
      return { stored: false, outdone: true };
    }
    this.#enter(reservation, request);
    this.turns.end(id);
    return { stored: true };
  }

  /** Enters what was written, whoever else has changed the key meanwhile. */
  #enter(reservation: Reservation, record: WrittenRecord): void {
    const { reservations, flights, now } = this.house;
    const { cache, key, id } = reservation;
    const entry = reservations.settle(reservation, record);
    entry.cost = this.#cost(cache, entry, 0);
    reservations.supersede(cache, key, id);
    flights.supersede(cache, key);
    this.#askAbout(cache, entry, cache.publish(entry, now()));
  }

  /** @throws CacheTimeoutError when the turn is over, and what was written in it is given back. */
  #assertRunning(turn: number, written: readonly Reservation[]): void {
    try {
      this.turns.running(turn);
    } catch (error) {
      for (const reservation of written) this.house.reservations.close(reservation);
      throw error;
    }
  }

  #openReservation(id: number): Reservation {
    const reservation = this.reservation(id);
    const { cache, key } = reservation;
    if (!cache.closed) return reservation;
    this.house.reservations.close(reservation);
    throw new CacheClosedError(`cache '${cache.config.name}' has been closed`, { key });
  }

  #supersede(cache: KeeperCache, key: string): void {
    this.house.flights.supersede(cache, key);
    this.house.reservations.supersede(cache, key);
  }

  #refused(cache: KeeperCache, key: string, hash: number, size: number): void {
    cache.table.addHeader(HEADER.rejected, 1);
    cache.tell({ type: 'maxSizeExceeded', key, size });
    // A value that is refused leaves no older one behind to be taken for it, nor one that is being loaded.
    this.house.flights.supersede(cache, key);
    this.turns.superseded(cache, key);
    const old = cache.store.find(key, hash);
    if (old >= 0) cache.remove(old, 'replace');
  }

  /** Asks the threads that have the functions what those say of a new entry. */
  #askAbout(cache: KeeperCache, { key, appraise }: NewEntry, slot: number, flight?: Flight): void {
    if (appraise === undefined) return;
    const bornAt = cache.table.double(slot, SLOT_F64.bornAt);
    const message = { op: 'appraise', cache: cache.id, key, bornAt } as const;
    const byCreator = { ...message, request: 0, cost: appraise.cost, ttl: appraise.ttl === 'creator' };
    if (byCreator.cost || byCreator.ttl) cache.creator?.send(byCreator);
    const { client, request } = flight?.starter ?? {};
    if (appraise.ttl === 'asker' && request) client?.send({ ...message, request, cost: false, ttl: true });
  }

  #cost(cache: KeeperCache, entry: NewEntry, loadMs: number): number {
    if (entry.cost > 0) return entry.cost;
    switch (cache.config.cost) {
      case 'bytes':
        return entry.charge;
      case 'balanced':
        return Math.sqrt(entry.charge);
      case 'measured':
        return cache.loadTimeOf(entry, loadMs) || 1;
      default:
        return 1;
    }
  }
}
