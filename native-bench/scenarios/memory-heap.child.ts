/**
 * The resident memory of an in-process cache of buffers after churn, beside a bare `Map` that holds the same bytes.
 */

import { collect, jobInput, loadPeer, loadProduct, report } from '../harness/in-child.js';
import type { MemoryInput } from './memory.js';
import { churnSizes, Peak, residentBytes } from './memory-values.js';

interface Held {
  set(key: string, value: Buffer): void;
  bytes(): number;
  clear(): void;
}

interface LruModule {
  LRUCache: new (options: {
    maxSize: number;
    sizeCalculation(value: Buffer): number;
  }) => { set(key: string, value: Buffer): unknown; clear(): void; calculatedSize: number };
}

const MIB = 1024 * 1024;
const { contender, budget, churn, seed, product } = jobInput<MemoryInput>();
const sizes = churnSizes(budget * churn, seed);
const cache = await open();
collect();
const before = residentBytes();
const peak = new Peak();
for (const [index, size] of sizes.entries()) {
  cache.set(`value:${index}`, Buffer.alloc(size, 1));
  peak.sample();
}
collect();
const grown = residentBytes() - before;
const held = cache.bytes();
cache.clear();
report({
  budgetMiB: budget / MIB,
  grownMiB: grown / MIB,
  peakMiB: (peak.bytes - before) / MIB,
  heldMiB: held / MIB,
  ledgerAfterClear: cache.bytes(),
});

async function open(): Promise<Held> {
  if (contender === 'Map') return boundedMap();
  if (contender === 'lru-cache maxSize') {
    const { LRUCache } = await loadPeer<LruModule>('lru-cache');
    const lru = new LRUCache({ maxSize: budget, sizeCalculation: (value) => value.length });
    return { set: (key, value) => lru.set(key, value), bytes: () => lru.calculatedSize, clear: () => lru.clear() };
  }
  const { Cache } = await loadProduct(product);
  const ours = new Cache<string, Buffer>({ maxBytes: budget, policy: 'lru' });
  return { set: (key, value) => ours.set(key, value), bytes: () => ours.bytes, clear: () => ours.clear() };
}

/** Nobody reads here, so that the least recently used value is the oldest: what a `Map` can find by itself. */
function boundedMap(): Held {
  const map = new Map<string, Buffer>();
  let bytes = 0;
  return {
    set(key, value) {
      map.set(key, value);
      bytes += value.length;
      for (const [oldest, { length }] of map) {
        if (bytes <= budget) break;
        map.delete(oldest);
        bytes -= length;
      }
    },
    bytes: () => bytes,
    clear() {
      map.clear();
      bytes = 0;
    },
  };
}
