import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TransferListItem } from 'node:worker_threads';
import type { CacheConfig, PoolConfig } from '../arena/protocol.js';
import { formatBytes } from '../common/bytes.js';
import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, CacheKeyError, describe } from '../common/error.js';
import { usableMemory } from '../common/memory.js';
import type { EntryOptions, GetOrSetOptions, Loaded } from '../load/context.js';
import type { LoaderContext } from '../load/define-loader.js';
import { moduleHooks } from '../load/module-hooks.js';
import { isPool, type OwnPool } from '../load/own-pool.js';
import {
  COMMON_NAMES,
  type CommonOptions,
  namesOf,
  type ONLY_OF_CACHE,
  ONLY_OF_SHARED_CACHE,
  oneOf,
  optionalFunction,
  POLICY_NAMES,
  resolveCommonOptions,
} from '../options.js';
import type { PolicyName } from '../policy/policy.js';
import type { RemovalReason } from '../stats/event.js';
import type { TurnOptions } from '../transaction/session.js';

/** What a listener of removals is told beside the key: the bytes are gone by then. */
export interface RemovalInfo {
  /** Bytes that were charged. */
  size: number;
  /** The namespace that the key lived in, where it was not the cache's own. */
  namespace?: string;
}

/** A listener of removals. */
export type OnEvicted = (key: string, info: RemovalInfo, reason: RemovalReason) => void | Promise<void>;

/** Options of the pool that runs loaders, by piscina's own names. Caches with equal options share a pool. */
export interface PoolOptions {
  /** Threads kept ready. Default: 0. */
  minThreads?: number;
  /** Threads at most. Default: one less than there are cores, at least 1. */
  maxThreads?: number;
  /** ms before a thread that has nothing to do ends. Default: 10 000. */
  idleTimeout?: number;
  /** Loads that may wait for a thread; beyond, they fail. `'auto'`: the square of `maxThreads`. Default: no bound. */
  maxQueue?: number | 'auto';
  /** Limits of each thread, as of `node:worker_threads`: a loader that passes them fails, and its thread is replaced. */
  resourceLimits?: NonNullable<PoolConfig['resourceLimits']>;
  /** Command line options of the threads. Default: those of this thread that say how modules are imported (`--import`, …). */
  execArgv?: string[];
  /** Environment of the threads. */
  env?: Record<string, string>;
}

/** Options of `SharedCache.create`. */
export interface SharedCacheOptions<V> extends Omit<CommonOptions<string, V>, 'name'> {
  /**
   * The whole charge of an entry in bytes; but never less than it takes in shared memory, and in steps of 64. Runs in the
   * thread that has created the cache, for what is written there. Default: what it takes.
   */
  weigher?: ((value: V, key: string) => number) | undefined;
  /** By which any thread of the process attaches. Required. */
  name: string;
  /**
   * Who goes when room is needed: a name, or the URL of a module, which runs in the keeper's thread. Its default export is a
   * class that implements `Policy`, or a function that returns one. Default: `'auto'`.
   */
  policy?: PolicyName | URL | `${string}:${string}` | undefined;
  /** Modules that export a loader, by name: run in the pool, for every thread. */
  loaders?: Record<string, URL | string> | undefined;
  /** What `fetch` loads with. Default: the only loader there is. */
  defaultLoader?: string | undefined;
  /**
   * How many threads run the loaders, and how; or a Piscina of one's own, which runs them beside its own tasks as long as
   * the thread lives that creates the cache.
   */
  pool?: PoolOptions | OwnPool | undefined;
  /** How long a write, or a loader, waits for bytes that are leased before it does without. Default: 1 s. */
  reserveTimeout?: Duration | undefined;
  /** Told each removal exactly once, in the creating thread. What it throws becomes an `error` event. */
  onEvicted?: OnEvicted | undefined;
}

/** Those that stay in the thread that gives them. */
export type ThreadOptions<V> = Pick<SharedCacheOptions<V>, 'onEvicted' | 'cost' | 'ttl' | 'weigher'>;

/** What another thread needs to attach, for `workerData` and `postMessage`. */
export interface SharedCacheHandle {
  readonly name: string;
  /** The thread of the keeper. */
  readonly keeper: number;
}

export interface AttachOptions {
  /** How long to wait for a cache that has not been created yet. Default: 5 s. */
  timeout?: Duration;
  /** As in the options of the cache: told each removal exactly once, in this thread too. */
  onEvicted?: OnEvicted | undefined;
}

/** Options of `set` and `reserve`. */
export interface SharedSetOptions extends EntryOptions {
  /** Hands the value's ArrayBuffers over: they are detached in the caller's thread at once. Default: false. */
  transfer?: boolean;
}

/** Options of `update`. */
export interface SharedUpdateOptions extends SharedSetOptions, TurnOptions {}

/** Options of `load` and `acquireOrLoad`. */
export interface LoadOptions extends GetOrSetOptions {
  /** The key to store under. Default: `keyOf(name, input)`. */
  key?: string;
  /**
   * Which loads of the pool go first when threads are short: those of higher priority, and among equals who came first. A
   * load has the highest of those who wait for it. Default: 0.
   */
  priority?: number;
  /**
   * Hands over what is in the input, instead of cloning it: `true` for the ArrayBuffers that it holds as a whole, or a
   * list of what is to be handed over (ports, streams, …). It is gone as soon as the pool is asked; after a hit it is
   * still there. Not with `retries`, since an input that was handed over is there once. Default: false.
   */
  transfer?: boolean | readonly TransferListItem[];
}

/** A loader that is a function: it runs in the thread that calls `load`, in whose own memory `allocate` gives bytes. */
export type LocalLoader<V> = (input: never, context: LoaderContext<V>) => Loaded<V>;

/** Options of `Cache` alone, and what there is in a `SharedCache`. */
const NOT_SHARED = {
  clock: 'the threads of a SharedCache go by the clock of the process',
  copy: 'a SharedCache gives copies by get, and bytes in place by acquire',
  loader: 'a SharedCache has loaders, modules by name, and registerLoader for functions',
} satisfies Record<keyof typeof ONLY_OF_CACHE, string>;

const SHARED_NAMES = namesOf<SharedCacheOptions<unknown>>({
  ...COMMON_NAMES,
  ...ONLY_OF_SHARED_CACHE,
  policy: 0,
  onEvicted: 0,
});

/** @throws CacheConfigError for anything out of range or of the wrong type. */
export function resolveSharedOptions<V>(options: SharedCacheOptions<V>): CacheConfig {
  const common = resolveCommonOptions<string, V>(options, SHARED_NAMES);
  for (const [other, instead] of Object.entries(NOT_SHARED)) {
    if (other in options) throw new CacheConfigError(`${other}: is an option of Cache; ${instead}`);
  }
  const { policy = 'auto', loaders = {}, defaultLoader, reserveTimeout = 1000 } = options;
  if (typeof options.name !== 'string' || options.name === '') {
    throw new CacheConfigError(`name: expected a non-empty string; got ${describe(options.name)}`);
  }
  optionalFunction(options.onEvicted, 'onEvicted');
  if (loaders === null || typeof loaders !== 'object' || Array.isArray(loaders)) {
    throw new CacheConfigError(`loaders: expected an object of module URLs by name; got ${describe(loaders)}`);
  }
  const urls = Object.fromEntries(Object.entries(loaders).map(([name, url]) => [name, resolveLoaderUrl(name, url)]));
  if (defaultLoader !== undefined && !Object.hasOwn(urls, defaultLoader)) {
    const known = Object.keys(urls).map((name) => `'${name}'`);
    throw new CacheConfigError(
      `defaultLoader: expected one of the loaders (${known.join(', ') || 'none'}); got ${describe(defaultLoader)}`,
    );
  }
  return {
    name: options.name,
    maxBytes: boundedByMemory(common.maxBytes),
    maxEntries: common.maxEntries,
    maxEntryBytes: common.maxEntryBytes,
    policy: resolvePolicy(policy),
    cost: typeof common.cost === 'function' ? 'requests' : common.cost,
    functions: { cost: typeof common.cost === 'function', ttl: common.ttlOf !== undefined },
    ttlMs: common.ttl,
    ttlJitter: common.ttlJitter,
    refreshAhead: common.refreshAhead,
    idleMs: common.idleTtl,
    graceMs: common.grace,
    ...(common.sweepInterval !== undefined && { sweepMs: common.sweepInterval }),
    reserveTimeoutMs: parseDuration(reserveTimeout, 'reserveTimeout'),
    loaders: urls,
    defaultLoader,
    pool: isPool(options.pool) ? { own: true } : resolvePool(options.pool),
  };
}

/** A budget of shared memory that the machine does not have would only be found out by the kernel. */
export function boundedByMemory(maxBytes: number): number {
  const usable = usableMemory();
  if (maxBytes <= usable) return maxBytes;
  throw new CacheConfigError(
    `maxBytes: expected at most the ${formatBytes(usable)} that this process may use; got ${formatBytes(maxBytes)}`,
  );
}

/** What a URL begins with, and no path. */
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

function resolvePolicy(policy: unknown): string {
  const isModule = policy instanceof URL || (typeof policy === 'string' && SCHEME.test(policy));
  return isModule ? resolveModule('policy', policy) : oneOf(policy, POLICY_NAMES, 'policy', ' or the URL of a module');
}

/** @throws CacheConfigError for what is no URL or path, and for a file that does not exist. */
export function resolveLoaderUrl(name: string, url: unknown): string {
  return resolveModule(`loader '${name}'`, url);
}

function resolveModule(what: string, url: unknown): string {
  let href: string | undefined;
  if (url instanceof URL) href = url.href;
  else if (typeof url === 'string' && url !== '') href = SCHEME.test(url) ? url : pathToFileURL(url).href;
  if (href === undefined) {
    throw new CacheConfigError(`${what}: expected the URL of a module; got ${describe(url)}`);
  }
  if (href.startsWith('file:') && !existsSync(fileURLToPath(href))) {
    throw new CacheConfigError(`${what}: expected the URL of a module; there is no file ${fileURLToPath(href)}`);
  }
  return href;
}

/** @throws CacheKeyError for anything but a non-empty string of a length that a request can carry. */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH) return;
  const got = typeof key === 'string' && key !== '' ? `one of ${key.length} characters` : describe(key);
  throw new CacheKeyError(`key: expected a non-empty string of at most ${MAX_KEY_LENGTH} characters; got ${got}`, {
    key,
  });
}

const MAX_KEY_LENGTH = 65_536;

function resolvePool(pool: PoolOptions = {}): PoolConfig {
  if (pool === null || typeof pool !== 'object') {
    throw new CacheConfigError(`pool: expected an object of piscina's options; got ${describe(pool)}`);
  }
  const { minThreads, maxThreads, idleTimeout, maxQueue, resourceLimits, execArgv, env } = pool;
  const config: PoolConfig = {};
  if (minThreads !== undefined) config.minThreads = whole(minThreads, 'pool.minThreads', 0);
  if (maxThreads !== undefined) config.maxThreads = whole(maxThreads, 'pool.maxThreads', 1);
  if ((minThreads ?? 0) > (maxThreads ?? Number.POSITIVE_INFINITY)) {
    throw new CacheConfigError(`pool.minThreads: expected at most maxThreads (${maxThreads}); got ${minThreads}`);
  }
  if (idleTimeout !== undefined) config.idleTimeout = whole(idleTimeout, 'pool.idleTimeout', 0);
  if (maxQueue !== undefined) config.maxQueue = maxQueue === 'auto' ? 'auto' : whole(maxQueue, 'pool.maxQueue', 0);
  if (resourceLimits !== undefined) config.resourceLimits = limitsOf(resourceLimits);
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every((option) => typeof option === 'string'))) {
    throw new CacheConfigError(`pool.execArgv: expected an array of strings; got ${describe(execArgv)}`);
  }
  config.execArgv = execArgv ?? moduleHooks(process.execArgv);
  if (env !== undefined) config.env = environmentOf(env);
  return config;
}

function limitsOf(limits: NonNullable<PoolConfig['resourceLimits']>) {
  const known = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'];
  const isLimit = ([name, value]: [string, unknown]) => known.includes(name) && typeof value === 'number' && value > 0;
  if (typeof limits === 'object' && limits !== null && Object.entries(limits).every(isLimit)) return limits;
  const expected = `an object of numbers above 0 (${known.join(', ')})`;
  throw new CacheConfigError(`pool.resourceLimits: expected ${expected}; got ${describe(limits)}`);
}

function environmentOf(env: Record<string, string>): Record<string, string> {
  const isText = (value: unknown) => typeof value === 'string';
  if (typeof env === 'object' && env !== null && !Array.isArray(env) && Object.values(env).every(isText)) return env;
  throw new CacheConfigError(`pool.env: expected an object of strings; got ${describe(env)}`);
}

function whole(value: unknown, name: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new CacheConfigError(`${name}: expected a whole number, ${least} or more; got ${describe(value)}`);
}
