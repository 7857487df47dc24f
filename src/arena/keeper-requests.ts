import { CacheClosedError } from '../common/error.js';
import { bearsAny } from '../common/tags.js';
import { resetCounts } from './counts.js';
import type { NewEntry } from './entry-store.js';
import type { Flight } from './flight-table.js';
import type { Household } from './household.js';
import { type KeeperCache, ticketOf } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { KeeperLoads } from './keeper-loads.js';
import { clear, removalOf, removeSeen } from './keeper-removals.js';
import { KeeperSnapshots } from './keeper-snapshots.js';
import { HEADER, SLOT_F64 } from './layout.js';
import type { EntryTerms } from './lifetime.js';
import type { CacheConfig, CommitRequest, Request } from './protocol.js';
import { fromWire, toWire } from './wire-error.js';

/** An answer that is not there yet. */
export const LATER = Symbol('later');

/** The answers to what threads ask. What throws is sent to the asker as an error. */
export class KeeperRequests {
  readonly snapshots: KeeperSnapshots;
  readonly #loads: KeeperLoads;

  constructor(readonly house: Household) {
    this.#loads = new KeeperLoads(house);
    this.snapshots = new KeeperSnapshots(house);
  }

  /** The answer, or `LATER` when it is sent when the time has come. */
  handle(client: KeeperClient, id: number, request: Request): unknown {
    const reply = (result: unknown) => client.send({ op: 'answer', id, result });
    switch (request.op) {
      case 'create':
        return ticketOf(this.#create(client, request.config));
      case 'attach':
        this.house.attach(client, id, request.name, request.timeoutMs);
        return LATER;
      case 'close':
        this.house.close(this.#cache(request.cache));
        return true;
      case 'reserve': {
        const cache = this.#cache(request.cache);
        const { key, hash, wide, flight, bytes } = request;
        this.house.reservations.open({ client, cache, key, hash, wide, flight }, bytes, (result) => {
          // What a flight is refused may be asked for again, or done without: it is counted when it settles.
          if ('refused' in result && flight === 0) this.#refused(cache, key, hash, bytes);
          reply(result);
        });
        return LATER;
      }
      case 'extend':
        this.house.reservations.extend(this.#reservation(request.reservation), request.bytes, reply);
        return LATER;
      case 'commit':
        return this.#commit(request);
      case 'abort': {
        const reservation = this.house.reservations.get(request.reservation);
        if (reservation !== undefined) this.house.reservations.close(reservation);
        return true;
      }
      case 'remove': {
        const cache = this.#cache(request.cache);
        return request.keys.map((key, i) => this.#remove(cache, key, request.hashes[i]!));
      }
      case 'removeTagged':
      case 'removeMatching':
        removalOf(this.house, this.#cache(request.cache), request).run(reply, (error) =>
          client.send({ op: 'refuse', id, error: toWire(error) }),
        );
        return LATER;
      case 'removeSeen':
        return removeSeen(this.house, this.#cache(request.cache), request);
      case 'clear':
        return clear(this.house, this.#cache(request.cache), request.path ?? []);
      case 'touch':
        return this.#touch(this.#cache(request.cache), request.key, request.hash, request.ttlMs);
      case 'expire':
        return this.#expire(this.#cache(request.cache), request.key, request.hash);
      case 'resize':
        this.house.resize(this.#cache(request.cache), request.maxBytes);
        return true;
      case 'sweep':
        return this.#cache(request.cache).expire(this.house.now());
      case 'load':
        this.#loads.load({ client, id }, this.#cache(request.cache), request);
        return LATER;
      case 'claim':
        this.#loads.claim({ client, id }, this.#cache(request.cache), request);
        return LATER;
      case 'settle': {
        const flight = this.house.flights.get(request.flight);
        if (flight !== undefined) this.#loads.settle(flight, request.answer, request.rejected);
        return flight !== undefined;
      }
      case 'fail': {
        const flight = this.house.flights.get(request.flight);
        if (flight !== undefined) this.#loads.fail(flight, fromWire(request.error));
        return true;
      }
      case 'registerLoader':
        this.#cache(request.cache).registerLoader(request.loader, request.url, client.thread);
        return true;
      case 'subscribe':
        if (request.listening) client.subscriptions.add(this.#cache(request.cache).id);
        else client.subscriptions.delete(request.cache);
        return true;
      case 'snapshot':
        this.snapshots.handle(client, request.request, reply);
        return LATER;
      case 'resetStats':
        this.house.room.noteUses();
        this.#cache(request.cache).publishLedger();
        this.#cache(request.cache).sample.rebase();
        resetCounts(this.#cache(request.cache).table, request.epoch, request.seen);
        return true;
      case 'validate':
        this.house.validate();
        return true;
    }
  }

  #cache(id: number): KeeperCache {
    const cache = this.house.caches.get(id);
    if (cache === undefined)
      throw new CacheClosedError('SharedCache: expected an open cache; got one that has been closed');
    return cache;
  }

  #reservation(id: number) {
    const reservation = this.house.reservations.get(id);
    if (reservation === undefined) {
      throw new CacheClosedError('reservation: expected an open one; got one whose cache has been closed');
    }
    return reservation;
  }

  /** A slot that is fresh now, or -1. */
  #findFresh(cache: KeeperCache, key: string, hash: number): number {
    const slot = cache.store.find(key, hash);
    return slot >= 0 && this.house.now() < cache.store.life.freshUntil(slot) ? slot : -1;
  }

  #refused(cache: KeeperCache, key: string, hash: number, size: number): void {
    this.#reject(cache, key, size);
    // A value that is refused leaves no older one behind to be taken for it, nor one that is being loaded.
    this.house.flights.supersede(cache, key);
    const old = cache.store.find(key, hash);
    if (old >= 0) cache.remove(old, 'replace');
  }

  #reject(cache: KeeperCache, key: string, size: number): void {
    cache.table.addHeader(HEADER.rejected, 1);
    cache.tell({ type: 'maxSizeExceeded', key, size });
  }

  #commit(request: CommitRequest): { stored: boolean } {
    const { reservations, flights, now } = this.house;
    const reservation = this.#reservation(request.reservation);
    const { cache, key } = reservation;
    const flight = flights.get(reservation.flight);
    if (cache.closed) {
      reservations.close(reservation);
      throw new CacheClosedError(`cache '${cache.config.name}' has been closed`, { key });
    }
    const { tags } = request.terms;
    const isLost = bearsAny(tags, reservation.lostTags) || bearsAny(tags, flight?.lostTags);
    const superseded = reservation.superseded || isLost || (flight?.superseded ?? reservation.flight !== 0);
    if (superseded && flight === undefined) {
      reservations.close(reservation);
      return { stored: false };
    }
    const entry = reservations.settle(reservation, request);
    const loadMs = flight ? request.loadMs || Math.max(0.01, now() - flight.startedAt) : 0;
    entry.cost = this.#cost(cache, entry, loadMs);
    if (flight === undefined || !superseded) reservations.supersede(cache, key, reservation.id);
    if (flight === undefined) {
      flights.supersede(cache, key);
      this.#askAbout(cache, entry, cache.publish(entry, now()));
      return { stored: true };
    }
    const slot = superseded ? cache.publishUnkeyed(entry, now()) : cache.publish(entry, now(), loadMs);
    if (!superseded) this.#askAbout(cache, entry, slot, flight);
    this.#loads.count(flight, entry.charge, loadMs);
    flights.land(flight, { kind: 'slot', slot, number: cache.table.number(slot) }, (waiter) =>
      waiter.hold(cache.id, slot),
    );
    if (superseded) cache.discard(slot);
    return { stored: !superseded };
  }

  #create(client: KeeperClient, config: CacheConfig): KeeperCache {
    const cache = this.house.create(config);
    cache.creator = client;
    return cache;
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
        return cache.loadTimeOf(entry.key, entry.hash, loadMs) || 1;
      default:
        return 1;
    }
  }

  #remove(cache: KeeperCache, key: string, hash: number): boolean {
    this.house.flights.supersede(cache, key);
    this.house.reservations.supersede(cache, key);
    const slot = cache.store.find(key, hash);
    if (slot < 0) return false;
    const fresh = this.house.now() < cache.store.life.freshUntil(slot);
    const dead = this.house.now() >= cache.table.double(slot, SLOT_F64.deadAt);
    cache.remove(slot, dead ? 'expire' : 'delete');
    return fresh;
  }

  #touch(cache: KeeperCache, key: string, hash: number, ttlMs: number): boolean {
    const slot = this.#findFresh(cache, key, hash);
    if (slot < 0) return false;
    const terms: EntryTerms = cache.store.life.terms(slot);
    cache.store.life.restart(
      cache.store.handleOf(slot),
      slot,
      ttlMs > 0 ? { ...terms, ttlMs } : terms,
      this.house.now(),
    );
    cache.store.policy.touch(cache.store.handleOf(slot));
    return true;
  }

  #expire(cache: KeeperCache, key: string, hash: number): boolean {
    this.house.flights.supersede(cache, key);
    this.house.reservations.supersede(cache, key);
    const slot = this.#findFresh(cache, key, hash);
    if (slot < 0) return false;
    const now = this.house.now();
    cache.store.life.end(cache.store.handleOf(slot), slot, now);
    cache.expire(now);
    return true;
  }
}
