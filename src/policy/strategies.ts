import type { Terms } from './decay.js';

/** The strategies among which measurement chooses; the first is the one to begin with. */
export const STRATEGIES: readonly Terms[] = [
  // Uses count for long, newcomers prove themselves: skewed and stable popularity, scans.
  { window: 0.1, halfLife: 10, discount: 0.5 },
  // Recent uses count: popularity that drifts.
  { window: 0.1, halfLife: 3, discount: 0 },
  { window: 0.02, halfLife: 1, discount: 0 },
  // The last use counts: LRU, all but exactly.
  { window: 0.1, halfLife: 0.04, discount: 0 },
  // Who is in stays unless the other has clearly been used more: loops longer than the cache.
  { window: 0.02, halfLife: 40, discount: 1 },
  // Newcomers get time: bursts.
  { window: 0.3, halfLife: 10, discount: 0.5 },
];

/** The place of LRU among them: what any choice has to be worth its while against. */
export const LRU = 3;
