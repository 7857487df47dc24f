import { importPolicy, isPolicyModule } from '../policy/module.js';
import { resetCounts } from './counts.js';
import type { Household } from './household.js';
import { type KeeperCache, ticketOf } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { KeeperLoads } from './keeper-loads.js';
import { clear, removalOf, removeSeen } from './keeper-removals.js';
import { KeeperSnapshots } from './keeper-snapshots.js';
import { KeeperTurns } from './keeper-turns.js';
import { KeeperWrites } from './keeper-writes.js';
import type { EntryTerms } from './lifetime.js';
import type { CacheConfig, Notice, Request } from './protocol.js';
import { RemoteLoaders } from './remote-loaders.js';
import { fromWire, toWire } from './wire-error.js';
import type { StoreRequest } from './write-protocol.js';

/** An answer that is not there yet. */
const LATER = Symbol('later');

/** The answers to what threads ask. What throws is sent to the asker as an error. */
export class KeeperRequests {
  readonly snapshots: KeeperSnapshots;
  readonly turns: KeeperTurns;
  readonly #loads: KeeperLoads;
  readonly #writes: KeeperWrites;

  /** `first` is the first number that is given to what has one. */
  constructor(
    readonly house: Household,
    first = 1,
  ) {
    this.#loads = new KeeperLoads(house);
    this.snapshots = new KeeperSnapshots(house);
    this.turns = new KeeperTurns(() => house.settle(), first);
    house.reservations.watchers.push(this.turns);
    this.#writes = new KeeperWrites(house, this.#loads, this.turns);
  }

  /** Answers, now or when the time has come. */
  answer(client: KeeperClient, request: { id: number } & Request): void {
    const { id } = request;
    try {
      const result = this.#handle(client, id, request);
      if (result !== LATER) client.send({ op: 'answer', id, result });
    } catch (error) {
      client.send({ op: 'refuse', id, error: toWire(error) });
    }
  }

  /** Answers a plain write: whether it is stored, and its thread may be told so without a message. */
  letter(client: KeeperClient, request: { id: number } & StoreRequest): boolean {
    // Who hears of events is to hear of them first.
    const isSilent = client.subscriptions.size === 0;
    try {
      if (isSilent && this.#writes.storeNow(client, request) !== undefined) return true;
    } catch (error) {
      client.send({ op: 'refuse', id: request.id, error: toWire(error) });
      return false;
    }
    this.answer(client, request);
    return false;
  }

  /** Takes note of what nobody waits for. */
  notice(client: KeeperClient, notice: Notice): void {
    const { caches, flights } = this.house;
    if (notice.op === 'unhold') client.unhold(notice.cache, notice.slot);
    else if (notice.op === 'leave') flights.leave(client, notice.request, notice.flight);
    else if (notice.op === 'amend') caches.get(notice.cache)?.amend(notice);
    else if (notice.op === 'endTurn') this.turns.end(notice.turn);
    else if (notice.op === 'heard') client.noteHeard(notice.count);
    else if (notice.op === 'tag') flights.tag(notice.flight, notice.tags);
    else if (notice.op === 'ran') caches.get(notice.cache)?.ownLoaders?.noteRan(notice.flight, notice.error);
    else if (notice.op === 'bye') client.hasLeft = true;
  }

  /** The answer, or `LATER` when it is sent when the time has come. */
  #handle(client: KeeperClient, id: number, request: Request): unknown {
    const reply = (result: unknown) => client.send({ op: 'answer', id, result });
    const refuse = (error: unknown) => client.send({ op: 'refuse', id, error: toWire(error) });
    switch (request.op) {
      case 'create':
        if (!isPolicyModule(request.config.policy)) return ticketOf(this.#create(client, request.config));
        void this.#createWithModule(client, id, request.config);
        return LATER;
      case 'attach':
        this.house.attach(client, id, request.name, request.timeoutMs);
        return LATER;
      case 'close': {
        const cache = this.house.caches.get(request.cache);
        if (cache !== undefined) this.house.close(cache);
        return true;
      }
      case 'reserve':
        this.#writes.reserve(client, request, reply);
        return LATER;
      case 'reserveMany':
        this.#writes.reserveMany(client, request, reply);
        return LATER;
      case 'extend':
        this.house.reservations.extend(this.#writes.reservation(request.reservation), request.bytes, reply);
        return LATER;
      case 'store': {
        const stored = this.#writes.storeNow(client, request);
        if (stored !== undefined) return stored;
        this.#writes.store(client, request, reply, refuse);
        return LATER;
      }
      case 'commit':
        return this.#writes.commit(request);
      case 'commitMany':
        return request.records.map((record) => this.#writes.commit({ op: 'commit', ...record }).stored);
      case 'abort': {
        const reservation = this.house.reservations.get(request.reservation);
        if (reservation !== undefined) this.house.reservations.close(reservation);
        else this.house.arena.quarantine.release(request.reservation);
        return true;
      }
      case 'turn': {
        const { key, timeoutMs } = request;
        this.turns.ask({ client, request: id, cache: this.#cache(request.cache), key, timeoutMs });
        return LATER;
      }
      case 'finish':
        return this.#writes.finish(request);
      case 'remove': {
        const cache = this.#cache(request.cache);
        return request.keys.map((key, i) => this.#writes.remove(cache, key, request.hashes[i]!));
      }
      case 'take':
        return this.#writes.take(client, this.#cache(request.cache), request.key, request.hash);
      case 'removeTagged':
      case 'removeMatching':
        removalOf(this.house, this.#cache(request.cache), request).run(reply, refuse);
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
      case 'sweeping':
        this.#cache(request.cache).sweeping.set(request.on);
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
        if (request.url !== undefined) this.house.announce(this.#cache(request.cache));
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
    return this.#writes.cache(id);
  }

  /** A slot that is fresh now, or -1. */
  #findFresh(cache: KeeperCache, key: string, hash: number): number {
    const slot = cache.store.find(key, hash);
    return slot >= 0 && this.house.now() < cache.store.life.freshUntil(slot) ? slot : -1;
  }

  /** The policy is a user's, and to be imported first. */
  async #createWithModule(client: KeeperClient, id: number, config: CacheConfig): Promise<void> {
    try {
      await importPolicy(config.policy);
      client.send({ op: 'answer', id, result: ticketOf(this.#create(client, config)) });
    } catch (error) {
      client.send({ op: 'refuse', id, error: toWire(error) });
    }
    this.house.settle();
  }

  #create(client: KeeperClient, config: CacheConfig): KeeperCache {
    for (const known of this.house.caches.values()) {
      // Asked before, of a keeper that has ended before it could answer.
      if (config.token !== undefined && known.config.token === config.token) return known;
    }
    const cache = this.house.create({ ...config, creator: { row: client.row, thread: client.thread } });
    cache.creator = client;
    if (config.pool.own) cache.ownLoaders = new RemoteLoaders(client, cache.id);
    return cache;
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
