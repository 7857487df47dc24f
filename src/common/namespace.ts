import { CacheConfigError, describe } from './error.js';

/**
 * The name of a namespace.
 *
 * @throws CacheConfigError unless it is a non-empty string.
 */
export function parseNamespace(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new CacheConfigError(`namespace: expected a non-empty string; got ${describe(name)}`);
}

/** How events call a namespace: its names from the outermost on. For people, since names may have colons themselves. */
export function namespaceLabel(path: readonly string[]): string {
  return path.join(':');
}
