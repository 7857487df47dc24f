import { invariant } from '../common/invariant.js';

/** Cells of a bucket: fingerprints of 8 lie in 16 bytes, their levels in 8. */
const WAYS = 8;
const EMPTY = 0;
/** What has sunk so far below the present level is forgotten. */
const FORGOTTEN = -8;

/**
 * Levels of things that have left, by the 32-bit hash of their key: 3 bytes each, 8 to a bucket; where a bucket is full
 * the lowest level makes room. Two keys are taken for one another once in some 8 000 look-ups.
 *
 * A level is an integer on a scale that rises for ever, such as the logarithm of a count that decays, taken together with
 * the time. Only its last 8 bits are kept: it is read as the level nearest to `now`, so `now` must not move by 100 before
 * `remember` has been called once per bucket. Each call looks at one more bucket and clears what is long forgotten.
 */
export class FrequencyMemory {
  readonly #prints: Uint16Array;
  readonly #levels: Uint8Array;
  readonly #buckets: number;
  #hand = 0;

  /** @param cells how many things are remembered, about */
  constructor(cells: number) {
    this.#buckets = Math.max(1, Math.ceil(cells / WAYS));
    this.#prints = new Uint16Array(this.#buckets * WAYS);
    this.#levels = new Uint8Array(this.#buckets * WAYS);
  }

  get cells(): number {
    return this.#levels.length;
  }

  /** Notes a level between `now - 100` and `now + 100`. O(1). */
  remember(hash: number, level: number, now: number): void {
    this.#clearOne(now);
    if (level - now <= FORGOTTEN) return;
    const print = printOf(hash);
    const start = this.#start(hash);
    let best = start;
    let lowest = Number.POSITIVE_INFINITY;
    for (let cell = start; cell < start + WAYS; cell++) {
      const height = this.#prints[cell] === EMPTY ? -256 : above(this.#levels[cell]!, now);
      if (this.#prints[cell] === print) {
        best = cell;
        break;
      }
      if (height < lowest) {
        lowest = height;
        best = cell;
      }
    }
    this.#prints[best] = print;
    this.#levels[best] = level & 0xff;
  }

  /** Takes out how far a remembered level lies above `now`, or -Infinity when none is remembered. O(1). */
  recall(hash: number, now: number): number {
    const print = printOf(hash);
    const start = this.#start(hash);
    for (let cell = start; cell < start + WAYS; cell++) {
      if (this.#prints[cell] !== print) continue;
      this.#prints[cell] = EMPTY;
      const height = above(this.#levels[cell]!, now);
      return height <= FORGOTTEN ? Number.NEGATIVE_INFINITY : height;
    }
    return Number.NEGATIVE_INFINITY;
  }

  /** Throws when an invariant is broken. O(cells). */
  validate(): void {
    for (let start = 0; start < this.#prints.length; start += WAYS) {
      const prints = this.#prints.subarray(start, start + WAYS).filter((print) => print !== EMPTY);
      invariant(new Set(prints).size === prints.length, `memory: a print stands twice in the bucket at ${start}`);
    }
  }

  #start(hash: number): number {
    return Math.floor((hash >>> 0) * 2 ** -32 * this.#buckets) * WAYS;
  }

  #clearOne(now: number): void {
    const start = this.#hand * WAYS;
    for (let cell = start; cell < start + WAYS; cell++) {
      if (above(this.#levels[cell]!, now) <= FORGOTTEN) this.#prints[cell] = EMPTY;
    }
    this.#hand = this.#hand + 1 === this.#buckets ? 0 : this.#hand + 1;
  }
}

/** The bits of a hash that do not choose the bucket, never EMPTY. */
function printOf(hash: number): number {
  return hash & 0xffff || 1;
}

/** How far a level, of which 8 bits are known, lies above `now`: -128 … 127. */
function above(level: number, now: number): number {
  return ((level - now) << 24) >> 24;
}
