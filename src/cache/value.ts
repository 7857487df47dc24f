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
    throw new CacheSerializationError(`${name}: copy: expected a cloneable value; got ${describe(value)}`, {
      key,
      cause,
    });
  }
}
