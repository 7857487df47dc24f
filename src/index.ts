/** The public list. */

export type { CacheDump, DumpEntry } from './cache/dump.js';
export { Cache } from './cache.js';
export { type CachedOptions, cached } from './cached.js';
export { type CachesOf, createCaches } from './caches.js';
export type { Bytes } from './common/bytes.js';
export { keyOf } from './common/canonical-key.js';
export type { Clock } from './common/clock.js';
export type { Duration } from './common/duration.js';
export {
  CacheClosedError,
  CacheConfigError,
  CacheConnectionError,
  CacheCorruptionError,
  CacheError,
  CacheKeyError,
  CacheLoadError,
  CacheSerializationError,
  CacheTimeoutError,
  type ConfigIssue,
} from './common/error.js';
export type { Ttl, TtlFunction } from './common/ttl.js';
export type { CachesControl } from './config/control.js';
export {
  type CachalotConfig,
  type CacheDefinition,
  defineConfig,
  type LocalCacheDefinition,
  type SharedCacheDefinition,
} from './config/definition.js';
export { type LoadConfigOptions, loadConfig } from './config/load.js';
export type { EntryOptions, Factory, GetOrSetOptions, LoadContext, Loaded, Loader } from './load/context.js';
export { defineLoader, type LoaderContext, type LoaderFunction } from './load/define-loader.js';
export type { OwnPool } from './load/own-pool.js';
export type { LoadTrace } from './load/tracing.js';
export type { WarmOptions, WarmOutcome, WarmProgress, WarmSummary } from './load/warm.js';
export { type CachedDecorator, type MethodMemo, memoOf } from './memo/decorate.js';
export type { Memoized, MemoOptions } from './memo/memoize.js';
export type { CacheOptions, CostFunction, CostName } from './options.js';
export type { Policy, PolicyName } from './policy/policy.js';
export type { SharedEvent, SharedEvents } from './shared/events.js';
export type { Lease } from './shared/lease.js';
export type {
  AttachOptions,
  LoadOptions,
  LocalLoader,
  PoolOptions,
  RemovalInfo,
  SharedCacheHandle,
  SharedCacheOptions,
  SharedSetOptions,
  SharedUpdateOptions,
} from './shared/options.js';
export type { Reservation } from './shared/reservation.js';
export { SharedCache } from './shared-cache.js';
export type { Advice } from './stats/advice.js';
export type { CacheStats } from './stats/cache-stats.js';
export type { Listener } from './stats/emitter.js';
export type { EntryInfo } from './stats/entry-info.js';
export type { CacheEvents, RemovalReason } from './stats/event.js';
export type { LatencySummary } from './stats/histogram.js';
export type { StatsSnapshot } from './stats/snapshot.js';
export type { Transaction, TransactionFunction, TurnOptions } from './transaction/session.js';
