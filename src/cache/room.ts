import { invariant } from '../common/invariant.js';
import type { Store } from './store.js';

/**
 * Lets others go until so much more fits in, none of `kept` among them: the dead, the stale, then whom the policy names.
 * What is kept and what comes must fit by themselves; what is kept is about to be written anew.
 */
export function makeRoom<K, V>(
  store: Store<K, V>,
  more: { bytes: number; entries: number },
  kept: ReadonlySet<number>,
): void {
  const { life } = store;
  store.readClock();
  if (life.isTimed) {
    life.advance();
    for (const handle of kept) life.spare(handle);
  }
  while (store.bytes + more.bytes > store.maxBytes || store.count + more.entries > store.maxEntries) {
    const gone = life.isTimed ? life.firstGone() : -1;
    if (gone >= 0) store.drop(gone, store.reasonFor(gone, 'evict'));
    else store.drop(victim(store, kept), 'evict');
  }
}

function victim<K, V>({ policy, table }: Store<K, V>, kept: ReadonlySet<number>): number {
  for (let tries = kept.size; tries >= 0; tries--) {
    const handle = policy.victim();
    if (handle < 0 || table.values[handle] === undefined) break;
    if (!kept.has(handle)) return handle;
    policy.defer(handle);
  }
  // A policy that names nobody, or always the same.
  for (const handle of table.handles()) if (!kept.has(handle)) return handle;
  invariant(false, 'there is something to evict');
}
