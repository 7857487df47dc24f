import type { Bytes } from '../common/bytes.js';
import type { Duration } from '../common/duration.js';
import type { LoadContext, Loader } from '../load/context.js';
import type { CacheOptions, CostName } from '../options.js';
import type { Policy, PolicyName } from '../policy/policy.js';
import type { LocalLoader, PoolOptions, SharedCacheOptions } from '../shared/options.js';

/** Carries the types of a cache through its definition; never there at run time. */
declare const TYPES: unique symbol;

/** What a cache may hold: one of the two. */
interface BudgetDefinition {
  /** A fraction of the whole budget (the `maxBytes` beside `caches`): above 0, at most 1. */
  share?: number | undefined;
  /** A budget of its own, within the whole one. `%` is of the memory; for a `local` cache at most of V8's heap limit. */
  maxBytes?: Bytes | undefined;
}

/**
 * A `Cache` of the thread that creates it, its keys strings. Its options are those of `Cache`; its name is the one it has in
 * `caches`.
 */
export interface LocalCacheDefinition<V = unknown>
  extends BudgetDefinition,
    Omit<CacheOptions<string, V>, 'maxBytes' | 'name' | 'loader'> {
  kind: 'local';
  /** What `fetch` loads with: a function, or a module whose default export is one (its path, relative to the file). */
  loader?: Loader<V, string> | URL | string | undefined;
  readonly [TYPES]?: V;
}

/** A `SharedCache`. Its options are those of `SharedCache.create`; its name is the one it has in `caches`. */
export interface SharedCacheDefinition<V = unknown>
  extends BudgetDefinition,
    Omit<SharedCacheOptions<V>, 'maxBytes' | 'name' | 'loaders' | 'pool'> {
  kind: 'shared';
  /** The pool that runs the loaders: its options, by piscina's own names. */
  pool?: PoolOptions | undefined;
  /** Modules (paths relative to the file, or URLs), which the pool runs, and functions, which the calling thread runs. */
  loaders?: Record<string, URL | string | LocalLoader<V>> | undefined;
  readonly [TYPES]?: V;
}

/** A function whose parameters may be narrower than those that are named here. */
type Callback<F extends (...args: never[]) => unknown> = { call(...args: Parameters<F>): ReturnType<F> }['call'];

/** What both kinds have in common where values are of any type. */
interface AnyCallbacks {
  cost?: CostName | Callback<(value: unknown, key: string) => number> | undefined;
  ttl?: Duration | Callback<(value: unknown, key: string) => Duration> | undefined;
}

interface AnyLocalDefinition
  extends AnyCallbacks,
    Omit<LocalCacheDefinition, 'cost' | 'ttl' | 'weigher' | 'loader' | 'onEvicted' | 'policy' | typeof TYPES> {
  policy?: PolicyName | Policy | undefined;
  weigher?: Callback<(value: unknown, key: string) => number> | undefined;
  loader?: Callback<(key: string, context: LoadContext<unknown, string>) => unknown> | URL | string | undefined;
  onEvicted?: Callback<(key: string, value: unknown, reason: never) => unknown> | undefined;
  readonly [TYPES]?: unknown;
}

interface AnySharedDefinition
  extends AnyCallbacks,
    Omit<SharedCacheDefinition, 'cost' | 'ttl' | 'weigher' | 'loaders' | typeof TYPES> {
  weigher?: Callback<(value: unknown, key: string) => number> | undefined;
  loaders?:
    | Record<string, URL | string | Callback<(input: unknown, context: LoadContext<unknown, string>) => unknown>>
    | undefined;
  readonly [TYPES]?: unknown;
}

/** What only the other kind has. */
type Without<Other, Own> = { [Name in Exclude<keyof Other, keyof Own>]?: undefined };

export type CacheDefinition =
  | (AnyLocalDefinition & Without<AnySharedDefinition, AnyLocalDefinition>)
  | (AnySharedDefinition & Without<AnyLocalDefinition, AnySharedDefinition>);

/** The caches of a program and the budget that they share, as `cachalot.config.{json,js,ts}` holds them. */
export interface CachalotConfig {
  /** Where editors find the schema of the file; ignored. */
  $schema?: string | undefined;
  /** The whole budget: what all caches may hold together. Required when a cache has a `share`. */
  maxBytes?: Bytes | undefined;
  /** By name. */
  caches: Readonly<Record<string, CacheDefinition>>;
}

/** The values of a definition: as annotated, else of a local loader, else of anything. */
export type ValueOf<D> = typeof TYPES extends keyof D
  ? D extends { readonly [TYPES]?: infer V }
    ? V
    : unknown
  : D extends { kind: 'local'; loader: (key: never, ...rest: never[]) => infer R }
    ? NonNullable<Awaited<R>>
    : unknown;

type Unknown<T, Known extends PropertyKey> = { [Name in Exclude<keyof T, Known>]: never };

/** A configuration without options that do not exist: a type parameter alone takes any. */
export type Exact<C extends CachalotConfig> = C &
  Unknown<C, keyof CachalotConfig> & {
    caches: { [N in keyof C['caches']]: Unknown<C['caches'][N], keyof AnyLocalDefinition | keyof AnySharedDefinition> };
  };

/**
 * A configuration, as it is: for its types. The names of the caches and their kinds are known to what `createCaches`
 * makes of it.
 */
export function defineConfig<const C extends CachalotConfig>(config: Exact<C>): C {
  return config;
}
