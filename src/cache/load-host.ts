import type { EntryOptions } from '../load/context.js';
import type { Engine } from './engine.js';
import type { Held, LoadHost } from './loading.js';

/** What a subclass of `Cache` may put between the user and the entries. */
export interface Hooks<K, V> {
  preSet(key: K, value: V, options?: EntryOptions): V;
  postGet(key: K, value: V): V;
}

/** What loading sees of a cache. */
export function loadHost<K, V>(engine: Engine<K, V>, hooks: Hooks<K, V>): LoadHost<K, V> {
  const { store, ticker, counters, events, options } = engine;
  return {
    name: options.name,
    refreshAhead: options.refreshAhead,
    counters,
    events,
    now: () => ticker.now(),
    assertOpen: () => engine.assertOpen(),
    read(key) {
      const value = engine.read(key);
      return value === undefined ? undefined : hooks.postGet(key, value);
    },
    miss: (key) => engine.miss(key),
    held(key): Held<V> | undefined {
      const handle = engine.space.index.find(key);
      if (handle < 0) return undefined;
      const now = ticker.now();
      const state = store.life.state(handle);
      if (state === 'dead') return undefined;
      return {
        value: store.table.value(handle) as V,
        isFresh: state === 'fresh',
        ageMs: now - store.table.born(handle),
        ttlMs: store.life.ttl(handle),
      };
    },
    keep(key, value, given, durationMs) {
      const stored = hooks.preSet(key, value, given);
      engine.writeLoaded(key, stored, given, durationMs);
      return stored;
    },
    answer: (key, value) => hooks.postGet(key, engine.copied(key, value)),
  };
}
