import type { ArenaClient } from '../arena/client.js';
import { looseRecord, toLoose } from '../arena/loose.js';
import type { FlightAnswer, LooseValue, Request } from '../arena/protocol.js';
import { RecordWriter } from '../arena/record-writer.js';
import { foreignToWire } from '../arena/wire-error.js';
import { decodeValue, decodeView, encodeValue } from '../codec/index.js';
import { CacheConfigError, CacheLoadError, describe } from '../common/error.js';
import { hashString } from '../common/hash.js';
import { Link } from '../load/chain.js';
import type { EntryOptions, Factory, GetOrSetOptions } from '../load/context.js';
import { Failures } from '../load/failure.js';
import { Flight } from '../load/flight.js';
import { LoadSession } from '../load/session.js';
import { waitFor } from '../load/wait.js';
import { type ResolvedLoadOptions, resolveLoadOptions } from '../options.js';
import { Lease } from './lease.js';
import type { Reading } from './reading.js';
import type { Terms } from './terms.js';

/** How a value reaches a caller: in place, or as a copy of his own. */
export type As = 'lease' | 'copy';

/** Where the value that a caller has waited for is. */
type Arrival<V> = { slot: number } | { loose: LooseValue } | { own: V | undefined };

interface Job<V> {
  key: string;
  options: ResolvedLoadOptions;
  as: As;
  /** What the keeper is asked. */
  request: Request;
  /** What makes the value, if it is this thread that does. */
  factory: Factory<V, string> | undefined;
}

export interface LoadingHooks<V> {
  preSet(key: string, value: V, options?: EntryOptions): V;
  postGet(key: string, value: V): V;
  onLoadError(key: string, error: unknown): void;
  /** A caller has found the key, or not. */
  onRead(key: string, hit: boolean): void;
}

/**
 * The asynchronous half of reading: what is not there is loaded, once for a key in the whole process. The keeper names
 * a leader; in this thread each caller has a wait of his own, with his own patience.
 */
export class SharedLoading<V> {
  readonly #failures = new Failures<string>();
  /** What somebody of this thread waits for, and how the keeper is told that he does no longer. */
  readonly #running = new Map<Flight<Arrival<V>>, () => void>();
  readonly #client: ArenaClient;

  constructor(
    readonly reading: Reading<V>,
    readonly terms: Terms<V>,
    readonly hooks: LoadingHooks<V>,
  ) {
    this.#client = reading.client;
  }

  /** By a function of this thread. */
  async byFactory(
    key: string,
    factory: Factory<V, string>,
    given: GetOrSetOptions,
    as: As,
  ): Promise<V | Lease<V> | undefined> {
    if (typeof factory !== 'function')
      throw new CacheConfigError(`factory: expected a function; got ${describe(factory)}`);
    const options = resolveLoadOptions(given);
    const { cache, seed } = this.reading.ticket;
    const hash = hashString(key, seed) | 0;
    const { forceRefresh: force, hardTimeout: hardTimeoutMs } = options;
    const { tags = [] } = options.entry;
    const request: Request = { op: 'claim', cache, key, hash, force, hardTimeoutMs, tags };
    return this.#serve({ key, options, as, request, factory });
  }

  /** By a loader of the pool. */
  async byPool(
    loader: string,
    input: unknown,
    key: string,
    given: GetOrSetOptions,
    as: As,
  ): Promise<V | Lease<V> | undefined> {
    const options = resolveLoadOptions(given);
    const { cache, seed } = this.reading.ticket;
    const request: Request = {
      op: 'load',
      cache,
      loader,
      key,
      hash: hashString(key, seed) | 0,
      input,
      terms: this.terms.of(options.entry),
      retries: options.retries,
      force: options.forceRefresh,
      hardTimeoutMs: options.hardTimeout,
    };
    return this.#serve({ key, options, as, request, factory: undefined });
  }

  /** A removal of the key forgets its failure, too. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  forgetTagged(tags: readonly string[]): void {
    this.#failures.deleteTagged(tags);
  }

  forgetAll(): void {
    this.#failures.clear();
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

  async #serve(job: Job<V>): Promise<V | Lease<V> | undefined> {
    const { key, options, as } = job;
    if (options.signal?.aborted) throw options.signal.reason;
    if (options.forceRefresh) {
      this.reading.noteMiss();
      this.hooks.onRead(key, false);
    } else {
      const found = as === 'lease' ? this.reading.acquire(key) : this.reading.get(key);
      this.hooks.onRead(key, found !== undefined);
      if (found !== undefined) {
        if (options.refreshAfter < Number.POSITIVE_INFINITY) this.#refresh(job);
        return this.#seen(key, found);
      }
    }
    const failure = options.forceRefresh ? undefined : this.#failures.get(key, performance.now());
    if (failure !== undefined) {
      const stale = this.#stale(key);
      if (stale !== undefined) return this.#hand(key, stale.value, as);
      if (failure.rejectUntil > performance.now()) throw failure.error;
    }
    const start = performance.now();
    const answer = await this.#await(job);
    this.reading.missLatency.record(performance.now() - start);
    return answer;
  }

  async #await(job: Job<V>): Promise<V | Lease<V> | undefined> {
    const { key, options, as } = job;
    if (Link.isInside(this, key)) throw this.#ownKey(key);
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

  /** Loads anew behind a fresh value that has come of age. */
  #refresh(job: Job<V>): void {
    if (this.reading.age(job.key) <= job.options.refreshAfter || Link.isInside(this, job.key)) return;
    if (this.#failures.get(job.key, performance.now())) return;
    const { flight } = this.#start({ ...job, request: { ...job.request, force: true } as Request });
    flight.promise.then(
      (late) => this.#discard(late),
      (error: unknown) => this.hooks.onLoadError(job.key, error),
    );
  }

  /** Asks the keeper, and leads the flight if it says so. */
  #start(job: Job<V>): { flight: Flight<Arrival<V>>; request: number; led: () => number } {
    const flight = new Flight<Arrival<V>>(this, job.key);
    flight.tags = () => job.options.entry.tags ?? [];
    let led = 0;
    const { id, answer } = this.#client.ask<FlightAnswer>(job.request);
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
            return this.#lead(job, flight, result.flight);
        }
      })
      .then(
        (arrival) => {
          // Ended by `close`, which nobody waits behind.
          if (!this.#running.delete(flight)) this.#discard(arrival);
          flight.resolve(arrival);
        },
        (error: unknown) => {
          this.#running.delete(flight);
          this.#noteFailure(job, error, flight.tags());
          flight.reject(error);
        },
      );
    return { flight, request: id, led: () => led };
  }

  /** Makes the value in this thread, for all who wait for it in the process. */
  async #lead(job: Job<V>, flight: Flight<Arrival<V>>, led: number): Promise<Arrival<V>> {
    const client = this.#client;
    client.cancels.set(led, () =>
      flight.abort(new CacheLoadError('load: nobody waits for it any longer', { key: job.key })),
    );
    try {
      const session = this.#session(flight, job, led);
      const value = await this.#attempt(job, flight, session);
      if (session.skipped || value === undefined) {
        const loose = value === undefined ? undefined : toLoose(encodeValue(value));
        const answer: FlightAnswer = loose === undefined ? { kind: 'skip' } : { kind: 'loose', value: loose };
        await client.request({ op: 'settle', flight: led, answer, rejected: false });
        return { own: value };
      }
      const entry = { ...job.options.entry, ...session.options };
      const kept = this.hooks.preSet(job.key, value, entry);
      await this.#publish(job.key, kept, entry, led);
      return { own: kept };
    } catch (error) {
      await client.request({ op: 'fail', flight: led, error: foreignToWire(error) });
      throw error;
    } finally {
      client.cancels.delete(led);
    }
  }

  async #publish(key: string, value: V, entry: EntryOptions, led: number): Promise<void> {
    const encoded = encodeValue(value);
    const writer = new RecordWriter(this.#client, this.reading.ticket, key, led);
    const published = await writer.publish(encoded, this.terms.of(entry, value, key));
    if (published !== 'refused') return;
    const answer: FlightAnswer = { kind: 'loose', value: toLoose(encoded) };
    await this.#client.request({ op: 'settle', flight: led, answer, rejected: true });
  }

  async #attempt(job: Job<V>, flight: Flight<Arrival<V>>, session: LoadSession<V, string>): Promise<V | undefined> {
    for (let left = job.options.retries; ; left--) {
      try {
        const value = await flight.link.run(() => job.factory!(session));
        return session.skipped ? session.skipped.value : value;
      } catch (error) {
        if (left === 0 || flight.isAborted) throw error;
        session.skipped = undefined;
      }
    }
  }

  #session(flight: Flight<Arrival<V>>, { key, options }: Job<V>, led: number): LoadSession<V, string> {
    const session = new LoadSession<V, string>(flight, key, undefined, (tags) =>
      this.#client.notify({ op: 'tag', flight: led, tags }),
    );
    flight.tags = () => [...(options.entry.tags ?? []), ...(session.options.tags ?? [])];
    // A copy of what may be large, made only for those who look at it.
    Object.defineProperty(session, 'staleValue', { get: () => this.reading.peek(key, true) });
    return session;
  }

  #stale(key: string): { value: Arrival<V> } | undefined {
    const own = this.reading.peek(key, true);
    return own === undefined ? undefined : { value: { own } };
  }

  #hand(key: string, arrival: Arrival<V>, as: As): V | Lease<V> | undefined {
    if ('slot' in arrival) return this.#seen(key, this.reading.held(arrival.slot, as));
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

  #noteFailure({ key, options }: Job<V>, error: unknown, tags: readonly string[]): void {
    const { negativeTtl, graceBackoff } = options;
    if (negativeTtl === 0 && graceBackoff === 0) return;
    const now = performance.now();
    const [rejectUntil, backOffUntil] = [now + negativeTtl, now + graceBackoff];
    this.#failures.set(key, { error, rejectUntil, backOffUntil, tags });
  }

  #ownKey(key: string): CacheLoadError {
    const text = `${this.reading.name}: a load must not ask, directly or through others, for the key that it loads`;
    return new CacheLoadError(text, { key });
  }
}
