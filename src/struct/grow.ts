/** From here on an eighth is added at a time: memory counts for more than the copying, which is that of a block. */
const LARGE = 4096;

/** The capacity to grow to: a share of it again until `needed` fits, so growth costs O(1) per item, and wastes little. */
export function grownCapacity(current: number, needed: number): number {
  let capacity = Math.max(current, 8);
  while (capacity < needed) capacity += capacity >> (capacity < LARGE ? 1 : 3);
  return capacity;
}

/**
 * As `grownCapacity`, where there is word on how many there will be: just that, if it is less, or a quarter of it is there:
 * what is left behind at each step is garbage, and in the end that was eight times as much as there is. Where there are more
 * than was expected, a little is added at a time.
 */
export function expectedCapacity(current: number, needed: number, expected: number): number {
  const usual = grownCapacity(current, needed);
  if (expected >= needed && 4 * current >= expected) return expected;
  return Math.min(usual, Math.max(needed + (current >> 5), expected));
}

/** A longer copy of a list; what is new is `undefined`. */
export function grownList<T>(list: readonly (T | undefined)[], length: number): (T | undefined)[] {
  // Made at its full length, a list has not the half more that `push` keeps ready.
  const grown = new Array<T | undefined>(length);
  for (let i = 0; i < list.length; i++) grown[i] = list[i];
  return grown.fill(undefined, list.length);
}

/** A longer copy; what is new is `fill`. */
export function grownInt32(array: Int32Array, length: number, fill = 0): Int32Array {
  const grown = new Int32Array(length);
  grown.set(array);
  if (fill !== 0) grown.fill(fill, array.length);
  return grown;
}

/** A longer copy; what is new is 0. */
export function grownFloat64(array: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length);
  grown.set(array);
  return grown;
}

/** A longer copy; what is new is 0. */
export function grownFloat32(array: Float32Array, length: number): Float32Array {
  const grown = new Float32Array(length);
  grown.set(array);
  return grown;
}
