import type { PoolOptions } from '../shared/options.js';
import type { LocalCacheDefinition, SharedCacheDefinition } from './definition.js';

/**
 * How an option can be written in an environment variable: as a number, a size, a duration or a truth value; as a word;
 * one by one, when it holds others; or not at all.
 */
export type Form = 'scalar' | 'word' | 'nested' | 'code';

type OptionsOf<D> = Record<Exclude<Extract<keyof D, string>, 'kind'>, Form>;

const COMMON = {
  share: 'scalar',
  maxBytes: 'scalar',
  maxEntries: 'scalar',
  maxEntryBytes: 'scalar',
  policy: 'word',
  cost: 'word',
  ttl: 'scalar',
  ttlJitter: 'scalar',
  refreshAhead: 'scalar',
  idleTtl: 'scalar',
  grace: 'scalar',
  sweepInterval: 'scalar',
  onEvicted: 'code',
  weigher: 'code',
} as const;

/** Every option that a `local` cache may have in a configuration. What each may hold is checked by `resolveCacheOptions`. */
export const LOCAL_OPTIONS = {
  ...COMMON,
  loader: 'word',
  copy: 'scalar',
  clock: 'code',
} as const satisfies OptionsOf<LocalCacheDefinition>;

/** Every option that a `shared` cache may have in a configuration. What each may hold is checked by `resolveSharedOptions`. */
export const SHARED_OPTIONS = {
  ...COMMON,
  loaders: 'nested',
  defaultLoader: 'word',
  pool: 'nested',
  reserveTimeout: 'scalar',
} as const satisfies OptionsOf<SharedCacheDefinition>;

export const POOL_OPTIONS = {
  minThreads: 'scalar',
  maxThreads: 'scalar',
  idleTimeout: 'scalar',
  maxQueue: 'scalar',
  resourceLimits: 'code',
  execArgv: 'code',
  env: 'code',
} as const satisfies Record<keyof PoolOptions, Form>;

export const KINDS = ['shared', 'local'] as const;

/** The options of a definition, by its kind; of both kinds when it has none. */
export function optionsOf(definition: Record<string, unknown>): Readonly<Record<string, Form>> {
  if (definition['kind'] === 'local') return LOCAL_OPTIONS;
  return definition['kind'] === 'shared' ? SHARED_OPTIONS : { ...LOCAL_OPTIONS, ...SHARED_OPTIONS };
}

/** An object that was written as one: no array, no function, no null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
