import { eachToTheEnd } from '../common/each.js';
import { checkVerdict, type KeyPattern, keyMatcher } from '../common/pattern.js';
import type { EntryInfo } from '../stats/entry-info.js';
import { dropAll } from './drops.js';
import type { Engine } from './engine.js';
import { describeEntry } from './info.js';
import type { Store } from './store.js';
import { listEntries } from './survey.js';

/** Removes what bears one of the tags, namespaces included, and what is being loaded to; how many fresh entries went. */
export function removeTagged<K, V>(engine: Engine<K, V>, tags: readonly string[]): number {
  const handles: number[] = [];
  for (const { owner, tagged } of engine.space.within()) {
    owner.changes.supersedeTags(tags);
    // One by one: they may be more than a call takes arguments.
    if (!tagged.isEmpty) for (const handle of tagged.handlesOfAny(tags)) handles.push(handle);
  }
  return removeHandles(engine.store, handles);
}

/** Removes what has a key that matches, and what is being loaded to; how many fresh entries went. O(entries). */
export function removeMatching<K, V>(engine: Engine<K, V>, by: KeyPattern): number {
  const matches = keyMatcher(by);
  engine.changes.supersedeWhere(matches);
  const { table } = engine.store;
  // What `matches` itself removes is gone.
  const isWanted = (handle: number) => table.value(handle) !== undefined && matches(table.key(handle));
  const handles = engine.space.index.handles().filter(isWanted);
  return removeHandles(engine.store, handles);
}

/**
 * Removes what `isWanted` says, of what is fresh or stale; how many fresh entries went. It is asked about all before the
 * first one goes, so that nothing has happened when it throws; what it writes or removes meanwhile is left as it is.
 */
export function removeWhere<K, V>(
  engine: Engine<K, V>,
  isWanted: (key: K, value: V, info: EntryInfo) => boolean,
): number {
  const { store, ticker, space } = engine;
  const now = ticker.now();
  const wanted = listEntries(store, space, { stale: true }).filter(({ key, value, handle }) => {
    if (store.table.value(handle) !== value || space.index.find(key) !== handle) return false;
    return checkVerdict(isWanted(key, engine.copied(key, value), describeEntry(store, handle, now)));
  });
  const unchanged = wanted.filter(({ key, value, handle }) => {
    return space.index.find(key) === handle && store.table.value(handle) === value;
  });
  return removeHandles(
    store,
    unchanged.map(({ handle }) => handle),
  );
}

/** Removes everything, namespaces included. O(what goes). */
export function clearAll<K, V>(engine: Engine<K, V>): void {
  const { store, space, events } = engine;
  for (const { owner } of space.within()) owner.changes.supersedeAll();
  let isEmpty = true;
  try {
    if (space === store.table.root) {
      isEmpty = store.count === 0;
      store.clear();
    } else {
      store.readClock();
      const handles = [...space.within()].flatMap(({ index }) => [...index.handles()]);
      isEmpty = handles.length === 0;
      dropAll(store, handles, 'clear');
    }
  } finally {
    store.removals.flush();
  }
  if (isEmpty && events.heard.clear) events.emit('clear', {});
}

/** Takes out entries of these handles, all of them before anybody is told; how many were fresh. */
function removeHandles<K, V>(store: Store<K, V>, handles: Iterable<number>): number {
  const { table } = store;
  let fresh = 0;
  try {
    eachToTheEnd(handles, (handle) => {
      table.spaceOf(handle).owner.changes.supersede(table.key(handle));
      const state = store.state(handle);
      if (state === 'fresh') fresh++;
      store.drop(handle, state === 'dead' ? 'expire' : 'delete');
    });
  } finally {
    store.removals.flush();
  }
  return fresh;
}
