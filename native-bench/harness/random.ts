/**
 * Seeded randomness: a run with the same seed asks every contender for the same keys in the same order.
 */

/** A number in [0, 1). */
export type Random = () => number;

/** Mulberry32: 32 bits of state, good enough to draw keys and resamples, and the same on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Fisher–Yates, in place. */
export function shuffle<A extends { length: number; [index: number]: T }, T>(items: A, random: Random): A {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = items[last] as T;
    items[last] = items[other] as T;
    items[other] = held;
  }
  return items;
}

/** `length` draws from 0..count-1, each as likely as the other. */
export function uniformDraws(count: number, length: number, random: Random): Uint32Array {
  return Uint32Array.from({ length }, () => Math.floor(random() * count));
}

/**
 * `length` draws from 0..count-1 where the k-th most popular is drawn in proportion to 1/k^exponent. Which number is
 * how popular is shuffled, so that the popular ones do not lie side by side in memory.
 */
export function zipfDraws(count: number, exponent: number, length: number, random: Random): Uint32Array {
  const cumulative = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank++) {
    total += 1 / (rank + 1) ** exponent;
    cumulative[rank] = total;
  }
  const identity = shuffle(
    Uint32Array.from({ length: count }, (_, index) => index),
    random,
  );
  return Uint32Array.from({ length }, () => identity[firstAbove(cumulative, random() * total)]!);
}

function firstAbove(sorted: Float64Array, target: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! > target) high = middle;
    else low = middle + 1;
  }
  return low;
}
