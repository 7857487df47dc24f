/**
 * Caches of how many entries: from what fits into the processor's cache to what fits into no cache at all.
 */

import type { Job, Setting } from '../harness/scenario.js';
import type { HeapInput } from './heap-workload.js';

export interface HeapSize {
  /** '50 k' */
  name: string;
  capacity: number;
  draws: number;
  /** Only when all is asked for: minutes and gigabytes. */
  isFull?: boolean;
}

export const HEAP_SIZES: readonly HeapSize[] = [
  { name: '1 k', capacity: 1_000, draws: 1 << 15 },
  { name: '50 k', capacity: 50_000, draws: 1 << 19 },
  { name: '1 M', capacity: 1_000_000, draws: 1 << 21 },
  { name: '10 M', capacity: 10_000_000, draws: 1 << 22, isFull: true },
];

const SMOKE: readonly HeapSize[] = [{ name: '2 k', capacity: 2_000, draws: 1 << 14 }];
/** Filling millions takes its time, on a busy machine more. */
const DEADLINE_MS = 900_000;
/** Keys, values and circle of 10 M entries are 4 GB, and a cache is made twice. */
const HEAP_FLAGS = ['--expose-gc', '--max-old-space-size=16384'];

/** The sizes of a run. */
export function sizesFor({ smoke, full }: Pick<Setting, 'smoke' | 'full'>): readonly HeapSize[] {
  return smoke ? SMOKE : HEAP_SIZES.filter(({ isFull = false }) => full || !isFull);
}

/** One cache measured at one size. Twice as many keys as there is room for. */
export function heapJob(
  group: string,
  contender: string,
  { capacity, draws }: HeapSize,
  { seed, product, window }: Pick<Setting, 'seed' | 'product' | 'window'>,
  parts: Pick<HeapInput, 'loads' | 'weighs'> = {},
): Job {
  const input: HeapInput = { contender, seed, product, window, keys: 2 * capacity, capacity, draws, ...parts };
  return {
    contender,
    group,
    module: 'scenarios/heap.child.js',
    input: { ...input },
    nodeFlags: HEAP_FLAGS,
    deadlineMs: DEADLINE_MS,
  };
}
