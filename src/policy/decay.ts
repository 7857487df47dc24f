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
/** ticks → what is left of a weight; nothing after 32 octaves. */
const DECAY = Float64Array.from({ length: 32 * TICKS + 1 }, (_, ticks) =>
  ticks > 31 * TICKS ? 0 : 2 ** (-ticks / TICKS),
);

/** What is left of a weight that is so many ticks old; nothing of one whose age is beyond reckoning. */
export function kept(ticks: number): number {
  return DECAY[ticks >= 0 && ticks < DECAY.length ? ticks : DECAY.length - 1]!;
}

/** Values of cost ÷ bytes beyond these are taken for these: the ring has room for them and for frequencies. */
const MIN_VALUE = 2 ** -60;
const MAX_VALUE = 2 ** 40;
export function clamp(value: number): number {
  return Math.min(MAX_VALUE, Math.max(MIN_VALUE, value));
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);
const FRACTION_BITS = 23;
const BIAS = 127 << 2;

/** 4 × log2 of a number above 0, about: exponent and first two binary digits, as CAMP rounds. Ascends with the number. */
export function logOf(value: number): number {
  float[0] = value;
  return (bits[0]! >> (FRACTION_BITS - 2)) - BIAS;
}
