import { SimulatedCache } from '../advice/simulated-cache.js';
import type { Policy } from '../policy/policy.js';
import type { Batch } from './batch.js';

/** What a miss costs: one request, its bytes, the root of its bytes, or what the trace says. */
export type ReplayCost = 'requests' | 'bytes' | 'balanced' | 'measured';

/** Sums over all requests replayed so far. */
export interface ReplayTotals {
  requests: number;
  misses: number;
  bytes: number;
  missedBytes: number;
  cost: number;
  missedCost: number;
}

/**
 * A trace replayed: from a cold start, charged with the sizes of the trace and nothing else. An object that is bigger than
 * the budget is a miss and is not taken in.
 */
export class Replay extends SimulatedCache {
  readonly totals: ReplayTotals = { requests: 0, misses: 0, bytes: 0, missedBytes: 0, cost: 0, missedCost: 0 };

  constructor(
    policy: Policy,
    maxBytes: number,
    readonly cost: ReplayCost = 'requests',
  ) {
    super(policy, maxBytes);
  }

  /** Replays a batch: what a miss costs is said by `cost`. */
  replay({ ids, sizes, costs, length }: Batch): void {
    const { totals, cost } = this;
    let misses = 0;
    let bytes = 0;
    let missedBytes = 0;
    let costSum = 0;
    let missedCost = 0;
    for (let i = 0; i < length; i++) {
      const size = sizes[i]!;
      const price =
        cost === 'requests' ? 1 : cost === 'bytes' ? size : cost === 'balanced' ? Math.sqrt(size) : costs[i]!;
      bytes += size;
      costSum += price;
      if (this.request(ids[i]!, size, price)) continue;
      misses++;
      missedBytes += size;
      missedCost += price;
    }
    totals.requests += length;
    totals.misses += misses;
    totals.bytes += bytes;
    totals.missedBytes += missedBytes;
    totals.cost += costSum;
    totals.missedCost += missedCost;
  }
}
