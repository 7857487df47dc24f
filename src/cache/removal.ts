import type { Engine } from './engine.js';
import type { Store } from './store.js';

/** Removes what bears one of the tags, namespaces included, and what is being loaded to; how many fresh entries went. */
export function removeTagged<K, V>(engine: Engine<K, V>, tags: readonly string[]): number {
  const handles: number[] = [];
  for (const { owner, tagged } of engine.space.within()) {
    owner.changes.supersedeTags(tags);
    if (!tagged.isEmpty) handles.push(...tagged.handlesOfAny(tags));
  }
  return removeHandles(engine.store, handles);
}

/** Removes everything, namespaces included. O(what goes). */
export function clearAll<K, V>(engine: Engine<K, V>): void {
  const { store, space, events } = engine;
  for (const { owner } of space.within()) owner.changes.supersedeAll();
  let isEmpty = true;
  if (space === store.table.root) {
    isEmpty = store.count === 0;
    store.clear();
  } else {
    store.readClock();
    for (const { index } of space.within()) {
      for (const handle of [...index.values()]) {
        store.drop(handle, store.reasonFor(handle, 'clear'));
        isEmpty = false;
      }
    }
  }
  store.removals.flush();
  if (isEmpty && events.heard.clear) events.emit('clear', {});
}

/** Takes out entries of these handles, all of them before anybody is told; how many were fresh. */
function removeHandles<K, V>(store: Store<K, V>, handles: Iterable<number>): number {
  const { table } = store;
  let fresh = 0;
  for (const handle of handles) {
    table.spaceOf(handle).owner.changes.supersede(table.keys[handle] as K);
    const state = store.state(handle);
    if (state === 'fresh') fresh++;
    store.drop(handle, state === 'dead' ? 'expire' : 'delete');
  }
  store.removals.flush();
  return fresh;
}
