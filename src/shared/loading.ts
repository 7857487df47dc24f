import type { ArenaClient } from '../arena/client.js';
import { looseRecord } from '../arena/loose.js';
import type { ClaimRequest, FlightAnswer, FlightRequest, LoadRequest, LooseValue } from '../arena/protocol.js';
import { decodeValue, decodeView } from '../codec/index.js';
import { CacheConfigError, CacheSerializationError, describe } from '../common/error.js';
import { parseJitter, type TtlFunction } from '../common/ttl.js';
import { Link } from '../load/chain.js';
import type { EntryOptions, Factory, GetOrSetOptions } from '../load/context.js';
import { Flight } from '../load/flight.js';
import { refreshAge, wantsRefresh } from '../load/freshness.js';
import { waitFor } from '../load/wait.js';
import { type ResolvedLoadOptions, resolveLoadOptions } from '../options.js';
import { appraise } from './appraisal.js';
import type { LoaderInput } from './input.js';
import { Leading } from './leading.js';
import { Lease } from './lease.js';
import type { Reading } from './reading.js';
import type { Terms } from './terms.js';

/** How a value reaches a caller: in place, or as a copy of his own. */
export type As = 'lease' | 'copy';

/** How a value is wanted. */
export interface Manner {
  as: As;
  /** Whether only the dead may go for it: without room it is answered, and not kept. */
  spares?: boolean;
}

/** Where the value that a caller has waited for is. */
type Arrival<V> = { slot: number } | { loose: LooseValue } | { own: V | undefined };

interface Job<V> {
  key: string;
  options: ResolvedLoadOptions;
  as: As;
  /** What the keeper is asked. */
  request: ClaimRequest | LoadRequest;
  /** What makes the value, if it is this thread that does. */
  factory: Factory<V, string> | undefined;
}

export interface LoadingHooks<V> {
  preSet(key: string, value: V, options?: EntryOptions): V;
  postGet(key: string, value: V): V;
  /** Runs what a user gave us; what it throws is an `error` event. */
  guard(action: () => void): void;
  /** A caller has found the key, or not. */
  onRead(key: string, hit: boolean): void;
}

/**
 * The asynchronous half of reading: what is not there is loaded, once for a key in the whole process. The keeper names
 * a leader; in this thread each caller has a wait of his own, with his own patience.
 */
export class SharedLoading<V> {
  /** What somebody of this thread waits for, and how the keeper is told that he does no longer. */
  readonly #running = new Map<Flight<Arrival<V>>, () => void>();
  readonly #client: ArenaClient;
  readonly #leading: Leading<V>;
  /** What this thread has asked to be loaded anew behind a hit. */
  readonly #refreshing = new Set<string>();

  constructor(
    readonly reading: Reading<V>,
    readonly terms: Terms<V>,
    readonly hooks: LoadingHooks<V>,
  ) {
    this.#client = reading.client;
    this.#leading = new Leading<V>(reading, terms, hooks.preSet);
  }

  /** By a function of this thread. */
  async byFactory(
    key: string,
    factory: Factory<V, string>,
    given: GetOrSetOptions,
    { as, spares = false }: Manner,
  ): Promise<V | Lease<V> | undefined> {
    if (typeof factory !== 'function')
      throw new CacheConfigError(`factory: expected a function; got ${describe(factory)}`);
    const options = this.#resolve(given);
    const { tags = [] } = options.entry;
    return this.#serve({
      key,
      options,
      as,
      request: { op: 'claim', tags, ...this.#ask(key, options, spares) },
      factory,
    });
  }

  /** By a loader of the pool. */
  async byPool(
    { loader, input, priority, transfer }: LoaderInput & { loader: string; priority: number },
    key: string,
    given: GetOrSetOptions,
    { as, spares = false }: Manner,
  ): Promise<V | Lease<V> | undefined> {
    const options = this.#resolve(given);
    const terms = this.terms.of(options.entry);
    const { retries } = options;
    const request: LoadRequest = {
      op: 'load',
      ...this.#ask(key, options, spares),
      loader,
      input,
      terms,
      retries,
      priority,
      ...(transfer && { transfer }),
    };
    return this.#serve({ key, options, as, request, factory: undefined });
  }

  /** Those of this thread who wait are rejected at once, and what it loads is aborted. */
  close(error: Error): void {
    for (const [flight, leave] of this.#running) {
      flight.reject(error);
      flight.abort(error);
      leave();
    }
    this.#running.clear();
  }

  #resolve(given: GetOrSetOptions): ResolvedLoadOptions {
    return resolveLoadOptions(given, this.reading.ticket.config.refreshAhead);
  }

  #ask(key: string, options: ResolvedLoadOptions, spares: boolean): FlightRequest {
    const place = this.reading.place(key);
    // Named one by one: V8 takes tens of microseconds for a spread that is added to.
    return {
      cache: place.cache,
      key: place.key,
      hash: place.hash,
      force: options.forceRefresh,
      hardTimeoutMs: options.hardTimeout,
      negativeMs: options.negativeTtl,
      backOffMs: options.graceBackoff,
      inside: Link.currentFlight(),
      spares,
    };
  }

  async #serve(job: Job<V>): Promise<V | Lease<V> | undefined> {
    const { key, options, as } = job;
    if (options.signal?.aborted) throw options.signal.reason;
    if (options.forceRefresh) {
      this.reading.reader.noteMiss();
      this.hooks.onRead(key, false);
    } else {
      const found = as === 'lease' ? this.reading.acquire(key) : this.reading.get(key);
      this.hooks.onRead(key, found !== undefined);
      if (found !== undefined) {
        if (wantsRefresh(options)) this.#refresh(job);
        return this.#seen(key, found);
      }
    }
    const start = performance.now();
    const answer = await this.#await(job);
    this.reading.missLatency.record(performance.now() - start);
    return answer;
  }

  async #await(job: Job<V>): Promise<V | Lease<V> | undefined> {
    const { key, options, as } = job;
    const { flight, request, led } = this.#start(job);
    if (options.timeout === 0) {
      const stale = this.#stale(key);
      if (stale !== undefined) {
        flight.promise.then(
          (late) => this.#discard(late),
          () => undefined,
        );
        return this.#hand(key, stale.value, as);
      }
    }
    let taken: Arrival<V> | undefined;
    try {
      taken = await waitFor(flight, {
        timeout: options.timeout,
        hardTimeout: options.hardTimeout,
        signal: options.signal,
        stale: () => this.#stale(key),
        onDeserted: () => this.#client.notify({ op: 'leave', request, flight: led() }),
      });
    } finally {
      flight.promise.then(
        (late) => {
          if (late !== taken) this.#discard(late);
        },
        () => undefined,
      );
    }
    return taken && this.#hand(key, taken, as);
  }

  /** Loads anew behind a fresh value that has come of age. What fails is told by the event `loadError`. */
  #refresh(job: Job<V>): void {
    const { key, options, request } = job;
    if (this.#refreshing.has(key)) return;
    const life = this.reading.life(key);
    if (life === undefined) return;
    // The keeper looks again: somebody may have been faster.
    const olderThanMs = refreshAge(options, life.ttlMs);
    if (life.ageMs < olderThanMs) return;
    this.#refreshing.add(key);
    const { flight } = this.#start({ ...job, request: { ...request, olderThanMs } });
    flight.promise
      .then(
        (late) => this.#discard(late),
        () => undefined,
      )
      .finally(() => this.#refreshing.delete(key));
  }

  /** Asks the keeper, and leads the flight if it says so. */
  #start(job: Job<V>): { flight: Flight<Arrival<V>>; request: number; led: () => number } {
    const flight = new Flight<Arrival<V>>(this, job.key);
    let led = 0;
    const { request } = job;
    const handedOver = request.op === 'load' ? request.transfer : undefined;
    const { id, answer } = this.#client.ask<FlightAnswer>(request, handedOver);
    this.#appraiseWhenMade(id, job);
    this.#running.set(flight, () => this.#client.notify({ op: 'leave', request: id, flight: led }));
    answer
      .then((result): Arrival<V> | Promise<Arrival<V>> => {
        switch (result.kind) {
          case 'slot':
            return { slot: result.slot };
          case 'loose':
            return { loose: result.value };
          case 'skip':
            return { own: undefined };
          case 'claim':
            led = result.flight;
            return this.#leading.lead({ flight, id: led, ...job }).then((own) => ({ own }));
        }
      })
      .then(
        (arrival) => {
          // Ended by `close`, which nobody waits behind.
          this.#client.appraisals.delete(id);
          if (!this.#running.delete(flight)) this.#discard(arrival);
          flight.resolve(arrival);
        },
        (error: unknown) => {
          this.#client.appraisals.delete(id);
          this.#running.delete(flight);
          flight.reject(request.op === 'load' ? explained(error, request.loader, job.key) : error);
        },
      );
    return { flight, request: id, led: () => led };
  }

  /** A value that the pool makes, and whose TTL a function of the caller's is to say. */
  #appraiseWhenMade(request: number, { options, factory }: Job<V>): void {
    const { ttl, ttlJitter } = options.entry;
    if (factory !== undefined || typeof ttl !== 'function') return;
    const ttlOf: TtlFunction<V, string> = (value, key) => ttl(value as never, key as never);
    const by = { ttl: ttlOf, ttlJitter: ttlJitter === undefined ? undefined : parseJitter(ttlJitter) };
    const { appraisals } = this.#client;
    appraisals.set(request, (message) => {
      this.hooks.guard(() => appraise(this.reading, this.terms, message, by));
    });
  }

  #stale(key: string): { value: Arrival<V> } | undefined {
    const own = this.reading.peekStale(key);
    return own === undefined ? undefined : { value: { own } };
  }

  #hand(key: string, arrival: Arrival<V>, as: As): V | Lease<V> | undefined {
    if ('slot' in arrival) return this.#seen(key, this.reading.held(key, arrival.slot, as));
    if ('loose' in arrival) {
      const { skeleton, parts } = looseRecord(arrival.loose);
      if (as === 'lease') return Lease.ofOwned(decodeView(skeleton, parts).value as V);
      return this.#seen(key, decodeValue(skeleton, parts, 'copy') as V);
    }
    if (arrival.own === undefined) return undefined;
    return as === 'lease' ? Lease.ofOwned(arrival.own) : this.#seen(key, arrival.own);
  }

  #seen(key: string, found: V | Lease<V>): V | Lease<V> {
    return found instanceof Lease ? found : this.hooks.postGet(key, found);
  }

  #discard(late: Arrival<V> | undefined): void {
    if (late !== undefined && 'slot' in late) this.reading.letGo(late.slot);
  }
}

/** What the engine says of an input that cannot be posted does not name it. */
function explained(error: unknown, loader: string, key: string): unknown {
  if (!(error instanceof DOMException && error.name === 'DataCloneError')) return error;
  const text = `loader '${loader}': expected an input that can be cloned; ${error.message}`;
  return new CacheSerializationError(text, { key, cause: error });
}
