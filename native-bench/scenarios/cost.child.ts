/**
 * One cost setting on one workload: the load time that it spares. The clock of this process is virtual, and goes on only by
 * what loads take: the cache times its loads as it always does, and finds what was measured before.
 */

import { jobInput, loadPeer, loadProduct, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { COSTS, type CostInput, savedMetric, toldMetric } from './cost-cells.js';
import { loadTimesOf } from './decodes.js';
import { budgetOf } from './eviction-cells.js';
import { footprintOf, requestsFrom } from './requests.js';

interface LruModule {
  LRUCache: new (options: {
    maxSize: number;
  }) => {
    get(id: number): number | undefined;
    set(id: number, size: number, options: { size: number }): unknown;
  };
}

let now = 0;
Object.defineProperty(performance, 'now', { value: () => now });

const { contender, origin, shares, decodes, seed, product } = jobInput<CostInput>();
const requests = requestsFrom(origin);
const { ids, sizes } = requests;
const times = loadTimesOf(requests, decodes, seed);
const footprint = footprintOf(requests);
const withoutCache = times.reduce((sum, ms) => sum + ms, 0);
const metrics: Metrics = {};
const run = contender.startsWith('cachalot') ? ours : lruCache;
for (const share of shares) await run(share, budgetOf(footprint, share));
report(metrics);

async function ours(share: number, maxBytes: number): Promise<void> {
  const { Cache } = await loadProduct(product);
  const policy = (['auto', 'gdsf'] as const).find((name) => contender.startsWith(`cachalot ${name}`)) ?? 'lru';
  const cost = COSTS.find((name) => contender.endsWith(`cost ${name}`)) ?? 'requests';
  const cache = new Cache<number, number>({ maxBytes, policy, cost, weigher: (size) => size });
  const start = now;
  for (let at = 0; at < ids.length; at++) {
    await cache.getOrSet(ids[at]!, () => {
      now += times[at]!;
      return sizes[at]!;
    });
  }
  const saved = withoutCache - (now - start);
  metrics[savedMetric(share)] = saved / withoutCache;
  metrics[toldMetric(share)] = cache.stats.snapshot().savedTime / saved;
  await cache.close();
}

async function lruCache(share: number, maxSize: number): Promise<void> {
  const { LRUCache } = await loadPeer<LruModule>('lru-cache');
  const cache = new LRUCache({ maxSize });
  let spent = 0;
  for (let at = 0; at < ids.length; at++) {
    if (cache.get(ids[at]!) !== undefined) continue;
    spent += times[at]!;
    cache.set(ids[at]!, sizes[at]!, { size: sizes[at]! });
  }
  metrics[savedMetric(share)] = 1 - spent / withoutCache;
}
