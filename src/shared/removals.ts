import { parseTagOrTags } from '../common/tags.js';
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
}
