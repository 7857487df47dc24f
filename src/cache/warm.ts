import type { Loader } from '../load/context.js';
import { byWorth, checkWarmable, type Warmed, Warming, type WarmOptions, type WarmSummary } from '../load/warm.js';
import type { Engine } from './engine.js';
import type { Prepared } from './entry-terms.js';
import type { Hooks } from './load-host.js';
import type { Loading } from './loading.js';
import { weigh } from './weight.js';

/** What warming a cache takes. */
interface Parts<K, V> {
  engine: Engine<K, V>;
  hooks: Hooks<K, V>;
  loading: Loading<K, V>;
  /** @throws CacheConfigError when there is none. */
  loader: () => Loader<V, K>;
}

/** Fills the room that is left: by the entries of a `Map`, or by loading keys. Nobody goes for them but the dead. */
export async function warmCache<K, V>(
  { engine, hooks, loading, loader }: Parts<K, V>,
  source: ReadonlyMap<K, V> | Iterable<K>,
  options?: WarmOptions<K>,
): Promise<WarmSummary> {
  checkWarmable(source);
  const host = {
    guard: (action: () => void) => engine.events.guard(action),
    assertOpen: () => engine.assertOpen(),
  };
  const room = new FreeRoom(engine);
  if (source instanceof Map) {
    const warming = new Warming<K>(host, source.size, options);
    return storeAll(engine, hooks, warming, source as ReadonlyMap<K, V>, room);
  }
  const keys = [...(source as Iterable<K>)];
  const load = loader();
  const warming = new Warming<K>(host, keys.length, options);
  const { signal } = warming.options;
  engine.store.sweep();
  engine.store.removals.flush();
  return warming.loadAll(keys, async (key): Promise<Warmed> => {
    if (engine.findFresh(key) >= 0) return 'skipped';
    let isFull = false;
    let giveBack = (): void => {};
    try {
      await loading.getOrSet(
        key,
        async (context) => {
          const value = await load(key, context);
          if (value === undefined) return undefined;
          const size = weigh(key, value, engine.options.weigher);
          const isRefused = size > engine.maxEntryBytes;
          if (isRefused || !room.has(key, size)) {
            isFull = !isRefused;
            return context.skip(value);
          }
          giveBack = room.keep(size);
          return value;
        },
        signal && { signal },
      );
    } finally {
      giveBack();
    }
    if (isFull) return 'full';
    return engine.findFresh(key) < 0 ? 'skipped' : 'loaded';
  });
}

async function storeAll<K, V>(
  engine: Engine<K, V>,
  hooks: Hooks<K, V>,
  warming: Warming<K>,
  entries: ReadonlyMap<K, V>,
  room: FreeRoom<K, V>,
): Promise<WarmSummary> {
  const writes: { key: K; write: Prepared<V>; cost: number; size: number }[] = [];
  for (const [key, value] of entries) {
    try {
      const write = engine.prepare(key, hooks.preSet(key, value));
      writes.push({ key, write, cost: write.cost, size: write.size });
    } catch (error) {
      warming.note(key, 'failed', { error });
    }
  }
  engine.store.sweep();
  engine.store.removals.flush();
  for (const { key, write, size } of byWorth(writes)) {
    await warming.pause();
    if (size > engine.maxEntryBytes || !room.has(key, size)) {
      warming.note(key, 'skipped');
      continue;
    }
    try {
      engine.place(key, write);
      warming.note(key, 'stored');
    } catch (error) {
      warming.note(key, 'failed', { error });
    }
  }
  return warming.summary;
}

/** The room that nobody takes, less what has been promised to values that are about to be stored. */
class FreeRoom<K, V> {
  #bytes = 0;
  #entries = 0;

  constructor(readonly engine: Engine<K, V>) {}

  /** Whether a value of that size fits in under the key. */
  has(key: K, size: number): boolean {
    const { store, space } = this.engine;
    const held = space.index.find(key);
    const bytes = store.bytes + this.#bytes + size - (held < 0 ? 0 : store.table.size(held));
    return bytes <= store.maxBytes && store.count + this.#entries + (held < 0 ? 1 : 0) <= store.maxEntries;
  }

  /** Promises it; gives what ends the promise. */
  keep(size: number): () => void {
    this.#bytes += size;
    this.#entries++;
    return () => {
      this.#bytes -= size;
      this.#entries--;
    };
  }
}
