import type { Duration } from '../common/duration.js';

/** What may be said about one entry when it is written. What is left out is taken from the cache's own options. */
export interface EntryOptions {
  /** How long it stays fresh. `Infinity`: for ever, although the cache has a default. */
  ttl?: Duration | undefined;
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
  setOptions(options: EntryOptions): void;
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
export interface GetOrSetOptions extends EntryOptions {
  /** A stale value is the answer when the load takes longer than this; `0`: at once. The load goes on. */
  timeout?: Duration | undefined;
  /** Nobody waits longer: the stale value, else a `CacheTimeoutError`. The load goes on, up to three times as long. */
  hardTimeout?: Duration | undefined;
  /** A fresh value that is older than this is the answer, and is loaded anew behind it. */
  refreshAfter?: Duration | undefined;
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
