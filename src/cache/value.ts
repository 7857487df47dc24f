import { findLost, findUncloneable } from '../codec/index.js';
import { CacheSerializationError, describe } from '../common/error.js';

interface Thenable {
  then?: unknown;
}

/** @throws TypeError for `undefined`, which means a miss, and for promises, which are to be awaited first. */
export function checkValue(value: unknown, name: string): void {
  // The property first: it takes one comparison to know a shape that has been met before, `typeof` and `in` many.
  if (value === undefined || (value !== null && typeof (value as Thenable).then === 'function')) refuse(value, name);
}

function refuse(value: unknown, name: string): never {
  if (value === undefined) throw new TypeError(`${name}: expected a value other than undefined; got undefined`);
  throw new TypeError(`${name}: a promise cannot be stored: expected a value, await it first; got ${describe(value)}`);
}

/** @throws CacheSerializationError for what has no structured clone. */
export function clone<V>(key: unknown, value: V, name: string): V {
  try {
    return structuredClone(value);
  } catch (cause) {
    throw uncloneable(key, findUncloneable(value) ?? `got ${describe(value)}`, name, cause);
  }
}

/** As `clone`, of a value that is to be stored: what would silently be lost by it is refused, too. */
export function cloneToStore<V>(key: unknown, value: V, name: string): V {
  const copy = clone(key, value, name);
  const lost = findLost(value);
  if (lost !== undefined) throw uncloneable(key, lost, name);
  return copy;
}

function uncloneable(key: unknown, found: string, name: string, cause?: unknown): CacheSerializationError {
  const text = `${name}: copy: expected a cloneable value; ${found}`;
  return new CacheSerializationError(text, cause === undefined ? { key } : { key, cause });
}
