/**
 * Values (`frequency × cost ÷ bytes`) rounded to classes: a power of two and its first two binary digits, so four classes
 * an octave, 2^-48 … 2^48; beyond, the outermost. This is CAMP's rounding (Ghandeharizadeh et al., Middleware 2014).
 */

const DIGITS = 2;
const MIN_EXPONENT = -48;
const MAX_EXPONENT = 48;
/** The exponent's bias and the digits of a 32-bit float, where `bits >> SHIFT` is exponent and first digits. */
const SHIFT = 23 - DIGITS;
const FIRST = (127 + MIN_EXPONENT) << DIGITS;

export const CLASS_COUNT = (MAX_EXPONENT - MIN_EXPONENT) << DIGITS;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The class of a value above 0; classes ascend with values. */
export function classOf(value: number): number {
  float[0] = value;
  const index = (bits[0]! >> SHIFT) - FIRST;
  return index < 0 ? 0 : index < CLASS_COUNT ? index : CLASS_COUNT - 1;
}

/** class → the value that stands for all of it: the middle. */
export const CLASS_VALUES: Float64Array = Float64Array.from({ length: CLASS_COUNT }, (_, index) => {
  bits[0] = ((index + FIRST) << SHIFT) | (1 << (SHIFT - 1));
  return float[0]!;
});
