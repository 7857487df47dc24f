/** The capacity to grow to: half as much again until `needed` fits, so growth costs O(1) per item, and wastes little. */
export function grownCapacity(current: number, needed: number): number {
  let capacity = Math.max(current, 8);
  while (capacity < needed) capacity += capacity >> 1;
  return capacity;
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
export function grownUint32(array: Uint32Array, length: number): Uint32Array {
  const grown = new Uint32Array(length);
  grown.set(array);
  return grown;
}
