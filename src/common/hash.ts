const float = new Float64Array(1);
const words = new Int32Array(float.buffer);

/**
 * A fast hash of a string, over its UTF-16 code units, for tables that live in shared memory and must agree between
 * threads. Not for adversaries: give each table a seed of its own.
 *
 * Two units at a time are mixed and folded into the state by multiply and xorshift, each step a bijection of the
 * state, so that strings which differ in one pair only never meet before the end; then the finalizer of MurmurHash3
 * (Appleby, 2011), which makes each bit of the result depend on each bit of the state, so that the low bits may choose
 * a bucket and the high bits serve as a tag. What `charCodeAt` costs dominates: 20 ns for 16 characters, 35 for 32.
 *
 * @returns an unsigned 32-bit integer
 */
export function hashString(key: string, seed: number): number {
  const length = key.length;
  const pairs = length & ~1;
  let hash = seed | 0;
  for (let i = 0; i < pairs; i += 2) {
    const pair = Math.imul(key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16), 0xcc9e2d51);
    hash = Math.imul(hash ^ ((pair << 15) | (pair >>> 17)), 0x1b873593);
    hash ^= hash >>> 15;
  }
  if (pairs < length) hash = Math.imul(hash ^ key.charCodeAt(pairs), 0x9e3779b1);
  return finalize(hash ^ length);
}

/**
 * As `hashString`, of a number; `0` and `-0` are one.
 *
 * @returns an unsigned 32-bit integer
 */
export function hashNumber(value: number, seed: number): number {
  if ((value | 0) === value) return finalize(finalize(value) ^ seed);
  float[0] = value;
  return finalize(finalize(words[0]!) ^ words[1]! ^ seed);
}

function finalize(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
