import type { EntryInfo } from '../stats/entry-info.js';
import type { Store } from './store.js';

/** Of an entry that is not dead. */
export function describeEntry<K, V>(store: Store<K, V>, handle: number, now: number): EntryInfo {
  const { table, life } = store;
  return {
    size: table.sizes[handle]!,
    ttl: life.ttl(handle),
    remainingTtl: Math.max(life.endsAt(handle) - now, 0),
    age: Math.max(now - life.born[handle]!, 0),
    hits: table.hits[handle]!,
    cost: store.cost(handle),
    tags: store.tags(handle),
    stale: life.state(handle) === 'stale',
  };
}
