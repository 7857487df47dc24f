import { CacheConfigError, describe } from '../common/error.js';
import type { LoadContext } from './context.js';
import type { LoaderContext } from './define-loader.js';

const MAX_BYTES = 2 ** 32 - 1;

/**
 * What `allocate` is given.
 *
 * @throws CacheConfigError unless it is a whole number of bytes that one part may have.
 */
export function checkAllocation(byteLength: unknown): void {
  if (Number.isInteger(byteLength) && (byteLength as number) >= 0 && (byteLength as number) <= MAX_BYTES) return;
  throw new CacheConfigError(
    `ctx.allocate: expected a whole number of bytes from 0 to ${MAX_BYTES}; got ${describe(byteLength)}`,
  );
}

/**
 * The context of a load in this thread, for a function that might as well run in the pool: what it allocates is the
 * thread's own, as all that such a function makes, and is copied when it is stored.
 */
export function asLoaderContext<V>(context: LoadContext<V, string>): LoaderContext<V> {
  const allocate = async (byteLength: number): Promise<Uint8Array> => {
    checkAllocation(byteLength);
    return new Uint8Array(byteLength);
  };
  return Object.assign(context, { allocate });
}
