/** What a record tells, in the three lowest bits of its second word. */
export const RECORD = {
  /** A read that found the entry, or brought it in. */
  request: 0,
  /** A read that found nothing. */
  miss: 1,
  /** A write that no miss asked for, or not at once. */
  write: 2,
  /** A removal by the user, or by time. */
  remove: 3,
  /** A removal of all. */
  clear: 4,
  /** About the record before: what a miss costs, as a float in the first word. */
  cost: 5,
  /** About the record before: when the entry dies, in ms. */
  deadline: 6,
  /** It is so late now, in ms. */
  time: 7,
} as const;

export const KIND_BITS = 7;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The kind of a record, by its second word. */
export function kindOf(second: number): number {
  return second & KIND_BITS;
}

/** The size that a record tells, by its second word. */
export function sizeOf(second: number): number {
  bits[0] = second & ~KIND_BITS;
  return float[0]!;
}

/** A number that a record tells in its first word. */
export function numberOf(first: number): number {
  bits[0] = first;
  return float[0]!;
}

/** The second word of a record of so many bytes. */
export function encode(size: number, kind: number): number {
  float[0] = size;
  return ((bits[0]! & ~KIND_BITS) | kind) >>> 0;
}

/** A number as the first word of a record, to seven digits. */
export function bitsOf(value: number): number {
  float[0] = value;
  return bits[0]!;
}

/** Whether a record says more about the one before, by its second word. */
export function isAboutBefore(second: number): boolean {
  const kind = kindOf(second);
  return kind === RECORD.cost || kind === RECORD.deadline;
}
