import { CacheLoadError, describe } from '../common/error.js';
import { hashString } from '../common/hash.js';
import { type Flight, loadError } from './flight-table.js';
import { isInside, waitsFor } from './flight-waits.js';
import type { Household } from './household.js';
import { type KeeperCache, ticketOf } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { HEADER, SLOT_F64 } from './layout.js';
import { userKey } from './namespace-key.js';
import type { ClaimRequest, FlightAnswer, FlightRequest, LoaderTask, LoadRequest } from './protocol.js';
import { toWire } from './wire-error.js';

/** Who asks for a value, and by which request. */
interface Asker {
  client: KeeperClient;
  id: number;
}

/** What becomes of those who ask for what is not there: an answer, a flight to wait for, or one to lead. */
export class KeeperLoads {
  constructor(readonly house: Household) {}

  /** By a function of the asker's. */
  claim(asker: Asker, cache: KeeperCache, request: ClaimRequest): void {
    if (this.#answerOrJoin(asker, cache, request)) return;
    const { flights } = this.house;
    const { key, hardTimeoutMs, negativeMs, backOffMs, tags, spares } = request;
    const inside = flights.get(request.inside);
    const flight = flights.start(cache, key, asker.client, {
      hardTimeoutMs,
      negativeMs,
      backOffMs,
      tags,
      inside,
      spares,
    });
    asker.client.send({ op: 'answer', id: asker.id, result: { kind: 'claim', flight: flight.id } });
  }

  /** By a loader of the pool. */
  load(asker: Asker, cache: KeeperCache, request: LoadRequest): void {
    cache.assertLoader(request.loader);
    if (this.#answerOrJoin(asker, cache, request)) return;
    const { flights } = this.house;
    const inside = flights.get(request.inside);
    const { tags } = request.terms;
    const flight = flights.start(cache, request.key, undefined, { ...request, tags, inside });
    flights.join(flight, asker.client, asker.id, inside);
    this.#run(flight, request, request.retries);
    this.#hasten(flight, inside);
  }

  /** A flight has come to a value that is not kept, or to none. */
  settle(flight: Flight, answer: FlightAnswer, isRejected: boolean): void {
    const { cache, key } = flight;
    const size = answer.kind === 'loose' ? answer.value.buffer.byteLength : 0;
    if (isRejected && !flight.spares) {
      cache.table.addHeader(HEADER.rejected, 1);
      cache.tell({ type: 'maxSizeExceeded', key, size });
      // A value that is refused leaves no older one behind to be taken for it.
      const old = flight.superseded ? -1 : cache.store.find(key, hashString(key, cache.table.seed) | 0);
      if (old >= 0) cache.remove(old, 'replace');
    }
    this.count(flight, size);
    this.house.flights.land(flight, answer);
  }

  /** A flight has failed for good. */
  fail(flight: Flight, error: Error): void {
    const { cache } = flight;
    const durationMs = this.house.now() - flight.startedAt;
    cache.noteLoad(durationMs);
    cache.table.addHeader(HEADER.loadErrors, 1);
    cache.tell({ type: 'loadError', key: flight.key, durationMs, error: toWire(error) });
    this.house.flights.fail(flight, error);
  }

  /** Counts and tells a load that has ended well. */
  count(flight: Flight, size: number, loadMs = 0): void {
    const { cache } = flight;
    const durationMs = loadMs || this.house.now() - flight.startedAt;
    cache.noteLoad(durationMs);
    cache.tell({ type: 'load', key: flight.key, size, durationMs });
  }

  #answerOrJoin({ client, id }: Asker, cache: KeeperCache, request: FlightRequest & { priority?: number }): boolean {
    const { flights } = this.house;
    const { key, hash, force, olderThanMs = Number.POSITIVE_INFINITY } = request;
    const now = this.house.now();
    const slot = cache.store.find(key, hash);
    const { table } = cache;
    const isFresh = slot >= 0 && now < cache.store.life.freshUntil(slot);
    if (!force && isFresh && now - table.double(slot, SLOT_F64.bornAt) < olderThanMs) {
      client.hold(cache.id, slot);
      client.send({ op: 'answer', id, result: { kind: 'slot', slot, number: table.number(slot) } });
      return true;
    }
    const failure = force ? undefined : flights.failure(cache, key);
    const hasValue = slot >= 0 && now < table.double(slot, SLOT_F64.deadAt);
    if (failure && (hasValue || failure.rejectUntil > now)) {
      flights.refuse(client, id, failure.error as Error, failure.flight);
      return true;
    }
    const inside = flights.get(request.inside);
    const flight = flights.current(cache, key);
    if (isInside(inside, cache, key) || (flight && inside && waitsFor(flight, inside))) {
      const text = `${cache.config.name}: a load must not ask, directly or through others, for the key that it loads; got ${describe(userKey(key))}`;
      throw new CacheLoadError(text, { key: userKey(key) });
    }
    if (flight === undefined) return false;
    flights.join(flight, client, id, inside);
    this.#hasten(flight, inside);
    if (request.priority !== undefined && flight.cancel)
      (cache.ownLoaders ?? this.house.loaders).prefer?.(cache.config.pool, flight.id, request.priority);
    return true;
  }

  /** A thread of the pool that waits for a load of its own pool must not wait behind what nobody's load waits for. */
  #hasten(flight: Flight, asker: Flight | undefined): void {
    if (asker !== undefined && flight.cancel) {
      const { cache } = flight;
      (cache.ownLoaders ?? this.house.loaders).hasten?.(cache.config.pool, flight.id);
    }
  }

  #run(flight: Flight, request: LoadRequest, retries: number): void {
    const { cache } = flight;
    const task: LoaderTask = {
      keeper: this.house.thread,
      ticket: ticketOf(cache),
      flight: flight.id,
      loader: request.loader,
      url: cache.config.loaders[request.loader]!,
      key: request.key,
      hash: request.hash,
      input: request.input,
      terms: request.terms,
      priority: request.priority ?? 0,
      ...(request.transfer && { transfer: request.transfer }),
    };
    flight.cancel = (cache.ownLoaders ?? this.house.loaders).start(cache.config.pool, task, (error) => {
      if (this.house.flights.get(flight.id) !== flight) return;
      const isWanted = !flight.abandoned && flight.waiters.length > 0;
      if (error !== undefined && retries > 0 && isWanted) this.#run(flight, request, retries - 1);
      else this.fail(flight, loadError(`loader '${request.loader}'`, request.key, error));
      this.house.settle();
    });
  }
}
