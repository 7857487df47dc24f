/**
 * Every option of every cache: what it means, its unit, default and range, and the one function that validates it.
 * A mistake is a `CacheConfigError` that names the option, what was expected and what came.
 */
import { type Bytes, parseBytes } from './common/bytes.js';
import { type Clock, monotonicClock } from './common/clock.js';
import { type Duration, parseDuration } from './common/duration.js';
import { CacheConfigError, describe } from './common/error.js';
import { parseTags } from './common/tags.js';
import { parseJitter, parseShare, parseTtl, type Ttl, type TtlFunction } from './common/ttl.js';
import { watchSpelling } from './load/call-options.js';
import type { EntryOptions, GetOrSetOptions, Loader } from './load/context.js';
import { checkPolicy } from './policy/module.js';
import type { Policy, PolicyName } from './policy/policy.js';
import type { RemovalReason } from './stats/event.js';
import { warnOfMisspelt } from './stats/warn.js';

/** What a miss costs: one request, its bytes, the root of its bytes, or the time that its load has taken. */
export type CostName = 'requests' | 'bytes' | 'balanced' | 'measured';

export type CostFunction<K, V> = (value: V, key: K) => number;

/** Options that every kind of cache takes. */
export interface CommonOptions<K, V> {
  /** Bytes that may be held: keys, values and what each entry costs besides. Required. */
  maxBytes: Bytes;
  /** Entries that may be held, a second bound; above 0. Default: `Infinity`, no bound. */
  maxEntries?: number | undefined;
  /** The largest charge of one entry; a bigger one is refused, the others stay. Default: `maxBytes`, also after `resize`. */
  maxEntryBytes?: Bytes | undefined;
  /** What a miss on an entry costs its owner, for the policies that weigh cost against bytes. Default: `'requests'`. */
  cost?: CostName | CostFunction<K, V> | undefined;
  /** The whole charge of an entry in bytes, above 0: nothing is added. Default: key + value + overhead, estimated. */
  weigher?: ((value: V, key: K) => number) | undefined;
  /** How long an entry is fresh, or a function `(value, key) =>` that says so for each. Default: `Infinity`. */
  ttl?: Ttl<V, K> | undefined;
  /**
   * By how much each TTL is cut at random, so that what was written together does not die together: a share of it below 1
   * (`0.1`, `'10%'`) or a duration (`'30s'`). Default: 0, not at all.
   */
  ttlJitter?: number | string | undefined;
  /**
   * The share of its TTL (between 0 and 1) after which a fresh value that `getOrSet`, `fetch` or `load` hits is loaded anew
   * behind the answer. Default: never.
   */
  refreshAhead?: number | undefined;
  /** How long an entry is fresh without being read. Default: `Infinity`. */
  idleTtl?: Duration | undefined;
  /** How long a stale entry is kept to stand in for loads that fail or are slow. Default: not at all. */
  grace?: Duration | undefined;
  /**
   * Time between two background sweeps of the dead; `Infinity`: none. Default: when entries die, in a `Cache` at most twenty
   * times a second.
   */
  sweepInterval?: Duration | undefined;
  /** Stands for the cache in errors, warnings and metrics. Default: `'cache'`. */
  name?: string | undefined;
}

/** Options of `Cache`. */
export interface CacheOptions<K, V> extends CommonOptions<K, V> {
  /** Who goes when room is needed: a name, or an object of your own. Default: `'auto'`. */
  policy?: PolicyName | Policy | undefined;
  /** What `fetch` loads with. */
  loader?: Loader<V, K> | undefined;
  /** Told each removal exactly once, after the cache is consistent again. What it throws becomes an `error` event. */
  onEvicted?: ((key: K, value: V, reason: RemovalReason) => void | Promise<void>) | undefined;
  /** Whether values are stored and handed out as structured clones. Default: false, by reference. */
  copy?: boolean | undefined;
  /** A monotonic clock in milliseconds, for expiry. Default: the process's own. */
  clock?: Clock | undefined;
}

/** The common options, checked, in bytes and milliseconds. */
export interface ResolvedCommonOptions<K, V> {
  maxBytes: number;
  maxEntries: number;
  /** `undefined`: follows `maxBytes`. */
  maxEntryBytes: number | undefined;
  cost: CostName | CostFunction<K, V>;
  weigher: ((value: V, key: K) => number) | undefined;
  /** `Infinity` when `ttlOf` says it. */
  ttl: number;
  ttlOf: TtlFunction<V, K> | undefined;
  /** Below 1 a share of the TTL, else ms. */
  ttlJitter: number;
  /** `Infinity`: never. */
  refreshAhead: number;
  idleTtl: number;
  grace: number;
  /** `undefined`: by need. */
  sweepInterval: number | undefined;
  name: string;
}

export interface ResolvedCacheOptions<K, V> extends ResolvedCommonOptions<K, V> {
  policy: PolicyName | Policy;
  loader: Loader<V, K> | undefined;
  onEvicted: ((key: K, value: V, reason: RemovalReason) => void | Promise<void>) | undefined;
  copy: boolean;
  clock: Clock;
  /** Whether `clock` is ours, so that a reading may be used again within one turn of the event loop. */
  ownClock: boolean;
}

export const POLICY_NAMES = ['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const satisfies readonly PolicyName[];
const COST_NAMES = ['requests', 'bytes', 'balanced', 'measured'] as const satisfies readonly CostName[];

/** @throws CacheConfigError for anything out of range or of the wrong type. */
export function resolveCommonOptions<K, V>(
  options: CommonOptions<K, V>,
  names: readonly string[],
): ResolvedCommonOptions<K, V> {
  if (options === null || typeof options !== 'object') {
    throw new CacheConfigError(`options: expected an object with maxBytes; got ${describe(options)}`);
  }
  for (const given of Object.keys(options)) {
    if (names.includes(given) || given in ONLY_OF_CACHE || given in ONLY_OF_SHARED_CACHE) continue;
    warnOfMisspelt(given, 'a cache', names);
  }
  const { maxEntryBytes, sweepInterval, cost = 'requests', name = 'cache', ttl, ttlJitter = 0 } = options;
  const never = Number.POSITIVE_INFINITY;
  return {
    maxBytes: parseBytes(options.maxBytes, 'maxBytes'),
    maxEntries: resolveMaxEntries(options.maxEntries),
    maxEntryBytes: maxEntryBytes === undefined ? undefined : parseBytes(maxEntryBytes, 'maxEntryBytes'),
    cost: typeof cost === 'function' ? cost : oneOf(cost, COST_NAMES, 'cost', ' or a function'),
    weigher: optionalFunction(options.weigher, 'weigher'),
    ttl: (ttl === undefined ? undefined : parseTtl(ttl)) ?? never,
    ttlOf: typeof ttl === 'function' ? ttl : undefined,
    ttlJitter: parseJitter(ttlJitter),
    refreshAhead: parseShare(options.refreshAhead, 'refreshAhead'),
    idleTtl: durationOr(options.idleTtl, 'idleTtl', never),
    grace: durationOr(options.grace, 'grace', 0),
    sweepInterval: sweepInterval === undefined ? undefined : parseDuration(sweepInterval, 'sweepInterval'),
    name: resolveName(name),
  };
}

/** Names of options: one that is missing, or is none, does not compile. */
export const namesOf = <Options>(names: Record<keyof Options, number>): readonly string[] => Object.keys(names);

export const COMMON_NAMES = {
  ...{ maxBytes: 0, maxEntries: 0, maxEntryBytes: 0, cost: 0, weigher: 0, ttl: 0, ttlJitter: 0, refreshAhead: 0 },
  ...{ idleTtl: 0, grace: 0, sweepInterval: 0, name: 0 },
} satisfies Record<keyof CommonOptions<unknown, unknown>, number>;

/** Options of one kind of cache that the other does not have: whoever gives the same to both is not warned of them. */
export const ONLY_OF_CACHE = { loader: 0, copy: 0, clock: 0 };
export const ONLY_OF_SHARED_CACHE = { loaders: 0, defaultLoader: 0, pool: 0, reserveTimeout: 0 };

const CACHE_NAMES = namesOf<CacheOptions<unknown, unknown>>({
  ...COMMON_NAMES,
  ...ONLY_OF_CACHE,
  policy: 0,
  onEvicted: 0,
});

/** @throws CacheConfigError for anything out of range or of the wrong type. */
export function resolveCacheOptions<K, V>(options: CacheOptions<K, V>): ResolvedCacheOptions<K, V> {
  const common = resolveCommonOptions(options, CACHE_NAMES);
  const { policy = 'auto', copy = false, clock = monotonicClock } = options;
  if (typeof copy !== 'boolean') throw new CacheConfigError(`copy: expected true or false; got ${describe(copy)}`);
  if (typeof clock?.now !== 'function') {
    throw new CacheConfigError(`clock: expected an object with now(): number; got ${describe(clock)}`);
  }
  return {
    ...common,
    policy: resolvePolicy(policy),
    loader: optionalFunction(options.loader, 'loader'),
    onEvicted: optionalFunction(options.onEvicted, 'onEvicted'),
    copy,
    clock,
    ownClock: clock === monotonicClock,
  };
}

/** `EntryOptions`, checked; what was not given is `undefined`. */
export interface ResolvedEntryOptions {
  /** `undefined` also for a function, when no value was given to ask it about. */
  ttl: number | undefined;
  ttlJitter: number | undefined;
  idleTtl: number | undefined;
  grace: number | undefined;
  size: number | undefined;
  cost: number | undefined;
  tags: readonly string[] | undefined;
}

/**
 * With a value and its key, what a function of the TTL says about them.
 *
 * @throws CacheConfigError for anything out of range or of the wrong type.
 */
export function resolveEntryOptions(options: EntryOptions, value?: unknown, key?: unknown): ResolvedEntryOptions {
  if (options === null || typeof options !== 'object') {
    throw new CacheConfigError(`options: expected an object; got ${describe(options)}`);
  }
  watchSpelling(options);
  const { ttl, ttlJitter, idleTtl, grace, size, cost, tags } = options;
  return {
    ttl: ttl === undefined ? undefined : parseTtl(ttl, value === undefined ? undefined : { value, key }),
    ttlJitter: ttlJitter === undefined ? undefined : parseJitter(ttlJitter),
    idleTtl: idleTtl === undefined ? undefined : parseDuration(idleTtl, 'idleTtl'),
    grace: grace === undefined ? undefined : parseDuration(grace, 'grace'),
    size: size === undefined ? undefined : Math.ceil(positive(size, 'size')),
    cost: cost === undefined ? undefined : positive(cost, 'cost'),
    tags: tags === undefined ? undefined : parseTags(tags),
  };
}

/** How a caller of `getOrSet` wants to be served; in ms, `Infinity` for what never happens. */
export interface ResolvedLoadOptions {
  timeout: number;
  hardTimeout: number;
  refreshAfter: number;
  /** A share of the TTL. */
  refreshAhead: number;
  negativeTtl: number;
  graceBackoff: number;
  forceRefresh: boolean;
  signal: AbortSignal | undefined;
  retries: number;
  /** What concerns the entry, checked when it is written. */
  entry: EntryOptions;
}

/**
 * `refreshAhead` is the cache's own.
 *
 * @throws CacheConfigError for anything out of range or of the wrong type.
 */
export function resolveLoadOptions(options: GetOrSetOptions, refreshAhead?: number): ResolvedLoadOptions {
  const entry = resolveEntryOptions(options);
  const { timeout, signal, retries = 0, forceRefresh = false } = options;
  if (!Number.isSafeInteger(retries) || retries < 0) {
    throw new CacheConfigError(`retries: expected a whole number, 0 or more; got ${describe(retries)}`);
  }
  if (typeof forceRefresh !== 'boolean') {
    throw new CacheConfigError(`forceRefresh: expected true or false; got ${describe(forceRefresh)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new CacheConfigError(`signal: expected an AbortSignal; got ${describe(signal)}`);
  }
  const never = Number.POSITIVE_INFINITY;
  return {
    timeout: timeout === undefined ? never : parseDuration(timeout, 'timeout', { zero: true }),
    hardTimeout: durationOr(options.hardTimeout, 'hardTimeout', never),
    refreshAfter: durationOr(options.refreshAfter, 'refreshAfter', never),
    refreshAhead:
      options.refreshAhead === undefined && refreshAhead
        ? refreshAhead
        : parseShare(options.refreshAhead, 'refreshAhead'),
    negativeTtl: durationOr(options.negativeTtl, 'negativeTtl', 0),
    graceBackoff: durationOr(options.graceBackoff, 'graceBackoff', 0),
    forceRefresh,
    signal,
    retries,
    // A function stays to be asked: about a value that is not there yet.
    entry: typeof options.ttl === 'function' ? { ...entry, ttl: options.ttl } : entry,
  };
}

/** A function, or `undefined` when there is none. */
export function optionalFunction<F>(value: F | undefined, name: string): F | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw new CacheConfigError(`${name}: expected a function; got ${describe(value)}`);
}

/** A duration in ms, or `fallback` when none is given. */
function durationOr(value: Duration | undefined, name: string, fallback: number): number {
  return value === undefined ? fallback : parseDuration(value, name);
}

/** The value, when it is one of those allowed. */
export function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string, also = ''): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const list = allowed.map((candidate) => `'${candidate}'`).join(', ');
  throw new CacheConfigError(`${name}: expected one of ${list}${also}; got ${describe(value)}`);
}

function positive(value: unknown, name: string): number {
  if (typeof value === 'number' && value > 0 && value <= Number.MAX_SAFE_INTEGER) return value;
  throw new CacheConfigError(`${name}: expected a number above 0; got ${describe(value)}`);
}

function resolveMaxEntries(value: number | undefined): number {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new CacheConfigError(`maxEntries: expected a whole number above 0, or Infinity; got ${describe(value)}`);
}

function resolveName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new CacheConfigError(`name: expected a non-empty string; got ${describe(name)}`);
}

function resolvePolicy(policy: unknown): PolicyName | Policy {
  if (policy === null || typeof policy !== 'object') {
    return oneOf(policy, POLICY_NAMES, 'policy', ' or an object that implements Policy');
  }
  return checkPolicy(policy);
}
