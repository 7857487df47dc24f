import type { Duration } from '../common/duration.js';
import type { Ttl } from '../common/ttl.js';

/** What may be said about one entry when it is written. What is left out is taken from the cache's own options. */
export interface EntryOptions<V = never, K = never> {
  /**
   * How long it stays fresh, or a function `(value, key) =>` that says so; `Infinity`: for ever, although the cache has a
   * default. The function runs in the thread that has given it.
   */
  ttl?: Ttl<V, K> | undefined;
  /**
   * By how much the TTL is cut at random, so that what was written together does not die together: a share of it below 1
   * (`0.1`, `'10%'`) or a duration (`'30s'`). Default: that of the cache; `0`: not at all.
   */
  ttlJitter?: number | string | undefined;
  /** How long it stays fresh without being read. */
  idleTtl?: Duration | undefined;
  /** How long it is kept, stale, after that, to stand in for loads that fail or are slow. */
  grace?: Duration | undefined;
  /** Its whole charge in bytes: nothing is added. Default: weighed. */
  size?: number | undefined;
  /** What a miss of it costs, in any unit, above 0. Default: by the cache's `cost`. */
  cost?: number | undefined;
  /** Names under which it can be removed together with others. */
  tags?: readonly string[] | undefined;
}

/** What a factory or loader is given. */
export interface LoadContext<V, K = unknown> {
  readonly key: K;
  /** Aborted when nobody waits any longer, when the load is abandoned, and when the cache closes. */
  readonly signal: AbortSignal;
  /** The value that is about to be replaced, stale or being refreshed; `undefined` when there is none. */
  readonly staleValue: V | undefined;
  /** Decides about the entry from what was loaded; wins over what the caller gave. */
  setOptions(options: EntryOptions<V, K>): void;
  /** `return ctx.skip(value)`: answers the callers with it (or `undefined`) and stores nothing. */
  skip(value?: V): V;
  /** Rejects with `reason`, wrapped in a `CacheLoadError` unless it is an error. Within grace, callers get the stale value. */
  fail(reason: unknown): never;
}

/** May yield `undefined`: then nothing is stored, and the callers get `undefined`. `null` caches an absence. */
export type Loaded<V> = V | undefined | PromiseLike<V | undefined>;

/** Of `getOrSet`. */
export type Factory<V, K = unknown> = (context: LoadContext<V, K>) => Loaded<V>;

/** Of `fetch`. */
export type Loader<V, K = unknown> = (key: K, context: LoadContext<V, K>) => Loaded<V>;

/** Options of `getOrSet` and `fetch`. Those that shape the load are those of the caller that starts it. */
export interface GetOrSetOptions<V = never, K = never> extends EntryOptions<V, K> {
  /** A stale value is the answer when the load takes longer than this; `0`: at once. The load goes on. */
  timeout?: Duration | undefined;
  /** Nobody waits longer: the stale value, else a `CacheTimeoutError`. The load goes on, up to three times as long. */
  hardTimeout?: Duration | undefined;
  /** A fresh value that is older than this is the answer, and is loaded anew behind it. */
  refreshAfter?: Duration | undefined;
  /**
   * A fresh value that has lived this share of its TTL (between 0 and 1) is the answer, and is loaded anew behind it: what
   * is in use is replaced before it ends. Default: that of the cache.
   */
  refreshAhead?: number | undefined;
  /** How long a failure is remembered: callers are rejected with it at once. Default: not at all. */
  negativeTtl?: Duration | undefined;
  /** After a failure, how long the stale value is the answer without another attempt. Default: not at all. */
  graceBackoff?: Duration | undefined;
  /** Loads although a fresh value is held. Default: false. */
  forceRefresh?: boolean | undefined;
  /** Ends this caller's wait; when it was the last, the load's `signal` is aborted too. */
  signal?: AbortSignal | undefined;
  /** How many more attempts a failing load gets. Default: 0. */
  retries?: number | undefined;
}
