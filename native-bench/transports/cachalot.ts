/**
 * cachalot's `SharedCache`: `acquire`, the first byte of the value, `release`; or `get`, which copies.
 */

import { loadProduct } from '../harness/in-child.js';
import {
  byteOf,
  type Connected,
  keyOf,
  knownKeys,
  type Read,
  type ReadInput,
  sourcesOf,
  type Transport,
} from './transport.js';

interface Image {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** Room for the values and what surrounds them. */
const ROOM = 1.5;

/** The value is the bytes. */
export const cachalotBytes: Transport = transport<Uint8Array>(
  (pixels) => pixels,
  (value) => value[0]!,
);

/** The value is an object with the bytes in it, as a decoder returns them. */
export const cachalotImage: Transport = transport<Image>(
  (pixels) => ({ width: 1920, height: 1080, pixels }),
  (value) => value.pixels[0]!,
);

function transport<V>(wrap: (pixels: Uint8Array) => V, firstByte: (value: V) => number): Transport {
  return {
    async serve({ keys, bytes, product }: ReadInput) {
      const { SharedCache } = await loadProduct(product);
      const cache = await SharedCache.create<V>({ name: 'bench', maxBytes: Math.ceil(keys * (bytes + 1024) * ROOM) });
      for (let id = 0; id < keys; id++) {
        const stored = await cache.set(keyOf(id), wrap(new Uint8Array(bytes).fill(byteOf(id))));
        if (!stored) throw new Error(`bench: cachalot refused value ${id} of ${keys}`);
      }
      return { forThread: () => ({ data: cache.handle }), close: () => cache.close() };
    },
    async connect({ keys, bytes, product }: ReadInput, mode: string, data: unknown): Promise<Connected> {
      const { SharedCache } = await loadProduct(product);
      const cache = await SharedCache.attach<V>(data as Parameters<typeof SharedCache.attach>[0]);
      const known = knownKeys(keys);
      const inPlace = (key: string): number => {
        const lease = cache.acquire(key)!;
        const byte = firstByte(lease.value);
        lease.release();
        return byte;
      };
      const reads: Record<string, (id: number) => number> = {
        known: (id) => inPlace(known[id]!),
        fresh: (id) => inPlace(keyOf(id)),
        copy: (id) => firstByte(cache.get(known[id]!)!),
      };
      const read: Read = { kind: 'sync', read: reads[mode]! };
      const source = sourcesOf(bytes);
      const write = async (id: number): Promise<void> => {
        if (!(await cache.set(known[id]!, wrap(source(id))))) throw new Error('bench: cachalot refused a write');
      };
      return { read, write: { kind: 'async', write }, close: () => cache.close() };
    },
  };
}
