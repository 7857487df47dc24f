import type { Space } from './space.js';
import type { Store } from './store.js';

/** An entry as it was at one time. */
export interface Listed<K, V> {
  readonly key: K;
  readonly value: V;
  readonly handle: number;
  /** Until when it is fresh. */
  readonly end: number;
}

/** What is fresh of a space now, as a list of its own; what is stale too, if that is asked for. O(its entries). */
export function listEntries<K, V>(
  store: Store<K, V>,
  space: Space<K, V>,
  { stale = false }: { stale?: boolean } = {},
): Listed<K, V>[] {
  const { table, life } = store;
  store.readClock();
  const list: Listed<K, V>[] = [];
  for (const handle of space.index.handles()) {
    const state = life.state(handle);
    if (state === 'fresh' || (stale && state === 'stale')) {
      list.push({ key: table.key(handle), value: table.value(handle) as V, handle, end: life.endsAt(handle) });
    }
  }
  return list;
}

/** Fresh entries of a space and all within it. O(1) for the root, else O(its entries) once one of the cache has ended. */
export function countFresh<K, V>(store: Store<K, V>, space: Space<K, V>): number {
  if (space === store.table.root) return store.freshCount;
  const areAllFresh = store.freshCount === store.count;
  let count = 0;
  for (const { index } of space.within()) {
    if (areAllFresh) count += index.size;
    else for (const handle of index.handlesUnordered()) if (store.life.state(handle) === 'fresh') count++;
  }
  return count;
}

/** Bytes held by the entries of a space and all within it. O(1) for the root, else a step for each. */
export function sumBytes<K, V>(store: Store<K, V>, space: Space<K, V>): number {
  if (space === store.table.root) return store.bytes;
  let bytes = 0;
  for (const one of space.within()) bytes += one.bytes;
  return bytes;
}
