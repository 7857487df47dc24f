import type { Counters } from '../stats/counters.js';
import type { Space } from './space.js';
import type { Store } from './store.js';

/**
 * A user's policy has thrown while a value was written. The entry stays, whole, if the policy knows of it; else it goes again as if
 * it had never come, and tells nobody. Whether it is there, and counted as written. O(n log n).
 */
export function settle<K, V>(
  { store, counters, space }: { store: Store<K, V>; counters: Counters; space: Space<K, V> },
  key: K,
  value: V,
): boolean {
  const { table, life, ledger, notes, sample, policy } = store;
  const handle = space.index.find(key);
  if (handle < 0 || table.value(handle) !== value) return false;
  if (policy.order().includes(handle)) {
    counters.sets++;
    return true;
  }
  const size = table.size(handle);
  if (table.mark(handle) < 0) sample.leave(handle);
  ledger.release(handle);
  life.forget(handle);
  notes.remove(handle);
  table.release(handle);
  store.bytes -= size;
  counters.missBytes -= size;
  return false;
}
