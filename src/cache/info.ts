import type { Store } from './store.js';

/** What is known about an entry. Times are in ms. */
export interface EntryInfo {
  /** Bytes charged. */
  size: number;
  /** The TTL that it was given; `Infinity` without one. */
  ttl: number;
  /** Until it is no longer fresh; 0 when it is stale. */
  remainingTtl: number;
  /** Since it was written, refreshed or touched. */
  age: number;
  /** Hits since it was written. */
  hits: number;
  /** What a miss of it costs. */
  cost: number;
  tags: readonly string[];
  /** Past its TTL, within its grace. */
  stale: boolean;
}

/** Of an entry that is not dead. */
export function describeEntry<K, V>(store: Store<K, V>, handle: number, now: number): EntryInfo {
  const { table, life } = store;
  return {
    size: table.sizes[handle]!,
    ttl: life.ttl(handle),
    remainingTtl: Math.max(life.endsAt(handle) - now, 0),
    age: Math.max(now - life.bornAt(handle), 0),
    hits: table.hits[handle]!,
    cost: store.cost(handle),
    tags: store.tags(handle),
    stale: life.state(handle) === 'stale',
  };
}
