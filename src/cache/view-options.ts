import type { Bytes } from '../common/bytes.js';
import type { CacheOptions } from '../options.js';
import type { CacheStats } from '../stats/cache-stats.js';
import type { Engine } from './engine.js';
import type { Hooks } from './load-host.js';
import type { Restorer } from './restore.js';
import type { Transactions } from './transaction.js';

/** What a view of a cache is made of, in the place of options. */
export class ViewOptions<K, V> implements CacheOptions<K, V> {
  readonly maxBytes: Bytes;

  constructor(
    readonly engine: Engine<K, V>,
    /** Those of the cache that it is a view of. */
    readonly hooks: Hooks<K, V>,
    readonly stats: CacheStats,
    readonly restorer: Restorer<K, V>,
    readonly transactions: Transactions<K, V>,
  ) {
    this.maxBytes = engine.store.maxBytes;
  }
}
