import { CacheConfigError, describe } from '../common/error.js';
import { GuardedPolicy } from './guarded.js';
import { createPolicy, POLICY_NAMES, type Policy, type PolicyName } from './index.js';

const METHODS = ['insert', 'touch', 'update', 'remove', 'victim', 'defer', 'order', 'validate'] as const;

/** What makes a policy, by the URL of its module: imported in this thread. */
const makers = new Map<string, () => Policy>();

/** @throws CacheConfigError for an object that does not implement Policy. */
export function checkPolicy(candidate: object, what = 'policy'): Policy {
  const missing = METHODS.filter((method) => typeof Reflect.get(candidate, method) !== 'function');
  if (missing.length === 0) return candidate as Policy;
  throw new CacheConfigError(`${what}: expected an object that implements Policy; it has no ${missing.join(', ')}`);
}

/** Whether it is the URL of a user's module, and not the name of one of ours. */
export function isPolicyModule(policy: string): boolean {
  return !POLICY_NAMES.includes(policy as PolicyName);
}

/**
 * Imports a user's policy, and tries it. The default export of its module is a class, or a function that returns a policy:
 * called for each cache.
 *
 * @throws CacheConfigError when there is no such module, or no policy in it.
 */
export async function importPolicy(url: string): Promise<void> {
  if (makers.has(url)) return;
  const what = `policy of ${url}`;
  let exported: unknown;
  try {
    exported = ((await import(url)) as { default?: unknown }).default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : describe(cause);
    throw new CacheConfigError(`${what}: expected a module; importing it failed: ${reason}`, { cause });
  }
  // A module that was compiled to CommonJS has its default export in there.
  if (typeof exported === 'object' && exported !== null && 'default' in exported) exported = exported.default;
  if (typeof exported !== 'function') {
    throw new CacheConfigError(
      `${what}: expected a class, or a function that returns a Policy, as the default export; got ${describe(exported)}`,
    );
  }
  const maker = exported;
  const isClass = typeof maker.prototype?.victim === 'function';
  const make = (): Policy => {
    const made: unknown = isClass ? Reflect.construct(maker, []) : Reflect.apply(maker, undefined, []);
    if (typeof made !== 'object' || made === null) {
      throw new CacheConfigError(`${what}: expected a Policy; got ${describe(made)}`);
    }
    return checkPolicy(made, what);
  };
  make();
  makers.set(url, make);
}

/** One by its name; for one of a module `'auto'`, since that is for the keeper's thread alone. */
export function policyOf(policy: string): Policy {
  return createPolicy(isPolicyModule(policy) ? 'auto' : (policy as PolicyName));
}

/**
 * One by its name, or of a module that was imported here; where that could not be done, or it cannot be made another time,
 * `'auto'`. `onFault` is told, now or later, when that of a module fails.
 */
export function guardedPolicyOf(policy: string, onFault: (error: CacheConfigError) => void): Policy {
  const make = makers.get(policy);
  if (make === undefined) return policyOf(policy);
  const name = `policy of ${policy}`;
  try {
    return new GuardedPolicy(make(), name, onFault);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : describe(cause);
    onFault(new CacheConfigError(`${name}: making it failed: ${reason}; the cache goes on with 'auto'`, { cause }));
    return createPolicy('auto');
  }
}
