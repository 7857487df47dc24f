import { invariant } from '../common/invariant.js';

/** Cells of a bucket: 8 bytes. */
const WAY_BITS = 2;
const WAYS = 1 << WAY_BITS;
/** More than any height, in `#find`. */
const NONE = 1 << 16;
/** A cell: the level in the low bits, above them a print of the hash. */
const LEVEL_BITS = 7;
const LEVELS = (1 << LEVEL_BITS) - 1;
const PRINTS = (1 << (16 - LEVEL_BITS)) - 1;
const EMPTY = 0;
/** What has sunk so far below the present level is forgotten. */
const FORGOTTEN = -8;
/** Nothing is higher: what seems so is from before the levels last went round. */
const HIGHEST = 32;
const HEIGHTS = HIGHEST - FORGOTTEN + 1;

/** Height above the lowest that is remembered → the height with another use. A level is half an octave. */
const RAISED = Int8Array.from({ length: HEIGHTS }, (_, steps) =>
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

  /** Brings the buckets of the hashes at even places near. The result is for nothing but to be used. */
  prefetch(pairs: Int32Array, length: number): number {
    const cells = this.#cells;
    const shift = this.#shift;
    let sum = 0;
    for (let at = 0; at < length; at += 2) sum ^= cells[(pairs[at]! >>> shift) << WAY_BITS]!;
    return sum;
  }

  /**
   * The cell of a hash; where there is none, the lowest of its bucket. Which of the four that is nobody can foretell, so it
   * is worked out without a jump.
   */
  #find(hash: number, now: number): number {
    const cells = this.#cells;
    const print = printOf(hash);
    const start = (hash >>> this.#shift) << WAY_BITS;
    let best = NONE;
    for (let way = 0; way < WAYS; way++) {
      const cell = cells[start + way]!;
      const height = above(cell, now) - FORGOTTEN;
      cells[start + way] = cell & isAbove0(height);
      // That of the hash comes before the lowest: all others count one more.
      const found = (((height + 1) & isAbove0((cell >> LEVEL_BITS) ^ print)) << WAY_BITS) | way;
      best += (found - best) & ((found - best) >> 31);
    }
    return start + (best & (WAYS - 1));
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

/** All bits for a number above 0, none for 0. */
function isAbove0(number: number): number {
  return -number >> 31;
}

/** How far the level of a cell lies above `now`; not below `FORGOTTEN`, where also those are that seem too high. */
function above(cell: number, now: number): number {
  const height = (cell - now - FORGOTTEN) & LEVELS;
  return (height & ((height - HEIGHTS) >> 31) & isAbove0(cell)) + FORGOTTEN;
}
