// @ts-check
// Everything random here is seeded: two runs ask for the same images in the same order.

/**
 * Mulberry32: a small generator of good quality, the same on every machine.
 *
 * @param {number} seed
 * @returns {() => number} from 0 to below 1
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Zipf's law: the k-th most popular of `count` things is asked for in proportion to `1 / k ** exponent`.
 *
 * @param {number} count
 * @param {number} exponent 0 = all alike, 1 = the classic, 0.9 = what image servers see
 * @param {() => number} random
 * @returns {() => number} an index, 0 the most popular
 */
export function zipf(count, exponent, random) {
  const cumulated = new Float64Array(count);
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += 1 / rank ** exponent;
    cumulated[rank - 1] = sum;
  }
  return () => {
    const point = random() * sum;
    const index = cumulated.findIndex((edge) => point < edge);
    return index < 0 ? count - 1 : index;
  };
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {() => number} random
 * @returns {T[]} a shuffled copy (Fisher-Yates)
 */
export function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/**
 * The smallest value that at least `share` of the values do not exceed; 0 for none.
 *
 * @param {ArrayLike<number>} sorted ascending
 * @param {number} share from 0 to 1
 */
export function percentile(sorted, share) {
  if (sorted.length === 0) return 0;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
