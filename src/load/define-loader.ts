import { CacheConfigError, describe } from '../common/error.js';
import type { LoadContext, Loaded } from './context.js';

/** What a loader is given. */
export interface LoaderContext<V = unknown> extends LoadContext<V, string> {
  /**
   * Bytes of the cache to decode into, 64-byte aligned: a value that holds them is published without a copy. They are
   * reserved before they are decoded, so this may wait for room. Contents: undefined until written.
   *
   * What is too large for the cache, or finds no room within its `reserveTimeout`, gets memory of its own instead: the
   * value is then handed to all who wait, and not kept. Must not be written to after the loader has ended.
   *
   * A loader that was registered as a function gets memory of its thread, which is copied when the value is stored.
   *
   * @throws CacheConfigError unless `byteLength` is a whole number from 0 to 4294967295, and when the loader has ended.
   */
  allocate(byteLength: number): Promise<Uint8Array>;
}

/** A function that makes a value from an input, in a thread of the pool. */
export type LoaderFunction<Input = unknown, Value = unknown> = (
  input: Input,
  ctx: LoaderContext<Value>,
) => Loaded<Value>;

/**
 * Gives a loader its types: `export default defineLoader<string, Image>(async (path, ctx) => …)`. The module is imported
 * by the threads of the pool; nothing of it may depend on the thread that registered it.
 *
 * @throws CacheConfigError unless `load` is a function.
 */
export function defineLoader<Input, Value>(load: LoaderFunction<Input, Value>): LoaderFunction<Input, Value> {
  if (typeof load === 'function') return load;
  throw new CacheConfigError(`defineLoader: expected a function (input, ctx) => value; got ${describe(load)}`);
}
