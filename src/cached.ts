import { Cache } from './cache.js';
import type { Bytes } from './common/bytes.js';
import { CacheConfigError, describe } from './common/error.js';
import { type CachedDecorator, checkDecoratorCall, memoizingDecorator } from './memo/decorate.js';
import type { MemoOptions } from './memo/memoize.js';

const MAX_BYTES = '16MiB';

/** A cache that decorates: a `Cache`, a `SharedCache`. */
interface DecoratingCache<V> {
  cached<A extends unknown[]>(options: MemoOptions<A, string, V>): CachedDecorator<A, V>;
}

/** Options of `@cached`: those of `wrap`, and where the results go. */
export interface CachedOptions<A extends unknown[] = unknown[], V = unknown> extends MemoOptions<A, string, V> {
  /** A cache for all instances. Default: one for each instance and method. */
  cache?: DecoratingCache<V> | undefined;
  /** Budget of the cache of an instance. Default: 16 MiB. */
  maxBytes?: Bytes | undefined;
}

/**
 * Decorates a method that returns promises: it is run once for the same arguments. Each instance has a cache of its own,
 * which goes with it. In a given `Cache` the instances are told apart in the keys; in a given `SharedCache` they are
 * not, since `name` stands for the method in all threads. `memoOf(instance, instance.method)` gives `cache`, `keyOf` and
 * `invalidate`.
 *
 * @throws CacheConfigError for options out of range, for anything but a method, for decorators of `experimentalDecorators`.
 */
export function cached<A extends unknown[] = unknown[], V = unknown>(
  options?: CachedOptions<A, V>,
): CachedDecorator<A, V>;
export function cached<A extends unknown[], V>(
  options: CachedOptions<A, V> = {},
  ...more: unknown[]
): CachedDecorator<A, V> {
  checkDecoratorCall(options, 1 + more.length);
  const { cache, maxBytes, ...memo } = options;
  if (cache === undefined) return perInstance(memo, maxBytes);
  if (typeof cache?.cached !== 'function') {
    throw new CacheConfigError(`cache: expected a Cache or a SharedCache; got ${describe(cache)}`);
  }
  if (maxBytes === undefined) return cache.cached(memo);
  throw new CacheConfigError(`maxBytes: expected none beside cache, which has its own; got ${describe(maxBytes)}`);
}

function perInstance<A extends unknown[], V>(
  options: MemoOptions<A, string, V>,
  maxBytes: Bytes = MAX_BYTES,
): CachedDecorator<A, V> {
  // What is wrong with the budget is said where the class is defined.
  new Cache({ maxBytes });
  return memoizingDecorator<A, string, V>({
    options,
    by: 'function',
    cacheOf: (_instance, name) => new Cache<string, V>({ maxBytes, name }),
  });
}
