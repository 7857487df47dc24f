import { types } from 'node:util';
import { canonicalArgs } from '../common/canonical-key.js';
import { CacheConfigError, CacheKeyError, describe } from '../common/error.js';
import type { Factory, GetOrSetOptions, Loaded } from '../load/context.js';
import { optionalFunction, resolveLoadOptions } from '../options.js';
import { escapeName, identityOf, labelOf } from './identity.js';

/** What memoizing needs of a cache. `Gone` is what its `delete` answers: a boolean, at once or as a promise. */
export interface MemoHost<K, V, Gone = boolean | Promise<boolean>> {
  getOrSet(key: K, factory: Factory<V, K>, options?: GetOrSetOptions<V, K>): Promise<V | undefined>;
  delete(key: K): Gone;
}

/** Options of `wrap`: those of `getOrSet` for each call, and what the calls are stored under. */
export interface MemoOptions<A extends unknown[] = never[], K = string, V = never> extends GetOrSetOptions<V, K> {
  /**
   * Stands for the function in its keys, in other threads and after a restart too. Required on a `SharedCache`. In a
   * `Cache` it belongs to the first function that is wrapped under it; without one, a function stands for itself.
   */
  name?: string | undefined;
  /** The key of a call, as it is stored. Default: made of the function and its arguments. */
  key?: ((...args: A) => K) | undefined;
}

/** As options, but for a cache whose keys cannot be the strings that are made by default: there, `key` is required. */
export type MemoParameters<A extends unknown[], K, V> = string extends K
  ? [options?: MemoOptions<A, K, V>]
  : [options: MemoOptions<A, K, V> & { key: (...args: A) => K }];

/** A function that remembers. */
export interface Memoized<This, A extends unknown[], R, K, C, Gone> {
  /** The result of an earlier call with the same arguments, else of this one. `this` is passed on and is no part of the key. */
  (this: This, ...args: A): Promise<Awaited<R>>;
  /** Where the results are. */
  readonly cache: C;
  /**
   * The key under which the result of such a call is stored.
   *
   * @throws CacheKeyError, naming the argument, for what has no content to compare: functions, instances of classes, …
   */
  keyOf(...args: A): K;
  /** Forgets the result of such a call; whether there was one. */
  invalidate(...args: A): Gone;
}

export type AnyFunction<This, A extends unknown[], R> = (this: This, ...args: A) => R;

/** Which part of the keys stands for the function: itself, or its name and nothing else. */
export type StandsFor = 'function' | 'name';

interface MemoSpec<This, A extends unknown[], R, K, V, C> {
  cache: C;
  fn: AnyFunction<This, A, R>;
  options: MemoOptions<A, K, V>;
  by: StandsFor;
  /** What a method was bound to, and what it was before: both tell it from others, where the function stands for itself. */
  bound?: { instance: object; method: { name: string } } | undefined;
}

/** A memoized `fn`: `getOrSet` under a key made of its arguments. Each call costs the encoding of the arguments and a read. */
export function memoize<This, A extends unknown[], R extends Loaded<V>, K, V, Gone, C extends MemoHost<K, V, Gone>>(
  spec: MemoSpec<This, A, R, K, V, C> & { cache: MemoHost<K, V, Gone> },
): Memoized<This, A, R, K, C, Gone> {
  const { cache, fn } = spec;
  checkMemo(fn, spec.options);
  const { name: _name, key: _key, ...rest } = spec.options;
  const load = Object.keys(rest).length > 0 ? rest : undefined;
  const keyOf = keyMaker(spec);

  function memoized(this: This, ...args: A): Promise<Awaited<R>> {
    try {
      return cache.getOrSet(keyOf(...args), () => fn.apply(this, args), load) as Promise<Awaited<R>>;
    } catch (error) {
      return Promise.reject(error);
    }
  }
  const methods = { cache, keyOf, invalidate: (...args: A): Gone => cache.delete(keyOf(...args)) };
  return Object.assign(named(memoized, fn), methods);
}

/** What tells one memoized function from another, not checked yet. */
interface Identity {
  name?: unknown;
  key?: unknown;
}

/** @throws CacheConfigError for what cannot be memoized, and for options out of range. */
export function checkMemo(fn: unknown, options: GetOrSetOptions & Identity): void {
  if (typeof fn !== 'function') throw new CacheConfigError(`fn: expected a function; got ${describe(fn)}`);
  if (types.isGeneratorFunction(fn)) {
    throw new CacheConfigError(`fn: expected a function whose result can be kept; got the generator ${fn.name}`);
  }
  resolveLoadOptions(options);
  optionalFunction<unknown>(options.key, 'key');
  const { name } = options;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new CacheConfigError(`name: expected a non-empty string; got ${describe(name)}`);
  }
}

/** @throws CacheConfigError when a name is needed and there is none. */
export function checkName(by: StandsFor, { name, key }: Identity): void {
  if (by === 'function' || name !== undefined || key !== undefined) return;
  throw new CacheConfigError(
    'name: expected a non-empty string, which stands for the function in the keys of all threads; got undefined',
  );
}

/** The same name and number of parameters as the function that it stands in for. */
export function named<F extends object>(stand: F, fn: { name: string; length: number }): F {
  const { name, length } = fn;
  return Object.defineProperties(stand, {
    name: { value: name, configurable: true },
    length: { value: length, configurable: true },
  });
}

function keyMaker<This, A extends unknown[], R, K, V, C extends object>(
  spec: MemoSpec<This, A, R, K, V, C>,
): (...args: A) => K {
  const { cache, fn, options, by, bound } = spec;
  const { name, key } = options;
  checkName(by, options);
  if (key !== undefined) return (...args) => ownKey(key(...args));
  let label = by === 'name' ? escapeName(name ?? '') : labelOf(cache, bound?.method ?? fn, name);
  if (bound !== undefined && by === 'function') label += `/${identityOf(bound.instance)}`;
  return (...args) => `${label}(${canonicalArgs(args)})` as K;
}

/** No key at all, or a new one for each call, would be a wrong hit or never one. */
function ownKey<K>(key: K): K {
  if (key !== undefined && !types.isPromise(key)) return key;
  throw new CacheKeyError(`key: expected a function that returns the key; it returned ${describe(key)}`);
}
