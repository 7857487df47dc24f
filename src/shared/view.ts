import type { EntryOptions } from '../load/context.js';
import type { CacheStats } from '../stats/cache-stats.js';
import type { SharedNews } from './events.js';
import type { Loaders } from './loaders.js';
import type { Scope } from './scope.js';
import type { Terms } from './terms.js';

/** What a view of a namespace has from the cache that it is a view of. */
export interface SharedView<V> {
  readonly scope: Scope;
  readonly terms: Terms<V>;
  readonly news: SharedNews;
  readonly stats: CacheStats;
  readonly loaders: Loaders<V>;
  readonly hooks: {
    preSet(key: string, value: V, options?: EntryOptions): V;
    postGet(key: string, value: V): V;
  };
}
