/**
 * Advice of one kind of cache under one policy on one workload, beside the truth.
 */

import { jobInput, loadProduct, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { type AdviceInput, errorMetric } from './advice-cells.js';
import { budgetOf } from './eviction-cells.js';
import { footprintOf, type Requests, requestsFrom } from './requests.js';

/** The share of the requests and of the bytes that a cache has answered, and what it says of the budgets. */
interface Seen {
  hitRate: number;
  byteHitRate: number;
  advice: readonly { factor: number; hitRate: number; byteHitRate: number }[];
}

/** The largest budget of a shared cache of these: sizes are scaled to it. */
const SHARED_BYTES = 256 * 1024 * 1024;
const MOST_TIMES = 4;
/**
 * Two shared caches that are asked the same differ by some points where requests go round in circles: what the trial of `auto` follows
 * is drawn, and when the keeper hears of a use is chance. The truth is the mean of so many.
 */
const SHARED_TRUTHS = 3;

const { kind, policy, origin, shares, sharedRequests, product } = jobInput<AdviceInput>();
const all = requestsFrom(origin);
const metrics: Metrics = {};
for (const share of shares) {
  const requests = kind === 'Cache' ? all : scaled(all, share);
  const run = kind === 'Cache' ? ask : askShared;
  const budget = budgetOf(footprintOf(requests), share);
  const { advice } = await run(requests, budget);
  const errors = { requests: 0, bytes: 0 };
  for (const { factor, hitRate, byteHitRate } of advice) {
    if (factor === 1) continue;
    const truths: Seen[] = [];
    for (let n = kind === 'Cache' ? 1 : SHARED_TRUTHS; n > 0; n--)
      truths.push(await run(requests, Math.floor(budget * factor)));
    errors.requests = Math.max(errors.requests, 100 * Math.abs(hitRate - mean(truths.map((seen) => seen.hitRate))));
    errors.bytes = Math.max(errors.bytes, 100 * Math.abs(byteHitRate - mean(truths.map((seen) => seen.byteHitRate))));
  }
  metrics[errorMetric('requests', share)] = errors.requests;
  metrics[errorMetric('bytes', share)] = errors.bytes;
}
report(metrics);

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

async function ask({ ids, sizes }: Requests, maxBytes: number): Promise<Seen> {
  const { Cache } = await loadProduct(product);
  const cache = new Cache<string, true>({ maxBytes, policy });
  for (let at = 0; at < ids.length; at++) {
    const key = `object:${ids[at]!}`;
    if (cache.get(key) === undefined) cache.set(key, true, { size: sizes[at]! });
  }
  const seen = { ...cache.stats.snapshot(), advice: cache.stats.advise() };
  await cache.close();
  return seen;
}

async function askShared({ ids, sizes }: Requests, maxBytes: number): Promise<Seen> {
  const { SharedCache } = await loadProduct(product);
  const cache = await SharedCache.create<Uint8Array>({ name: `advice ${maxBytes}`, maxBytes, policy });
  const bytes = new Uint8Array(maxBytes);
  for (let at = 0; at < ids.length; at++) {
    const key = `object:${ids[at]!}`;
    const lease = cache.acquire(key);
    if (lease) lease.release();
    else await cache.set(key, bytes.subarray(0, Math.min(sizes[at]!, maxBytes / 2)));
  }
  const seen = { ...cache.stats.snapshot(), advice: cache.stats.advise() };
  await cache.close();
  return seen;
}

/** The first requests, with sizes so small that four times the budget is memory that every machine has. */
function scaled({ ids, sizes }: Requests, share: number): Requests {
  const first = { ids: ids.slice(0, sharedRequests), sizes: sizes.slice(0, sharedRequests) };
  const times = SHARED_BYTES / MOST_TIMES / (footprintOf(first) * share);
  return { ids: first.ids, sizes: first.sizes.map((size) => Math.max(1, Math.round(size * times))) };
}
