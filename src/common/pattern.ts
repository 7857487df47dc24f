import { CacheConfigError, describe } from './error.js';
import { compileGlob } from './glob.js';

/** Of `new RegExp('')`: some text that was empty by mistake would remove all. */
const EMPTY_SOURCE = '(?:)';

/** Which keys a removal is about. Can be sent to another thread. */
export type KeyPattern = { readonly prefix: string } | { readonly pattern: RegExp };

/**
 * What `deleteByPrefix` is given.
 *
 * @throws CacheConfigError unless it is a non-empty string.
 */
export function parsePrefix(prefix: unknown): KeyPattern {
  if (typeof prefix === 'string' && prefix !== '') return { prefix };
  throw new CacheConfigError(`prefix: expected a non-empty string; got ${describe(prefix)}`);
}

/**
 * What `deleteByPattern` is given.
 *
 * @throws CacheConfigError for what is neither a RegExp nor a glob, and for an empty one of either.
 */
export function parsePattern(pattern: unknown): KeyPattern {
  if (pattern instanceof RegExp && pattern.source !== EMPTY_SOURCE) {
    // A copy, so that neither its owner's `lastIndex` is changed, nor is ours by him.
    return { pattern: new RegExp(pattern.source, pattern.flags.replace('g', '')) };
  }
  if (typeof pattern === 'string' && pattern !== '') return { pattern: compileGlob(pattern) };
  throw new CacheConfigError(`pattern: expected a glob or a RegExp, not empty; got ${describe(pattern)}`);
}

/** Tells the keys that match. What is no string never does. */
export function keyMatcher(by: KeyPattern): (key: unknown) => boolean {
  if ('prefix' in by) {
    const { prefix } = by;
    return (key) => typeof key === 'string' && key.startsWith(prefix);
  }
  const { pattern } = by;
  return (key) => {
    // With the flag `y` it says where to look.
    pattern.lastIndex = 0;
    return typeof key === 'string' && pattern.test(key);
  };
}

/**
 * What `deleteWhere` is given.
 *
 * @throws CacheConfigError for what is no function.
 */
export function checkPredicate(predicate: unknown): void {
  if (typeof predicate === 'function') return;
  throw new CacheConfigError(`predicate: expected a function; got ${describe(predicate)}`);
}

/**
 * What a predicate has said.
 *
 * @throws CacheConfigError for a promise, which would be a yes whatever comes of it.
 */
export function checkVerdict(verdict: unknown): boolean {
  if (verdict !== null && typeof verdict === 'object' && 'then' in verdict) {
    throw new CacheConfigError(`predicate: expected true or false at once; got ${describe(verdict)}`);
  }
  return Boolean(verdict);
}
