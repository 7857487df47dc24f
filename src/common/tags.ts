import { CacheConfigError, describe } from './error.js';

/**
 * The tags of an entry, each once.
 *
 * @throws CacheConfigError unless it is an array of non-empty strings.
 */
export function parseTags(tags: unknown): readonly string[] {
  if (!Array.isArray(tags))
    throw new CacheConfigError(`tags: expected an array of non-empty strings; got ${describe(tags)}`);
  for (const tag of tags) {
    if (typeof tag === 'string' && tag !== '') continue;
    throw new CacheConfigError(`tags: expected an array of non-empty strings; got ${describe(tag)} among them`);
  }
  return [...new Set(tags)];
}

/**
 * One tag, or several, as `deleteByTag` takes them, each once.
 *
 * @throws CacheConfigError for anything else.
 */
export function parseTagOrTags(tags: unknown): readonly string[] {
  if (typeof tags === 'string' && tags !== '') return [tags];
  if (Array.isArray(tags)) return parseTags(tags);
  throw new CacheConfigError(`tag: expected a non-empty string, or an array of them; got ${describe(tags)}`);
}

/** Whether one of the tags is among those; `tags` is as a user gave it, and may be anything. */
export function bearsAny(tags: unknown, those: ReadonlySet<string> | undefined): boolean {
  return those !== undefined && Array.isArray(tags) && tags.some((tag) => those.has(tag));
}
