/**
 * What the parent of the scenario `cost`, its processes and the report have in common.
 */

import type { Decodes } from './decodes.js';
import { LRU_CACHE, percent } from './eviction-cells.js';
import type { Origin } from './requests.js';

export const COSTS = ['measured', 'requests', 'bytes', 'balanced'] as const;
export const COST_CONTENDERS = [
  ...COSTS.map((cost) => `cachalot auto, cost ${cost}`),
  'cachalot gdsf, cost measured',
  'cachalot lru',
  LRU_CACHE,
] as const;
export const MEASURED = COST_CONTENDERS[0];

export interface CostInput {
  contender: string;
  origin: Origin;
  shares: readonly number[];
  decodes: Decodes;
  seed: number;
  product: string;
}

/** The share of the load time without a cache that hits have spared. */
export function savedMetric(share: number): string {
  return `saved@${percent(share)}`;
}

/** What `stats.snapshot().savedTime` makes of it, as a share of what it was. */
export function toldMetric(share: number): string {
  return `told@${percent(share)}`;
}
