/**
 * Why an entry left: for room (`evict`, `pressure`), because its time was over (`expire`: the dead, however they leave),
 * by `delete` and its kin, overwritten or refused (`replace`), or with all others (`clear`).
 */
export type RemovalReason = 'evict' | 'expire' | 'delete' | 'replace' | 'clear' | 'pressure';

/** What every event of an entry carries. */
export interface EntryEvent<K> {
  key: K;
  /** The namespace that the key lives in, where it is not the cache's own. */
  namespace?: string;
}

/** `hit` and `set`. */
export interface ValueEvent<K, V> extends EntryEvent<K> {
  value: V;
  /** Bytes charged for the entry. */
  size: number;
}

/** `delete`, `evict`, `expire` and `clear`: one for each entry that left. */
export interface RemovalEvent<K, V> extends ValueEvent<K, V> {
  reason: RemovalReason;
}

/** `clear` of a cache that held nothing. */
export type EmptyEvent = Partial<Record<keyof RemovalEvent<unknown, unknown>, undefined>>;

/** `load`: a factory or loader has yielded a value. */
export interface LoadEvent<K, V> extends EntryEvent<K> {
  value: V | undefined;
  durationMs: number;
}

/** `loadError`: a factory or loader has failed for good, retries included. */
export interface LoadErrorEvent<K> extends EntryEvent<K> {
  error: unknown;
  durationMs: number;
}

/** `error`: something failed behind the caller's back, such as a listener. */
export interface ErrorEvent {
  error: unknown;
  key?: unknown;
}

/** The events of a cache by name. Every listener gets one object. */
export interface CacheEvents<K, V> {
  hit: ValueEvent<K, V>;
  miss: EntryEvent<K>;
  set: ValueEvent<K, V>;
  delete: RemovalEvent<K, V>;
  evict: RemovalEvent<K, V>;
  expire: RemovalEvent<K, V>;
  clear: RemovalEvent<K, V> | EmptyEvent;
  load: LoadEvent<K, V>;
  loadError: LoadErrorEvent<K>;
  maxSizeExceeded: ValueEvent<K, V>;
  error: ErrorEvent;
}

/** The event that tells of a removal; an overwrite is told by `set`, and by `onEvicted` with the reason `replace`. */
export const REMOVAL_EVENT = {
  evict: 'evict',
  pressure: 'evict',
  expire: 'expire',
  delete: 'delete',
  clear: 'clear',
  replace: undefined,
} as const satisfies Record<RemovalReason, keyof CacheEvents<unknown, unknown> | undefined>;

export const CACHE_EVENTS = [
  'hit',
  'miss',
  'set',
  'delete',
  'evict',
  'expire',
  'clear',
  'load',
  'loadError',
  'maxSizeExceeded',
  'error',
] as const satisfies readonly (keyof CacheEvents<unknown, unknown>)[];
