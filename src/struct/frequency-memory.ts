import { invariant } from '../common/invariant.js';

/** Cells of a bucket: 8 bytes, two words of two cells each, the first one in the low half. */
const WAY_BITS = 2;
const WAYS = 1 << WAY_BITS;
const BUCKET = 2;
/** A cell: the level in the low bits, above them a print of the hash. */
const LEVEL_BITS = 7;
const LEVELS = (1 << LEVEL_BITS) - 1;
const PRINT_BITS = 16 - LEVEL_BITS;
const PRINTS = (1 << PRINT_BITS) - 1;
/** What has sunk so far below the present level is forgotten. */
const FORGOTTEN = -8;
/** Nothing is higher: what seems so is from before the levels last went round. */
const HIGHEST = 32;
const HEIGHTS = HIGHEST - FORGOTTEN + 1;

/** A number in both halves of a word: by multiplication. */
const BOTH = 0x10001;
const HALF = 0xffff;
/** In both halves: a level, the bit above a level, a print, the highest bit. */
const LEVEL_HALVES = LEVELS * BOTH;
const ABOVE_LEVELS = (LEVELS + 1) * BOTH;
const PRINT_HALVES = PRINTS * BOTH;
const TOP_HALVES = 0x8000 * BOTH;
/** Added to a height it carries over into the bit above when that is no height. */
const OVER = (LEVELS + 1 - HEIGHTS) * BOTH;
/** Which of the four a half is, in the first word and in the second. */
const FIRST_WAYS = 0x10000;
const SECOND_WAYS = 0x30002;
/** In `#raise`: as high as a use makes it. */
const USED = -1;

/** Height above the lowest that is remembered → the height with another use. A level is half an octave. */
const RAISED = Int8Array.from({ length: HEIGHTS }, (_, steps) =>
  Math.min(HIGHEST, Math.round(2 * Math.log2(1 + 2 ** ((steps + FORGOTTEN) / 2)))) - FORGOTTEN,
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
  #words: Int32Array;
  /** So many bits of a hash do not choose the bucket. */
  #shift: number;

  /** @param cells how many things are remembered: from so many to twice as many */
  constructor(cells: number) {
    const bits = Math.max(1, 32 - Math.clz32(Math.max(1, Math.ceil(cells / WAYS) - 1)));
    this.#shift = 32 - bits;
    this.#words = new Int32Array(BUCKET << bits);
  }

  get cells(): number {
    return 2 * this.#words.length;
  }

  /** Notes a height above `now`; of two for the same hash the greater. O(1). */
  remember(hash: number, height: number, now: number): void {
    this.#raise(hash, Math.max(height - FORGOTTEN, 0), now);
  }

  /**
   * Notes a use, in addition to those that are remembered, and tells how high they lay above `now`, or -Infinity when
   * there are none. O(1).
   */
  use(hash: number, now: number): number {
    const height = this.#raise(hash, USED, now);
    return height === 0 ? Number.NEGATIVE_INFINITY : height + FORGOTTEN;
  }

  /** Brings the buckets of the hashes at even places near. The result is for nothing but to be used. */
  prefetch(pairs: Int32Array, length: number): number {
    const words = this.#words;
    const shift = this.#shift;
    let sum = 0;
    for (let at = 0; at < length; at += 2) sum ^= words[(pairs[at]! >>> shift) * BUCKET]!;
    return sum;
  }

  /**
   * Raises the level of a hash to a height, and tells at which height it was; heights count from what is forgotten on, which
   * is 0. Where the hash has no cell, the lowest of its bucket makes room.
   *
   * Which of the four that is nobody can foretell, so it is worked out without a jump, and on two halves of a word at a time.
   */
  #raise(hash: number, wanted: number, now: number): number {
    const words = this.#words;
    const at = (hash >>> this.#shift) * BUCKET;
    const cellsA = words[at]!;
    const cellsB = words[at + 1]!;
    const print = printOf(hash);
    const prints = Math.imul(print, BOTH);
    const base = Math.imul((now + FORGOTTEN) & LEVELS, BOTH);
    const printsA = (cellsA >>> LEVEL_BITS) & PRINT_HALVES;
    const printsB = (cellsB >>> LEVEL_BITS) & PRINT_HALVES;
    const heightsA = (((cellsA & LEVEL_HALVES) | ABOVE_LEVELS) - base) & LEVEL_HALVES;
    const heightsB = (((cellsB & LEVEL_HALVES) | ABOVE_LEVELS) - base) & LEVEL_HALVES;
    // All bits of the halves that hold something of a height above 0, which is not too high.
    const heldA = halvesOf(((printsA + PRINT_HALVES) >>> 2) & (heightsA + LEVEL_HALVES) & ~(heightsA + OVER), LEVEL_BITS);
    const heldB = halvesOf(((printsB + PRINT_HALVES) >>> 2) & (heightsB + LEVEL_HALVES) & ~(heightsB + OVER), LEVEL_BITS);
    const keptA = cellsA & heldA;
    const keptB = cellsB & heldB;
    // That of the hash comes before the lowest: all others count one more.
    const othersA = halvesOf((printsA ^ prints) + PRINT_HALVES, PRINT_BITS);
    const othersB = halvesOf((printsB ^ prints) + PRINT_HALVES, PRINT_BITS);
    const orderA = ((((heightsA & heldA) + BOTH) & othersA) << WAY_BITS) | FIRST_WAYS;
    const orderB = ((((heightsB & heldB) + BOTH) & othersB) << WAY_BITS) | SECOND_WAYS;
    const isSecond = halvesOf((orderA | TOP_HALVES) - orderB, 15);
    const order = (orderB & isSecond) | (orderA & ~isSecond);
    const least = leastOf(order & HALF, order >>> 16);
    const inB = -((least >> 1) & 1);
    const shift = (least & 1) << 4;
    const kept = (keptA & ~inB) | (keptB & inB);
    // All bits when it is not that of the hash.
    const isOther = -(least >> WAY_BITS) >> 31;
    const height = ((((heightsA & heldA & ~inB) | (heightsB & heldB & inB)) >>> shift) & LEVELS) & ~isOther;
    words[at] = keptA;
    words[at + 1] = keptB;
    const level = wanted === USED ? RAISED[height]! : Math.min(Math.max(wanted, height), HEIGHTS - 1);
    if (level > 0) {
      const cell = (print << LEVEL_BITS) | ((now + FORGOTTEN + level) & LEVELS);
      words[at - inB] = (kept & ~(HALF << shift)) | (cell << shift);
    }
    return height;
  }

  /**
   * Twice as many cells, and nothing is forgotten: one more bit of a hash chooses the bucket, which nobody knows any more of
   * those that are in, so each of them goes to both buckets, and the one that is nobody's sinks. O(cells).
   */
  grow(): void {
    const words = new Int32Array(2 * this.#words.length);
    for (let at = 0; at < this.#words.length; at += BUCKET) {
      for (let word = 0; word < BUCKET; word++) {
        words[2 * at + word] = this.#words[at + word]!;
        words[2 * at + BUCKET + word] = this.#words[at + word]!;
      }
    }
    this.#words = words;
    this.#shift--;
  }

  /** Throws when an invariant is broken. O(cells). */
  validate(): void {
    for (let at = 0; at < this.#words.length; at += BUCKET) {
      const words = Array.from(this.#words.subarray(at, at + BUCKET));
      const held = words.flatMap((word) => [word & HALF, word >>> 16]).filter((cell) => cell !== 0);
      const prints = new Set(held.map((cell) => cell >> LEVEL_BITS));
      invariant(
        prints.size === held.length && !prints.has(0),
        `memory: a print stands twice in the bucket at ${at}`,
      );
    }
  }
}

/** The bits of a hash that do not choose the bucket, never 0. */
function printOf(hash: number): number {
  return hash & PRINTS || 1;
}

/** All bits of the halves of a word that have a bit at this place. */
function halvesOf(word: number, bit: number): number {
  return Math.imul((word >>> bit) & BOTH, HALF);
}

/** The lesser of two small numbers. */
function leastOf(a: number, b: number): number {
  return a + ((b - a) & ((b - a) >> 31));
}
