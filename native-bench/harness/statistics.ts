/**
 * What may be said about a few noisy samples: their median, and how far it could be off.
 */

import { createRandom } from './random.js';

/** A median with its bootstrap interval. */
export interface Estimate {
  median: number;
  low: number;
  high: number;
  /** How many samples it rests on. */
  count: number;
}

export interface BootstrapOptions {
  /** Default 2000. */
  resamples?: number;
  /** Share of the resampled medians inside the interval. Default 0.95. */
  confidence?: number;
  /** Default 1: the interval of the same samples is always the same. */
  seed?: number;
}

/** The `share` quantile (0..1) with linear interpolation. Throws a `RangeError` for no samples. O(n log n). */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('quantile: expected at least one sample, got an empty list');
  const sorted = [...samples].sort((left, right) => left - right);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (position - below);
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/**
 * The median and the percentile bootstrap of it (Efron 1979): draw as many samples with replacement, take their
 * median, many times over; the interval holds the middle `confidence` of those medians. With few samples it is as
 * wide as the samples are, which is the honest answer.
 */
export function estimate(samples: readonly number[], options: BootstrapOptions = {}): Estimate {
  const { resamples = 2000, confidence = 0.95, seed = 1 } = options;
  const random = createRandom(seed);
  const drawn = new Array<number>(samples.length);
  const medians: number[] = [];
  for (let round = 0; round < resamples; round++) {
    for (let index = 0; index < drawn.length; index++) drawn[index] = samples[Math.floor(random() * samples.length)]!;
    medians.push(median(drawn));
  }
  const tail = (1 - confidence) / 2;
  return {
    median: median(samples),
    low: quantile(medians, tail),
    high: quantile(medians, 1 - tail),
    count: samples.length,
  };
}

/** Fewer samples have no interval worth the name: nothing is claimed from them. */
export const FEWEST_SAMPLES = 3;

/**
 * `win`, `loss`, or `tie` when the interval of a ratio holds 1: a difference below the interval is none. Fewer than
 * three samples tell nothing: a tie.
 */
export function verdict(ratio: Estimate): 'win' | 'loss' | 'tie' {
  if (ratio.count < FEWEST_SAMPLES) return 'tie';
  if (ratio.low > 1) return 'win';
  return ratio.high < 1 ? 'loss' : 'tie';
}
