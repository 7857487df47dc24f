/**
 * The floor: a shared buffer, and in each thread a `Map` that knows where in it a value lies. Nothing can be added,
 * evicted or reclaimed. `view` makes a view a read, as a cache has to; lru-cache keeps ready-made views, one set a
 * thread, which is the most that it can do across threads.
 */

import { loadPeer } from '../harness/in-child.js';
import {
  type Connected,
  keyOf,
  knownKeys,
  nothingToClose,
  type Read,
  type ReadInput,
  sharedValues,
  sourcesOf,
  type Transport,
} from './transport.js';

async function serve(input: ReadInput): ReturnType<Transport['serve']> {
  const buffer = sharedValues(input);
  return { forThread: () => ({ data: buffer }), close: nothingToClose };
}

export const mapAndView: Transport = {
  serve,
  async connect({ keys, bytes }, mode, data): Promise<Connected> {
    const buffer = data as SharedArrayBuffer;
    const known = knownKeys(keys);
    const places = new Map<string, { offset: number; length: number }>();
    for (const [id, key] of known.entries()) places.set(key, { offset: id * bytes, length: bytes });
    const view = (key: string): number => {
      const place = places.get(key)!;
      return new Uint8Array(buffer, place.offset, place.length)[0]!;
    };
    const read: Read =
      mode === 'known'
        ? { kind: 'sync', read: (id) => view(known[id]!) }
        : { kind: 'sync', read: (id) => view(keyOf(id)) };
    const source = sourcesOf(bytes);
    const write = (id: number): void => {
      const place = places.get(known[id]!)!;
      new Uint8Array(buffer, place.offset, place.length).set(source(id));
      places.set(known[id]!, { offset: place.offset, length: place.length });
    };
    return { read, write: { kind: 'sync', write }, close: nothingToClose };
  },
};

interface LruModule {
  LRUCache: new (options: {
    maxSize: number;
    sizeCalculation(view: Uint8Array): number;
  }) => { get(key: string): Uint8Array | undefined; set(key: string, view: Uint8Array): unknown };
}

export const lruCacheOfViews: Transport = {
  serve,
  async connect({ keys, bytes }, mode, data): Promise<Connected> {
    const buffer = data as SharedArrayBuffer;
    const { LRUCache } = await loadPeer<LruModule>('lru-cache');
    const cache = new LRUCache({ maxSize: keys * bytes, sizeCalculation: (view) => view.byteLength });
    const known = knownKeys(keys);
    for (const [id, key] of known.entries()) cache.set(key, new Uint8Array(buffer, id * bytes, bytes));
    const read: Read =
      mode === 'known'
        ? { kind: 'sync', read: (id) => cache.get(known[id]!)![0]! }
        : { kind: 'sync', read: (id) => cache.get(keyOf(id))![0]! };
    const source = sourcesOf(bytes);
    const write = (id: number): void => {
      const view = new Uint8Array(buffer, id * bytes, bytes);
      view.set(source(id));
      cache.set(known[id]!, view);
    };
    return { read, write: { kind: 'sync', write }, close: nothingToClose };
  },
};
