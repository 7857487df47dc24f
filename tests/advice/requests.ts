import { randomFrom } from '../support/random.mjs';

/** A request of an object of so many bytes. */
export interface Requested {
  id: number;
  size: number;
}

interface Workload {
  requests: number;
  objects: number;
  /** How much more often the popular ones are asked for: 0 is not at all. */
  skew: number;
  /** The share of requests that walk through all objects in turn. */
  scan?: number;
  seed: number;
}

/** Requests by Zipf's law, mixed with a scan, of objects whose sizes spread over two orders of magnitude. */
export function requestsOf({ requests, objects, skew, scan = 0, seed }: Workload): Requested[] {
  const random = randomFrom(seed);
  const sizes = Array.from({ length: objects }, () => Math.ceil(10 ** (1 + 2 * random())));
  const sums = new Float64Array(objects);
  let sum = 0;
  for (let rank = 0; rank < objects; rank++) {
    sum += 1 / (rank + 1) ** skew;
    sums[rank] = sum;
  }
  let next = 0;
  return Array.from({ length: requests }, () => {
    const id = random() < scan ? next++ % objects : rankAt(sums, random() * sum);
    return { id, size: sizes[id]! };
  });
}

function rankAt(sums: Float64Array, at: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The sum of the sizes of all objects that are asked for. */
export function footprintOf(requests: readonly Requested[]): number {
  return [...new Map(requests.map(({ id, size }) => [id, size])).values()].reduce((sum, size) => sum + size, 0);
}
