/** A small seeded generator (mulberry32): the same value gets the same size in every call. */
export class Random {
  private state = 0x9e3779b9;

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** `count` rising indices below `length`, one at random from each of `count` equal stretches; all of them if few. */
  pick(length: number, count: number): number[] {
    if (length <= count) return Array.from({ length }, (_, index) => index);
    const stretch = length / count;
    return Array.from({ length: count }, (_, index) => Math.floor((index + this.next()) * stretch));
  }
}

/**
 * Leaves at most `width` of the items, chosen with a probability in proportion to their weights (systematic
 * resampling), and gives the survivors the weight of all.
 */
export function thin<T>(
  items: T[],
  weights: number[],
  width: number,
  random: Random,
): { items: T[]; weights: number[] } {
  if (items.length <= width) return { items, weights };
  const step = weights.reduce((sum, weight) => sum + weight, 0) / width;
  const kept: T[] = [];
  const keptWeights: number[] = [];
  let mark = random.next() * step;
  let sum = 0;
  for (let i = 0; i < items.length; i++) {
    sum += weights[i]!;
    if (mark >= sum) continue;
    const times = Math.ceil((sum - mark) / step);
    mark += times * step;
    kept.push(items[i]!);
    keptWeights.push(times * step);
  }
  return { items: kept, weights: keptWeights };
}

/**
 * By how much the distinct members of a sample must be multiplied to stand for those of all `total`. Where the sample
 * repeats itself, Chao's lower bound (1984) on the number of kinds: seen + (seen once)² / 2 (seen twice).
 */
export function distinctRatio(sample: readonly unknown[], total: number): number {
  const times = new Map<unknown, number>();
  for (const item of sample) {
    if (typeof item === 'object' && item !== null) times.set(item, (times.get(item) ?? 0) + 1);
  }
  let objects = 0;
  let once = 0;
  let twice = 0;
  for (const count of times.values()) {
    objects += count;
    if (count === 1) once++;
    else if (count === 2) twice++;
  }
  const full = total / sample.length;
  if (times.size === objects) return full;
  const kinds = times.size + (once * once) / (2 * Math.max(1, twice));
  return Math.min(full, kinds / times.size);
}
