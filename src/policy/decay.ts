/** How a ranking weighs the past: what one strategy differs from another by. */
export interface Terms {
  /** The share of the bytes that newcomers pass through, first in, first out, before they are compared. */
  readonly window: number;
  /** In how many uses per entry held a use loses half of its weight. */
  readonly halfLife: number;
  /** What is subtracted from the uses of a newcomer that wants to stay: the one that has just brought it counts less. */
  readonly discount: number;
}

/** Ticks, and ranks, in which a weight halves. */
export const TICKS = 4;

/**
 * Logarithms of decayed uses, as integers: an octave is 2^16, a tick 2^14. A weight is such a logarithm together with the
 * time, so that it need not be written as time passes: `log2(uses) + now`, modulo 2^32. Its height is what it is above
 * `now`: 0 is one use at this instant.
 */
export const OCTAVE_BITS = 16;
export const TICK_BITS = 14;
const OCTAVE = 2 ** OCTAVE_BITS;
/** Tables have a step for each 32nd of an octave. */
const STEP_BITS = 11;
const STEPS = OCTAVE >> STEP_BITS;
/** Counts stop at 2^16 uses; what seems to be higher is from so long ago that the clock has gone round. */
const HIGHEST_OCTAVE = 20;
/** Of what has not been used at all, or not for so long that it makes no difference. */
export const NEVER: number = -40 * OCTAVE;

/** In the lowest bits of a weight, which count for nothing: a use of it matters to somebody. Stays. */
export const MARKED = 1;
/** And this: it has not been used since it was written down elsewhere. */
export const UNUSED = 2;
const FLAGS = MARKED | UNUSED;

/** Steps between two weights → what the greater gains when the other is added; nothing to the flags. */
const GAIN = Int32Array.from(
  { length: HIGHEST_OCTAVE * STEPS },
  (_, steps) => Math.round(OCTAVE * Math.log2(1 + 2 ** (-steps / STEPS))) & ~FLAGS,
);

/** Another use of what has this weight, and of its flags. */
export function used(weight: number, now: number): number {
  const height = (weight - now) | 0;
  const steps = (height ^ (height >> 31)) >> STEP_BITS;
  if (steps >= GAIN.length) return now | (weight & MARKED);
  const greater = height >= 0 ? weight & ~UNUSED : now | (weight & MARKED);
  return (greater + GAIN[steps]!) | 0;
}

/** How far a weight lies above the present: the logarithm of the decayed uses. */
export function heightOf(weight: number, now: number): number {
  const height = (weight - now) | 0;
  return height < HIGHEST_OCTAVE * OCTAVE ? height : NEVER;
}

/** Discounts matter between these heights. */
const LOW_OCTAVE = -2;
const HIGH_OCTAVE = 6;
const LEAST = -16 * OCTAVE;

/** Height, in steps from the lowest octave on → the height of so many uses less. Empty for no discount. */
export function discountTable(discount: number): Int32Array {
  if (discount === 0) return new Int32Array(0);
  return Int32Array.from({ length: (HIGH_OCTAVE - LOW_OCTAVE) * STEPS }, (_, steps) => {
    const rest = 2 ** (LOW_OCTAVE + steps / STEPS) - discount;
    return rest > 2 ** -16 ? Math.round(OCTAVE * Math.log2(rest)) : LEAST;
  });
}

/** What is left of a height after a discount, by its table. */
export function discounted(height: number, table: Int32Array): number {
  if (table.length === 0) return height;
  const steps = (height - LOW_OCTAVE * OCTAVE) >> STEP_BITS;
  return steps < 0 ? LEAST : steps < table.length ? table[steps]! : height;
}

/** Values of cost ÷ bytes beyond these are taken for these: the ring has room for them and for frequencies. */
const MIN_VALUE = 2 ** -60;
const MAX_VALUE = 2 ** 40;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);
const FRACTION_BITS = 23;
const BIAS = 127 << OCTAVE_BITS;

/** The logarithm of a number above 0, about: exponent and first digits of a float, as CAMP rounds. Ascends with the number. */
export function logOf(value: number): number {
  float[0] = Math.min(MAX_VALUE, Math.max(MIN_VALUE, value));
  return (bits[0]! >> (FRACTION_BITS - OCTAVE_BITS)) - BIAS;
}
