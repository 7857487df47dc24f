/**
 * One policy on one workload: the share of requests and of bytes that it misses, from a cold start.
 */

import { jobInput, loadPeer, loadProduct, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { budgetOf, type EvictionInput, missMetric, OUR_POLICIES } from './eviction-cells.js';
import { footprintOf, isSized, type Requests, requestsFrom } from './requests.js';

/** A cache of things that are all the same: only their sizes count. */
interface Sized {
  get(id: number): unknown;
  set(id: number, value: true, options: { size: number }): unknown;
}

interface LruModule {
  LRUCache: new (options: { maxSize: number }) => Sized;
}

type Cost = 'requests' | 'bytes';

const { contender, origin, shares } = jobInput<EvictionInput>();
const open = await opener(contender);
const requests = requestsFrom(origin);
const footprint = footprintOf(requests);
const metrics: Metrics = {};
for (const share of shares) {
  for (const cost of isSized(requests) ? (['requests', 'bytes'] as const) : (['requests'] as const)) {
    metrics[missMetric(cost, share)] = missRatio(open(budgetOf(footprint, share), cost), requests, cost);
  }
}
report(metrics);

async function opener(name: string): Promise<(maxBytes: number, cost: Cost) => Sized> {
  const policy = OUR_POLICIES.find((known) => name === `cachalot ${known}`);
  if (policy) {
    const { Cache } = await loadProduct(jobInput<EvictionInput>().product);
    return (maxBytes, cost) => new Cache<number, true>({ maxBytes, policy, cost });
  }
  const { LRUCache } = await loadPeer<LruModule>('lru-cache');
  return (maxSize) => new LRUCache({ maxSize });
}

function missRatio(cache: Sized, { ids, sizes }: Requests, cost: Cost): number {
  const stored = new Map<number, number>();
  let asked = 0;
  let missed = 0;
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at]!;
    const size = sizes[at]!;
    const price = cost === 'bytes' ? size : 1;
    asked += price;
    const isHit = cache.get(id) !== undefined;
    if (!isHit) missed += price;
    if (isHit && stored.get(id) === size) continue;
    cache.set(id, true, { size });
    stored.set(id, size);
  }
  return missed / asked;
}
