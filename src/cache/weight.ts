import { describe } from '../common/error.js';
import type { EntryOptions } from '../load/context.js';
import type { CostFunction, CostName } from '../options.js';
import { estimateEntrySize } from '../weigh/index.js';

/**
 * Bytes that an entry is charged with, a whole number.
 *
 * @throws TypeError when the user's weigher throws or yields no positive number.
 */
export function weigh<K, V>(key: K, value: V, weigher: ((value: V, key: K) => number) | undefined): number {
  if (!weigher) return estimateEntrySize(key, value);
  let bytes: unknown;
  try {
    bytes = weigher(value, key);
  } catch (cause) {
    throw failed('weigher', cause);
  }
  // Most are small whole numbers, and stay such for the compiler when they are not rounded.
  return typeof bytes === 'number' && (bytes | 0) === bytes && bytes > 0 ? bytes : roundedUp(bytes);
}

function roundedUp(bytes: unknown): number {
  if (typeof bytes === 'number' && bytes > 0 && bytes < Number.POSITIVE_INFINITY) return Math.ceil(bytes);
  throw new TypeError(`weigher: expected a positive number of bytes; got ${describe(bytes)}`);
}

interface Costed<K, V> {
  key: K;
  value: V;
  size: number;
  /** ms that its load has taken, or takes on average; 0 when nothing is known. */
  loadMs: number;
}

/**
 * What a miss of an entry costs.
 *
 * @throws TypeError when the user's function throws or yields no positive number.
 */
export function costOf<K, V>(cost: CostName | CostFunction<K, V>, { key, value, size, loadMs }: Costed<K, V>): number {
  switch (cost) {
    case 'requests':
      return 1;
    case 'bytes':
      return size;
    case 'balanced':
      return Math.sqrt(size);
    case 'measured':
      // Below a microsecond the clock says nothing; an entry that was never loaded counts as the average one.
      return loadMs > 0 ? Math.max(loadMs, 1e-3) : 1;
    default: {
      const given = costBy(cost, value, key);
      if (typeof given === 'number' && given > 0 && given < Number.POSITIVE_INFINITY) return given;
      throw new TypeError(`cost: expected a number above 0; got ${describe(given)}`);
    }
  }
}

function costBy<K, V>(cost: CostFunction<K, V>, value: V, key: K): unknown {
  try {
    return cost(value, key);
  } catch (cause) {
    throw failed('cost', cause);
  }
}

function failed(name: string, cause: unknown): TypeError {
  return new TypeError(`${name}: expected a number above 0; it threw ${describe(cause)}`, { cause });
}

/** Whether a whole number of bytes is all that is said, as most often: then there is nothing to check or to resolve. */
export function isSizeOnly(options: EntryOptions): boolean {
  return (
    options !== null &&
    typeof options.size === 'number' &&
    (options.size | 0) === options.size &&
    options.size > 0 &&
    options.cost === undefined &&
    options.ttl === undefined &&
    options.ttlJitter === undefined &&
    options.idleTtl === undefined &&
    options.grace === undefined &&
    options.tags === undefined
  );
}
