/**
 * Ours beside one other in alternating pairs of fresh processes, thirty of them: what the rounds of `heap`, with all their
 * contenders, are too few for. Takes about an hour, so it is run when it is asked for.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import { type HeapSize, heapJob, sizesFor } from './heap-sizes.js';

export interface Pair {
  ours: string;
  other: string;
  loads?: readonly string[];
}

export const PAIRS: readonly Pair[] = [
  { ours: 'cachalot lru', other: 'lru-cache maxSize' },
  { ours: 'cachalot lru + ttl', other: 'lru-cache maxSize + ttl', loads: ['hit.known', 'hit.fresh', 'mixed'] },
  { ours: 'cachalot lru', other: 'mnemonist LRUMap', loads: ['mixed'] },
  { ours: 'cachalot auto', other: 'cachalot lru' },
];
/** Fewer tell little: the interval of the median is then as wide as the noise. */
const ROUNDS = 30;
/** The small cache is part of `heap`. */
const LEAST_ENTRIES = 2_000;

export const pairs: Scenario = {
  name: 'pairs',
  isLong: true,
  async plan(setting: Setting): Promise<Plan> {
    const sizes = sizesFor(setting).filter(({ capacity }) => capacity >= LEAST_ENTRIES);
    const chosen = setting.smoke ? PAIRS.slice(0, 2) : PAIRS;
    const jobs = sizes.flatMap((size) => chosen.flatMap((pair) => pairJobs(pair, size, setting)));
    return { jobs, rounds: setting.smoke ? 1 : ROUNDS };
  },
};

/** The two of a pair are a group of their own: they run right after each other, by turns the one and the other first. */
export function pairJobs(
  { ours, other, loads }: Pair,
  size: HeapSize,
  setting: Pick<Setting, 'seed' | 'product' | 'window'>,
): Job[] {
  const group = pairGroup(ours, other, size.name);
  const parts = loads === undefined ? { weighs: false } : { weighs: false, loads };
  return [ours, other].map((contender) => heapJob(group, contender, size, setting, parts));
}

/** `50 k: cachalot lru beside mnemonist LRUMap` */
export function pairGroup(ours: string, other: string, size: string): string {
  return `${size}: ${ours} beside ${other}`;
}
