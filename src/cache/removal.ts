import type { Engine } from './engine.js';

/** Removes what bears one of the tags, and what is being loaded to; how many fresh entries went. O(what goes). */
export function removeTagged<K, V>(engine: Engine<K, V>, tags: readonly string[]): number {
  engine.changes.supersedeTags(tags);
  return engine.removeAll(engine.store.tagged.handlesOfAny(tags));
}
