/**
 * What the parent of the scenario `advice`, its processes and the report have in common.
 */

import { percent } from './eviction-cells.js';
import type { Origin } from './requests.js';

export const ADVISED_POLICIES = ['auto', 'lru'] as const;
export const KINDS = ['Cache', 'SharedCache'] as const;

export interface AdviceInput {
  kind: (typeof KINDS)[number];
  policy: (typeof ADVISED_POLICIES)[number];
  origin: Origin;
  shares: readonly number[];
  /** Of a shared cache only so many requests, the first: each miss asks its keeper. */
  sharedRequests: number;
  product: string;
}

export function advised(kind: string, policy: string): string {
  return `cachalot ${kind} ${policy}`;
}

/** The largest difference between advice and truth at ½×, 2× and 4× the budget, in points. */
export function errorMetric(by: 'requests' | 'bytes', share: number): string {
  return `${by}.error@${percent(share)}`;
}
