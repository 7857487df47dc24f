/**
 * The resident memory of a `SharedCache` after churn, its ledger, and what its ledger says after `clear`.
 */

import { collect, jobInput, loadProduct, report } from '../harness/in-child.js';
import type { MemoryInput } from './memory.js';
import { churnSizes, LARGEST_VALUE, Peak, residentBytes, threadCount } from './memory-values.js';

const MIB = 1024 * 1024;
const { budget, churn, seed, product } = jobInput<MemoryInput>();
const { SharedCache } = await loadProduct(product);

// One source for all values, touched before the start, so that whatever grows is the cache's.
const source = new Uint8Array(LARGEST_VALUE).fill(1);
const sizes = churnSizes(budget * churn, seed);
collect();
const before = residentBytes();
const threadsBefore = threadCount();
const cache = await SharedCache.create<Uint8Array>({ name: 'memory', maxBytes: budget });
const threads = threadCount() - threadsBefore;

const peak = new Peak();
let refused = 0;
for (const [index, size] of sizes.entries()) {
  if (!(await cache.set(`value:${index}`, source.subarray(0, size)))) refused++;
  peak.sample();
}
collect();
const grown = residentBytes() - before;
const held = cache.bytes;
const entries = cache.size;
await cache.clear();
const ledger = cache.stats.snapshot();
report({
  budgetMiB: budget / MIB,
  grownMiB: grown / MIB,
  peakMiB: (peak.bytes - before) / MIB,
  boundMiB: (budget * 1.1) / MIB + 64 + 20 * threads,
  threads,
  heldMiB: held / MIB,
  entries,
  refused,
  ledgerAfterClear: cache.bytes + ledger.reservedBytes + ledger.pinnedBytes,
});
await cache.close();
