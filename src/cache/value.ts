import { CacheSerializationError, describe } from '../common/error.js';

/** @throws TypeError for `undefined`, which means a miss, and for promises, which are to be awaited first. */
export function checkValue(value: unknown, name: string): void {
  if (value === undefined || isThenable(value)) refuse(value, name);
}

function isThenable(value: unknown): boolean {
  // A plain read: where values have many shapes, `in` is a dozen times slower.
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
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
