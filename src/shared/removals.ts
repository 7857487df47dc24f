import { checkPredicate, checkVerdict, type KeyPattern, parsePattern, parsePrefix } from '../common/pattern.js';
import { parseTagOrTags } from '../common/tags.js';
import { type Predicate, WhereRemoval } from './where.js';
import { SharedWrites } from './writes.js';

/** Removals by what entries have in common: each one request, which the keeper carries out. */
export abstract class SharedRemovals<V> extends SharedWrites<V> {
  /**
   * Removes what bears the tag, or one of the tags, namespaces included; how many fresh entries went. What is stale goes too, uncounted.
   * Loads that run for entries of such a tag, in any thread, answer their callers and store nothing. O(what goes).
   *
   * @throws CacheConfigError unless it is a non-empty string or an array of them.
   */
  async deleteByTag(tags: string | readonly string[]): Promise<number> {
    this.open();
    const list = parseTagOrTags(tags);
    const { path } = this.reading.scope;
    return this.client.request({ op: 'removeTagged', cache: this.ticket.cache, path, tags: list });
  }

  /**
   * Removes the entries whose keys begin so; how many of them were fresh. Those of namespaces are not looked at. What is
   * being written or loaded under such a key, in any thread, is not stored. What is written after the call stays. O(n), in
   * the keeper, which serves others in between: an index in the order of keys would make each write dearer.
   *
   * @throws CacheConfigError unless it is a non-empty string.
   */
  async deleteByPrefix(prefix: string): Promise<number> {
    return this.#removeMatching(parsePrefix(prefix));
  }

  /**
   * As `deleteByPrefix`, for keys that match a glob as a whole, or a RegExp anywhere. In a glob `*` and `?` match `/` and
   * leading dots too; `[a-z]`, `[!a-z]`, `{a,b}` and `{1..9}` choose; `\*` is a star. A RegExp that takes for ever on some
   * key holds up all shared caches of the process. O(n).
   *
   * @throws CacheConfigError unless it is a glob or a RegExp, not empty.
   */
  async deleteByPattern(pattern: string | RegExp): Promise<number> {
    return this.#removeMatching(parsePattern(pattern));
  }

  /**
   * Removes the entries, stale ones too, for which `predicate` says so; how many of them were fresh. It runs in this
   * thread, in slices, and sees values in place, as a lease shows them: they are not to be kept or changed. An entry is
   * removed as it was seen, or it is asked about again; what `predicate` throws ends the removal where it is. O(n).
   *
   * @throws CacheConfigError for a predicate that is no function, or answers with a promise; and what it throws.
   */
  async deleteWhere(predicate: Predicate<V>): Promise<number> {
    checkPredicate(predicate);
    const reading = this.open();
    const isWanted: Predicate<V> = (key, value, info) => checkVerdict(predicate(key, value, info));
    const { cache } = this.ticket;
    const remove = new WhereRemoval<V>(reading, isWanted, (seen) => {
      return this.client.request({ op: 'removeSeen', cache, ...seen });
    });
    return remove.run();
  }

  #removeMatching(by: KeyPattern): Promise<number> {
    const { path } = this.open().scope;
    return this.client.request({ op: 'removeMatching', cache: this.ticket.cache, path, by });
  }
}
