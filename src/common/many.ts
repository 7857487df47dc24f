import { CacheConfigError, describe } from './error.js';

/** @throws CacheConfigError for what is no iterable of keys; a string is one key, and no list of its letters. */
export function keysOf<K>(keys: Iterable<K>, method: string): Iterable<K> {
  if (isIterable(keys)) return keys;
  throw new CacheConfigError(`${method}: expected an iterable of keys; got ${describe(keys)}`);
}

/** Keys and values, one by one. @throws CacheConfigError for what is no iterable of such pairs. */
export function pairsOf<K, V>(pairs: Iterable<readonly [K, V]>, method: string): Iterable<readonly [K, V]> {
  if (isIterable(pairs)) return checked(pairs, method);
  throw new CacheConfigError(`${method}: expected an iterable of [key, value] pairs; got ${describe(pairs)}`);
}

function* checked<K, V>(pairs: Iterable<readonly [K, V]>, method: string): Generator<readonly [K, V]> {
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length < 2) {
      throw new CacheConfigError(`${method}: expected [key, value] pairs; got ${describe(pair)} among them`);
    }
    yield pair;
  }
}

function isIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
