/**
 * What a scenario contributes to the README.
 */

import { type Estimate, FEWEST_SAMPLES } from '../harness/statistics.js';
import type { Chart } from './chart.js';

/** A line in the sand: what is promised, and what came. */
export interface Goal {
  text: string;
  found: Estimate | undefined;
  /** The goal is met from here up, or, for a cost, from here down. */
  atLeast?: number;
  atMost?: number;
  unit: string;
  /** It was reckoned, not sampled: one figure is enough. */
  isExact?: boolean;
}

/** Ours beside a peer at one kind of work; below 1 we lose. */
export interface Comparison {
  work: string;
  peer: string;
  ratio: Estimate;
}

export interface Section {
  title: string;
  text: string;
  charts: { name: string; chart: Chart }[];
  goals: Goal[];
  comparisons: Comparison[];
}

/** `met`, `missed`, or `open` when the interval holds the goal, or the rounds are too few for one: they cannot tell. */
export function outcomeOf({
  found,
  atLeast,
  atMost,
  isExact = false,
}: Goal): 'met' | 'missed' | 'open' | 'not measured' {
  if (!found) return 'not measured';
  if (!isExact && found.count < FEWEST_SAMPLES) return 'open';
  if (atLeast !== undefined) return judge(found.low >= atLeast, found.high < atLeast);
  if (atMost !== undefined) return judge(found.high <= atMost, found.low > atMost);
  throw new TypeError('goal: expected atLeast or atMost');
}

function judge(met: boolean, missed: boolean): 'met' | 'missed' | 'open' {
  if (met) return 'met';
  return missed ? 'missed' : 'open';
}
