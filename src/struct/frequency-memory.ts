import { invariant } from '../common/invariant.js';

/** Cells of a bucket: 8 bytes. */
const WAYS = 4;
/** A cell: the level in the low bits, above them a print of the hash. */
const LEVEL_BITS = 7;
const LEVELS = (1 << LEVEL_BITS) - 1;
const PRINTS = (1 << (16 - LEVEL_BITS)) - 1;
const EMPTY = 0;
/** What has sunk so far below the present level is forgotten. */
const FORGOTTEN = -8;
/** Nothing is higher: what seems so is from before the levels last went round. */
const HIGHEST = 32;

/** Height above the lowest that is remembered → the height with another use. A level is half an octave. */
const RAISED = Int8Array.from({ length: HIGHEST - FORGOTTEN + 1 }, (_, steps) =>
  Math.min(HIGHEST, Math.round(2 * Math.log2(1 + 2 ** ((steps + FORGOTTEN) / 2)))),
);

/**
 * Levels of things, by the 32-bit hash of their key: 2 bytes each, 4 to a bucket, of which the lowest makes room for
 * another. Two keys are taken for one another once in some 130 look-ups: a newcomer then has the uses of another, which
 * does it no harm and little good.
 *
 * A level is an integer on a scale that rises for ever, such as the logarithm of a count that decays, taken together with
 * the time. Only its last 7 bits are kept: it is read as the level nearest to `now`, so `now` should not move by 80 before
 * something has come by each bucket. What is long forgotten is cleared in the one that is come by.
 */
export class FrequencyMemory {
  #cells: Uint16Array;
  /** So many bits of a hash do not choose the bucket. */
  #shift: number;

  /** @param cells how many things are remembered: from so many to twice as many */
  constructor(cells: number) {
    const bits = Math.max(1, 32 - Math.clz32(Math.max(1, Math.ceil(cells / WAYS) - 1)));
    this.#shift = 32 - bits;
    this.#cells = new Uint16Array(WAYS << bits);
  }

  get cells(): number {
    return this.#cells.length;
  }

  /** Notes a height above `now`; of two for the same hash the greater. O(1). */
  remember(hash: number, height: number, now: number): void {
    const cells = this.#cells;
    const at = this.#find(hash, now);
    const known = cells[at]! >> LEVEL_BITS === printOf(hash) ? above(cells[at]!, now) : FORGOTTEN;
    const level = Math.min(Math.max(known, height), HIGHEST);
    if (level > FORGOTTEN) cells[at] = (printOf(hash) << LEVEL_BITS) | ((now + level) & LEVELS);
  }

  /**
   * Notes a use, in addition to those that are remembered, and tells how high they lay above `now`, or -Infinity when
   * there are none. O(1).
   */
  use(hash: number, now: number): number {
    const cells = this.#cells;
    const at = this.#find(hash, now);
    const cell = cells[at]!;
    const print = printOf(hash);
    const height = cell >> LEVEL_BITS === print ? above(cell, now) : FORGOTTEN;
    cells[at] = (print << LEVEL_BITS) | ((now + RAISED[height - FORGOTTEN]!) & LEVELS);
    return height === FORGOTTEN ? Number.NEGATIVE_INFINITY : height;
  }

  /** Brings the bucket of a hash near. The result is for nothing but to be used. */
  prefetch(hash: number): number {
    return this.#cells[(hash >>> this.#shift) * WAYS]!;
  }

  /** The cell of a hash; where there is none, the lowest of its bucket. */
  #find(hash: number, now: number): number {
    const cells = this.#cells;
    const print = printOf(hash);
    const start = (hash >>> this.#shift) * WAYS;
    let lowest = HIGHEST + 1;
    let best = start;
    for (let at = start; at < start + WAYS; at++) {
      const cell = cells[at]!;
      if (cell >> LEVEL_BITS === print) return at;
      const height = above(cell, now);
      if (height < lowest) {
        lowest = height;
        best = at;
      }
      if (height === FORGOTTEN) cells[at] = EMPTY;
    }
    return best;
  }

  /**
   * Twice as many cells, and nothing is forgotten: one more bit of a hash chooses the bucket, which nobody knows any more of
   * those that are in, so each of them goes to both buckets, and the one that is nobody's sinks. O(cells).
   */
  grow(): void {
    const cells = new Uint16Array(2 * this.#cells.length);
    for (let start = 0; start < this.#cells.length; start += WAYS) {
      const bucket = this.#cells.subarray(start, start + WAYS);
      cells.set(bucket, 2 * start);
      cells.set(bucket, 2 * start + WAYS);
    }
    this.#cells = cells;
    this.#shift--;
  }

  /** Throws when an invariant is broken. O(cells). */
  validate(): void {
    for (let start = 0; start < this.#cells.length; start += WAYS) {
      const held = this.#cells.subarray(start, start + WAYS).filter((cell) => cell !== EMPTY);
      const prints = new Set(Array.from(held, (cell) => cell >> LEVEL_BITS));
      invariant(
        prints.size === held.length && !prints.has(0),
        `memory: a print stands twice in the bucket at ${start}`,
      );
    }
  }
}

/** The bits of a hash that do not choose the bucket, never 0. */
function printOf(hash: number): number {
  return hash & PRINTS || 1;
}

/** How far the level of a cell lies above `now`; not below `FORGOTTEN`, where also those are that seem too high. */
function above(cell: number, now: number): number {
  if (cell === EMPTY) return FORGOTTEN;
  const height = ((cell - now) << (32 - LEVEL_BITS)) >> (32 - LEVEL_BITS);
  return height > HIGHEST || height < FORGOTTEN ? FORGOTTEN : height;
}
