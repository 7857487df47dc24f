/**
 * What the parent of the eviction scenarios, their processes and the report have in common.
 */

import type { Origin } from './requests.js';

export interface EvictionInput {
  contender: string;
  origin: Origin;
  /** Budgets as shares of the footprint. */
  shares: readonly number[];
  product: string;
}

export const OUR_POLICIES = ['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const;
export const LRU_CACHE = 'lru-cache maxSize';
/** Before the name of a policy of a reference table. */
export const REFERENCE = 'reference: ';

export const SHARES = [0.01, 0.05, 0.1] as const;

/** As `cachalot simulate` reckons it. */
export function budgetOf(footprint: number, share: number): number {
  return Math.max(1, Math.floor(footprint * share));
}

/** The name of a miss ratio: by what it is, under that same cost, and at which budget. */
export function missMetric(by: 'requests' | 'bytes', share: number): string {
  return `${by}@${percent(share)}`;
}

export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}
