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
export const FORGOTTEN = -8;
/** Nothing is higher: what seems so is from before the levels last went round. */
export const HIGHEST = 32;
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
/** In place of a height: a use, in addition to those that are known. */
export const USED = 127;

/** Height above the lowest that is remembered → the height with another use. A level is half an octave. */
const RAISED = Int8Array.from(
  { length: HEIGHTS },
  (_, steps) => Math.min(HIGHEST, Math.round(2 * Math.log2(1 + 2 ** ((steps + FORGOTTEN) / 2)))) - FORGOTTEN,
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
  /** Of what was brought near: for nothing but to be used. */
  #near = 0;

  /** @param cells how many things are remembered: from so many to twice as many */
  constructor(cells: number) {
    const bits = Math.max(1, 32 - Math.clz32(Math.max(1, Math.ceil(cells / WAYS) - 1)));
    this.#shift = 32 - bits;
    this.#words = new Int32Array(BUCKET << bits);
  }

  get cells(): number {
    return 2 * this.#words.length;
  }

  /**
   * Tells of many things, one after the other, by their hashes: that each has been used, where its height is `USED`, or that
   * it lies that high above `now`, `FORGOTTEN` at least; of two heights for one hash the greater is kept. The heights become
   * those that were known before, `FORGOTTEN` for nothing. O(count).
   *
   * Many at once, since each waits for a line of memory of its own: they come together. Where a hash has no cell the lowest
   * of its bucket makes room; which of the four that is nobody can foretell, so it is worked out without a jump, on two
   * halves of a word at a time. Inside, heights count from `FORGOTTEN` on.
   */
  tell(hashes: Int32Array, heights: Int32Array, count: number, now: number): void {
    const words = this.#words;
    const bits = this.#shift;
    let near = 0;
    for (let i = 0; i < count; i++) near ^= words[(hashes[i]! >>> bits) * BUCKET]!;
    this.#near ^= near;
    const zero = (now + FORGOTTEN) & LEVELS;
    const zeros = Math.imul(zero, BOTH);
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!;
      const at = (hash >>> bits) * BUCKET;
      const cellsA = words[at]!;
      const cellsB = words[at + 1]!;
      // The bits of the hash that do not choose the bucket, never 0.
      const print = (hash & PRINTS) + (((hash & PRINTS) - 1) >>> 31);
      const prints = Math.imul(print, BOTH);
      const printsA = (cellsA >>> LEVEL_BITS) & PRINT_HALVES;
      const printsB = (cellsB >>> LEVEL_BITS) & PRINT_HALVES;
      const levelsA = (((cellsA & LEVEL_HALVES) | ABOVE_LEVELS) - zeros) & LEVEL_HALVES;
      const levelsB = (((cellsB & LEVEL_HALVES) | ABOVE_LEVELS) - zeros) & LEVEL_HALVES;
      // Halves that hold something of a height above 0, and not too high, are kept.
      const heldA = ((printsA + PRINT_HALVES) >>> 2) & (levelsA + LEVEL_HALVES) & ~(levelsA + OVER);
      const heldB = ((printsB + PRINT_HALVES) >>> 2) & (levelsB + LEVEL_HALVES) & ~(levelsB + OVER);
      const keptA = Math.imul((heldA >>> LEVEL_BITS) & BOTH, HALF);
      const keptB = Math.imul((heldB >>> LEVEL_BITS) & BOTH, HALF);
      const heightsA = levelsA & keptA;
      const heightsB = levelsB & keptB;
      // That of the hash comes before the lowest: all others count one more.
      const othersA = Math.imul((((printsA ^ prints) + PRINT_HALVES) >>> PRINT_BITS) & BOTH, HALF);
      const othersB = Math.imul((((printsB ^ prints) + PRINT_HALVES) >>> PRINT_BITS) & BOTH, HALF);
      const orderA = (((heightsA + BOTH) & othersA) << WAY_BITS) | FIRST_WAYS;
      const orderB = (((heightsB + BOTH) & othersB) << WAY_BITS) | SECOND_WAYS;
      const isB = Math.imul((((orderA | TOP_HALVES) - orderB) >>> 15) & BOTH, HALF);
      const order = (orderB & isB) | (orderA & ~isB);
      const more = (order >>> 16) - (order & HALF);
      const least = (order & HALF) + (more & (more >> 31));
      const inB = -((least >> 1) & 1);
      const half = (least & 1) << 4;
      // Nothing, when it is not that of the hash.
      const isKnown = ((least >> WAY_BITS) - 1) >> 31;
      const height = (((heightsA & ~inB) | (heightsB & inB)) >>> half) & LEVELS & isKnown;
      words[at] = cellsA & keptA;
      words[at + 1] = cellsB & keptB;
      const told = heights[i]!;
      const level = told === USED ? RAISED[height]! : Math.min(Math.max(told - FORGOTTEN, height), HEIGHTS - 1);
      if (level > 0) {
        const cell = (print << LEVEL_BITS) | ((zero + level) & LEVELS);
        words[at - inB] = (words[at - inB]! & ~(HALF << half)) | (cell << half);
      }
      heights[i] = height + FORGOTTEN;
    }
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
      invariant(prints.size === held.length && !prints.has(0), `memory: a print stands twice in the bucket at ${at}`);
    }
  }
}
