import { CacheClosedError, CacheConfigError, CacheLoadError, CacheTimeoutError, describe } from '../common/error.js';
import { bearsAny } from '../common/tags.js';
import { after } from '../common/timer.js';
import { Link } from '../load/chain.js';
import type { EntryOptions, Factory, GetOrSetOptions } from '../load/context.js';
import { type Flight, Flights } from '../load/flight.js';
import { decided, refreshAge, wantsRefresh } from '../load/freshness.js';
import { LoadSession } from '../load/session.js';
import { traced } from '../load/tracing.js';
import { waitFor } from '../load/wait.js';
import { type ResolvedLoadOptions, resolveLoadOptions } from '../options.js';
import type { Counters } from '../stats/counters.js';
import type { Emitter } from '../stats/emitter.js';
import type { CacheEvents } from '../stats/event.js';
import { Failures } from '../struct/failures.js';

/** An entry that is not dead. */
export interface Held<V> {
  value: V;
  isFresh: boolean;
  ageMs: number;
  ttlMs: number;
}

/** What loading needs of the cache that it loads for. */
export interface LoadHost<K, V> {
  readonly name: string;
  /** The cache's own. */
  readonly refreshAhead: number;
  readonly counters: Counters;
  readonly events: Emitter<CacheEvents<K, V>>;
  now(): number;
  /** @throws CacheClosedError */
  assertOpen(): void;
  /** A read as `get` does it, counted as a hit or a miss. */
  read(key: K): V | undefined;
  /** Counts a miss. */
  miss(key: K): void;
  held(key: K): Held<V> | undefined;
  /** Stores what was loaded; gives what `preSet` made of it. */
  keep(key: K, value: V, options: EntryOptions, durationMs: number): V;
  /** What the caller sees of a value. */
  answer(key: K, value: V): V;
}

interface Job<K, V> {
  key: K;
  factory: Factory<V, K>;
  options: ResolvedLoadOptions;
}

/** How many times its `hardTimeout` a load may run before it is given up. */
const PATIENCE = 3;

/** `getOrSet`: fresh values from the cache, one load per key for all others, stale values in between. */
export class Loading<K, V> {
  readonly #host: LoadHost<K, V>;
  readonly #flights = new Flights<K, V>();
  readonly #failures = new Failures<K>();
  /** Whether there may be flights or failures: writes ask this and no more. */
  #isBusy = false;
  readonly #defaults: ResolvedLoadOptions;

  constructor(host: LoadHost<K, V>) {
    this.#host = host;
    this.#defaults = resolveLoadOptions({}, host.refreshAhead);
  }

  /** Rejects, and never throws. */
  getOrSet(key: K, factory: Factory<V, K>, options?: GetOrSetOptions): Promise<V | undefined> {
    try {
      return this.#getOrSet(key, factory, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The key was written or removed: a load that runs is not to undo that. */
  supersede(key: K): void {
    if (this.#isBusy === true) this.#supersede(key);
  }

  /** What bears one of these tags was removed: as `supersede`, for the loads of what is to bear one. */
  supersedeTags(tags: readonly string[]): void {
    if (!this.#isBusy) return;
    this.#flights.detachTagged(tags);
    const lost = new Set(tags);
    this.#failures.deleteWhere((_, failure) => bearsAny(failure.tags, lost));
  }

  /** As `supersede`, for all keys that match. O(loads and failures). */
  supersedeWhere(matches: (key: K) => boolean): void {
    this.#flights.detachWhere(matches);
    this.#failures.deleteWhere(matches);
  }

  supersedeAll(): void {
    this.#flights.detachAll();
    this.#failures.clear();
  }

  close(): void {
    this.#failures.clear();
    this.#flights.close(new CacheClosedError(`${this.#host.name}: closed while a load was running`));
  }

  #supersede(key: K): void {
    this.#flights.detach(key);
    this.#failures.delete(key);
    this.#isBusy = this.#flights.size > 0 || this.#failures.size > 0;
  }

  #getOrSet(key: K, factory: Factory<V, K>, given?: GetOrSetOptions): Promise<V | undefined> {
    if (typeof factory !== 'function') {
      throw new CacheConfigError(`factory: expected a function; got ${describe(factory)}`);
    }
    this.#host.assertOpen();
    const options = given === undefined ? this.#defaults : resolveLoadOptions(given, this.#host.refreshAhead);
    if (options.signal?.aborted) throw options.signal.reason;
    const host = this.#host;
    if (options.forceRefresh) {
      host.miss(key);
    } else {
      const value = host.read(key);
      if (value !== undefined) {
        if (wantsRefresh(options)) this.#refresh({ key, factory, options });
        return Promise.resolve(value);
      }
    }
    return this.#load({ key, factory, options });
  }

  /** The wait of one caller that found nothing fresh. */
  async #load(job: Job<K, V>): Promise<V | undefined> {
    const { key, options } = job;
    const host = this.#host;
    const start = performance.now();
    const held = host.held(key);
    const old = this.#stale(key);
    if (!options.forceRefresh) {
      const failure = this.#failures.get(key, host.now());
      if (failure && old) return host.answer(key, old.value);
      if (failure && failure.rejectUntil > host.now()) throw failure.error;
    }
    const flight = this.#joinable(key, options.hardTimeout) ?? this.#start(job, held?.value);
    if (options.timeout === 0 && old) {
      flight.isKept = true;
      return host.answer(key, old.value);
    }
    const value = await this.#await(flight, options);
    host.counters.missLatency.record(performance.now() - start);
    return value === undefined ? undefined : host.answer(key, value);
  }

  async #await(flight: Flight<V>, options: ResolvedLoadOptions): Promise<V | undefined> {
    const endWait = flight.link.await();
    if (!endWait) throw this.#ownKey(flight.link.key);
    const key = flight.link.key as K;
    try {
      return await waitFor(flight, {
        timeout: options.timeout,
        hardTimeout: options.hardTimeout,
        signal: options.signal,
        // What is stale then, not what was: a removal during the flight has removed it, too.
        stale: () => this.#stale(key),
        onDeserted: (reason) => this.#flights.abandon(flight, reason),
      });
    } finally {
      endWait();
    }
  }

  #stale(key: K): Held<V> | undefined {
    const held = this.#host.held(key);
    return held && !held.isFresh ? held : undefined;
  }

  /** Loads anew behind a fresh value that has come of age. */
  #refresh(job: Job<K, V>): void {
    const held = this.#host.held(job.key);
    if (!held || held.ageMs < refreshAge(job.options, held.ttlMs)) return;
    if (this.#flights.get(job.key) || Link.isInside(this.#flights, job.key)) return;
    if (this.#failures.get(job.key, this.#host.now())) return;
    this.#start(job, held.value).isKept = true;
  }

  #joinable(key: K, hardTimeout: number): Flight<V> | undefined {
    const flight = this.#flights.get(key);
    if (!flight || flight.ageMs <= PATIENCE * hardTimeout) return flight;
    this.#giveUp(flight, hardTimeout);
    return undefined;
  }

  #start(job: Job<K, V>, oldValue: V | undefined): Flight<V> {
    const { key, options } = job;
    if (Link.isInside(this.#flights, key)) throw this.#ownKey(key);
    this.#isBusy = true;
    const trace = () => ({ cache: this.#host.name, key });
    const flight = this.#flights.start(key, (started) => traced(trace, () => this.#run(started, job, oldValue)));
    const { hardTimeout } = options;
    if (hardTimeout !== Number.POSITIVE_INFINITY) {
      const cancel = after(PATIENCE * hardTimeout, () => this.#giveUp(flight, hardTimeout), { ref: false });
      flight.promise.then(cancel, cancel);
    }
    return flight;
  }

  async #run(flight: Flight<V>, job: Job<K, V>, oldValue: V | undefined): Promise<V | undefined> {
    const { key, options } = job;
    const { counters, events } = this.#host;
    const session = new LoadSession<V, K>(flight, key, oldValue);
    flight.tags = () => [...(options.entry.tags ?? []), ...(session.options.tags ?? [])];
    const start = performance.now();
    counters.loads++;
    try {
      const value = await this.#attempt(flight, job, session);
      const durationMs = performance.now() - start;
      counters.recordLoad(durationMs);
      const result = this.#keep(flight, session, { value, durationMs, entry: options.entry });
      if (events.heard.load) events.emit('load', { key, value: result, durationMs });
      return result;
    } catch (error) {
      const durationMs = performance.now() - start;
      counters.recordLoad(durationMs);
      counters.loadErrors++;
      this.#noteFailure(flight, options, error);
      if (events.heard.loadError) events.emit('loadError', { key, error, durationMs });
      throw error;
    }
  }

  async #attempt(flight: Flight<V>, job: Job<K, V>, session: LoadSession<V, K>): Promise<V | undefined> {
    for (let left = job.options.retries; ; left--) {
      try {
        const value = await job.factory(session);
        return session.skipped ? session.skipped.value : value;
      } catch (error) {
        if (left === 0 || flight.isAborted) throw error;
        session.begin();
      }
    }
  }

  #keep(
    flight: Flight<V>,
    session: LoadSession<V, K>,
    { value, durationMs, entry }: { value: V | undefined; durationMs: number; entry: EntryOptions },
  ): V | undefined {
    if (value === undefined || session.skipped || !flight.isAttached) return value;
    const kept = decided(entry, session.options);
    if (flight.hasLost(kept.tags)) return value;
    this.#failures.delete(session.key);
    return this.#host.keep(session.key, value, kept, durationMs);
  }

  #noteFailure(flight: Flight<V>, { negativeTtl, graceBackoff }: ResolvedLoadOptions, error: unknown): void {
    if (!flight.isAttached || (negativeTtl === 0 && graceBackoff === 0)) return;
    this.#isBusy = true;
    const now = this.#host.now();
    const key = flight.link.key as K;
    const [rejectUntil, backOffUntil] = [now + negativeTtl, now + graceBackoff];
    this.#failures.set(key, { error, rejectUntil, backOffUntil, tags: flight.tags() });
  }

  #giveUp(flight: Flight<V>, hardTimeout: number): void {
    const { key } = flight.link;
    const text = `${this.#host.name}: load: given up after ${PATIENCE} × hardTimeout (${hardTimeout} ms)`;
    if (!flight.isSettled) this.#flights.abandon(flight, new CacheTimeoutError(text, { key }));
  }

  #ownKey(key: unknown): CacheLoadError {
    const text = `${this.#host.name}: a load must not ask, directly or through others, for the key that it loads; got ${describe(key)}`;
    return new CacheLoadError(text, { key });
  }
}
