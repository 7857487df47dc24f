import { CacheConfigError, CacheKeyError, describe } from '../common/error.js';
import {
  type AnyFunction,
  checkMemo,
  checkName,
  type MemoHost,
  type Memoized,
  type MemoOptions,
  memoize,
  named,
  type StandsFor,
} from './memoize.js';

/**
 * For methods that answer with a promise: public, private (`#name`) or static. Others would change their type, and
 * are refused by the compiler.
 */
export type CachedDecorator<A extends unknown[], V> = <This, B extends A, R extends Promise<V | undefined>>(
  method: AnyFunction<This, B, R>,
  context: ClassMethodDecoratorContext<This, AnyFunction<This, B, R>>,
) => AnyFunction<This, B, R>;

/** What a decorated method remembers for one instance. */
export type MethodMemo<A extends unknown[], R> = Memoized<
  unknown,
  A,
  R,
  unknown,
  MemoHost<unknown, unknown> & { clear(): void | Promise<void> },
  boolean | Promise<boolean>
>;

interface DecoratorSpec<A extends unknown[], K, V> {
  options: MemoOptions<A, K, V>;
  by: StandsFor;
  /** The cache of an instance, asked for once. */
  cacheOf(instance: object, method: string): MemoHost<K, V>;
}

/** decorated method → what it remembers for an instance. */
const decorated = new WeakMap<object, (instance: never) => unknown>();

/** A decorator whose methods have one memory per instance, made by their first call. */
export function memoizingDecorator<A extends unknown[], K, V>(spec: DecoratorSpec<A, K, V>): CachedDecorator<A, V> {
  checkName(spec.by, spec.options);
  return <This, B extends A, R extends Promise<V | undefined>>(
    method: AnyFunction<This, B, R>,
    context: ClassMethodDecoratorContext<This, AnyFunction<This, B, R>>,
  ): AnyFunction<This, B, R> => {
    const name = checkTarget(method, context);
    checkMemo(method, spec.options);
    const memoOfInstance = perInstance((instance: This & object) => memoizeFor(instance, method, name, spec));

    function call(this: This, ...args: B): R {
      try {
        return memoOfInstance(checkInstance(this, name))(...args) as Promise<unknown> as R;
      } catch (error) {
        const failed: Promise<unknown> = Promise.reject(error);
        return failed as R;
      }
    }
    decorated.set(call, memoOfInstance);
    return named(call, method);
  };
}

/**
 * What a decorated method remembers for an instance: its `cache`, `keyOf` and `invalidate`.
 *
 * ```ts
 * memoOf(api, api.user).invalidate(7);
 * ```
 *
 * @throws CacheConfigError for a method that is not decorated.
 */
export function memoOf<This extends object, A extends unknown[], R>(
  instance: This,
  method: AnyFunction<This, A, R>,
): MethodMemo<A, R> {
  const memo = typeof method === 'function' ? decorated.get(method) : undefined;
  if (memo === undefined) {
    throw new CacheConfigError(`memoOf: expected a method that is decorated with @cached; got ${describe(method)}`);
  }
  return (memo as (instance: This) => unknown)(checkInstance(instance, method.name)) as MethodMemo<A, R>;
}

/** @throws CacheConfigError unless the decorator was called, with options: `@cached()`, not `@cached`. */
export function checkDecoratorCall(options: unknown, count: number): void {
  if (count <= 1 && options !== null && typeof options === 'object') return;
  throw new CacheConfigError(`cached: expected @cached() or @cached({ … }); got ${describe(options)} as the options`);
}

function memoizeFor<This, A extends unknown[], B extends A, R extends Promise<V | undefined>, K, V>(
  instance: This & object,
  method: AnyFunction<This, B, R>,
  name: string,
  { options, by, cacheOf }: DecoratorSpec<A, K, V>,
): Memoized<unknown, B, R, K, MemoHost<K, V>, unknown> {
  const { key } = options;
  return memoize({
    cache: cacheOf(instance, name),
    fn: named((...args: B) => method.apply(instance, args), method),
    options: key === undefined ? options : { ...options, key: key.bind(instance) },
    by,
    bound: { instance, method },
  });
}

function perInstance<I extends object, T>(create: (instance: I) => T): (instance: I) => T {
  const memos = new WeakMap<I, T>();
  return (instance) => {
    let memo = memos.get(instance);
    if (memo === undefined) {
      memo = create(instance);
      memos.set(instance, memo);
    }
    return memo;
  };
}

/** The method's name. */
function checkTarget(method: unknown, context: unknown): string {
  if (context === null || typeof context !== 'object' || !('kind' in context) || !('name' in context)) {
    throw new CacheConfigError(
      `cached: expected the decorators of ECMAScript; got a call as of experimentalDecorators, for ${describe(context)}`,
    );
  }
  const name = String(context.name);
  if (context.kind === 'method' && typeof method === 'function') return name;
  throw new CacheConfigError(`cached: expected a method; got the ${String(context.kind)} ${name}`);
}

function checkInstance<T>(instance: T, method: string): T & object {
  if (typeof instance === 'function' || (typeof instance === 'object' && instance !== null)) return instance;
  throw new CacheKeyError(`${method}: expected to be called on its instance; got ${describe(instance)} as this`);
}
