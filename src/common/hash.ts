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
  return finalize(foldUnits(key, key.length, seed | 0) ^ key.length);
}

/** Code units at the end of a string that `hashEnd` takes. */
const END = 4;

/**
 * A hash of the last four code units of a string and of its length. For tables of one thread that can tell when that is
 * too little: what `charCodeAt` costs dominates, some thirty instructions, so each unit that is not looked at counts.
 *
 * The units lie side by side in one word; what is outside Latin-1 overlaps.
 *
 * @returns a signed 32-bit integer
 */
export function hashEnd(key: string, seed: number): number {
  const { length } = key;
  if (length < END) return hashSpread(key, seed, END);
  return finalize(fourAt(key, length - END) ^ Math.imul(length, 0x9e3779b1) ^ seed) | 0;
}

/**
 * As `hashEnd`, which is given, of two or four units more: those before the last four.
 *
 * @returns a signed 32-bit integer
 */
export function hashBefore(key: string, end: number, units: 2 | 4): number {
  const { length } = key;
  if (length < END) return end;
  const start = Math.max(0, length - END - units);
  return finalize(end ^ (units === 2 ? twoAt(key, start) : fourAt(key, start))) | 0;
}

/**
 * A hash of a whole string, of which `hashEnd` is known already.
 *
 * @returns a signed 32-bit integer
 */
export function hashRest(key: string, end: number): number {
  const rest = key.length - END;
  if (rest <= 0) return end;
  return finalize(foldUnits(key, rest, end)) | 0;
}

/**
 * A hash of so many code units of a string, at even distances from the last one back, and of its length.
 *
 * @returns a signed 32-bit integer
 */
export function hashSpread(key: string, seed: number, units: number): number {
  const length = key.length;
  const step = Math.max(1, (length / units) | 0);
  let hash = seed ^ length;
  for (let i = length - 1, left = units; i >= 0 && left > 0; i -= step, left--) {
    hash = Math.imul(hash ^ key.charCodeAt(i), FNV_PRIME);
  }
  return finalize(hash) | 0;
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

const FNV_PRIME = 0x01000193;

function twoAt(key: string, at: number): number {
  return key.charCodeAt(at) ^ (key.charCodeAt(at + 1) << 8);
}

function fourAt(key: string, at: number): number {
  return twoAt(key, at) ^ (twoAt(key, at + 2) << 16);
}

/** Mixes the first code units into a state, two at a time. */
function foldUnits(key: string, count: number, state: number): number {
  let hash = state;
  for (let i = 0; i + 1 < count; i += 2) {
    const pair = Math.imul(key.charCodeAt(i) | (key.charCodeAt(i + 1) << 16), 0xcc9e2d51);
    hash = Math.imul(hash ^ ((pair << 15) | (pair >>> 17)), 0x1b873593);
    hash ^= hash >>> 15;
  }
  return (count & 1) === 1 ? Math.imul(hash ^ key.charCodeAt(count - 1), 0x9e3779b1) : hash;
}

function finalize(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
