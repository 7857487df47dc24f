/**
 * The values that churn, and how the process's memory is read.
 */

import { readFileSync } from 'node:fs';
import { createRandom } from '../harness/random.js';

const SMALLEST = 100_000;
const LARGEST = 8_000_000;

/** Sizes from 100 KB to 8 MB, as many below a geometric middle as above, until their sum passes `total`. */
export function churnSizes(total: number, seed: number): number[] {
  const random = createRandom(seed);
  const found: number[] = [];
  for (let sum = 0; sum < total; sum += found.at(-1)!) {
    found.push(Math.round(SMALLEST * (LARGEST / SMALLEST) ** random()));
  }
  return found;
}

export const LARGEST_VALUE = LARGEST;

/** Remembers the most that it was shown. */
export class Peak {
  bytes = 0;

  sample(): void {
    this.bytes = Math.max(this.bytes, residentBytes());
  }
}

/** The resident set now. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Threads of this process, or NaN where the kernel does not tell. */
export function threadCount(): number {
  try {
    return Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN);
  } catch {
    return Number.NaN; // Not Linux.
  }
}
