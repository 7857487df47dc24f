/**
 * # Keys of namespaces
 *
 * All keys of a shared cache lie in one index. A key of a namespace is there under a longer one, which begins with the
 * names that lead to it, each behind its length, so that no two places can meet, whatever names and keys consist of:
 *
 * ```
 *   cache.namespace('a').namespace('bc'), key 'k'   →   \0 1:a 2:bc . k
 *   the cache itself, key 'k'                       →   k
 *   the cache itself, key '\0k'                     →   \0 . \0k
 * ```
 */
import { hashString } from '../common/hash.js';

const MARK = '\0';
const END = '.';

/** Where a key lives, and what its user calls it. */
export interface PlacedKey {
  path: readonly string[];
  key: string;
}

/** What all keys of a namespace, and of those within it, begin with; nothing for the cache itself. */
export function withinPrefix(path: readonly string[]): string {
  return path.length === 0 ? '' : MARK + path.map((name) => `${name.length}:${name}`).join('');
}

/** The key as it lies in the index. */
export function innerKey(path: readonly string[], key: string): string {
  if (path.length > 0) return withinPrefix(path) + END + key;
  return key.startsWith(MARK) ? MARK + END + key : key;
}

/** What `innerKey` was made of. */
export function placedKey(inner: string): PlacedKey {
  const path: string[] = [];
  if (!inner.startsWith(MARK)) return { path, key: inner };
  let at = MARK.length;
  while (inner[at] !== END) {
    const colon = inner.indexOf(':', at);
    const start = colon + 1;
    at = start + Number(inner.slice(at, colon));
    path.push(inner.slice(start, at));
  }
  return { path, key: inner.slice(at + END.length) };
}

/** Tells what the user calls a key of the namespace at the end of a path; `undefined` for a key of any other. */
export function ownKeys(path: readonly string[]): (inner: string) => string | undefined {
  if (path.length > 0) {
    const prefix = innerKey(path, '');
    return (inner) => (inner.startsWith(prefix) ? inner.slice(prefix.length) : undefined);
  }
  return (inner) => {
    if (!inner.startsWith(MARK)) return inner;
    return inner[MARK.length] === END ? inner.slice(MARK.length + END.length) : undefined;
  };
}

/** What a key's user calls it. */
export function userKey(inner: string): string {
  return inner.startsWith(MARK) ? placedKey(inner).key : inner;
}

/**
 * A number that all keys of the outermost namespace have in common, never 0; 0 for keys of the cache itself. It lies in
 * the slot, so that who looks for the keys of a namespace passes by most others at a glance.
 */
export function namespaceMark(path: readonly string[]): number {
  return path.length === 0 ? 0 : hashString(path[0]!, 0) | 1 | 0;
}
