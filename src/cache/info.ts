import type { EntryInfo } from '../stats/entry-info.js';
import type { Store } from './store.js';

/** Of an entry that is not dead. */
export function describeEntry<K, V>(store: Store<K, V>, handle: number, now: number): EntryInfo {
  const { table, life } = store;
  return {
    size: table.size(handle),
    ttl: life.ttl(handle),
    remainingTtl: Math.max(life.endsAt(handle) - now, 0),
    age: Math.max(now - table.born(handle), 0),
    hits: table.hitsOf(handle),
    cost: store.notes.cost(handle),
    tags: store.notes.tags(handle),
    stale: life.state(handle) === 'stale',
  };
}
