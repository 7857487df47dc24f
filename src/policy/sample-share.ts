import { FRACTION } from '../common/fraction.js';
import { invariant } from '../common/invariant.js';
import type { EntryRows } from './entry-rows.js';

/** By how much of the difference a share that is measured moves it. */
const STEP = 0.005;

/**
 * Which share of the bytes held belongs to keys of a sample. It is not what the share of the keys lets expect: some are
 * larger, some are asked for more; and a paper cache that has room for more of its keys than the real one has for its own
 * sees no misses where the real one sees many.
 *
 * The bytes are summed up over the handles that have been looked at, in order, and those that come and go below that.
 */
export class SampleShare {
  /** Handles below this have been looked at. */
  looked = 0;
  #bytes = FRACTION;
  /** How many times as much as expected, smoothed; 0 before it is known. */
  #ratio = FRACTION;

  /** An entry of the sample is there, or enters. */
  add(handle: number, bytes: number): void {
    if (handle < this.looked) this.#bytes += bytes;
  }

  /** It leaves. */
  subtract(handle: number, bytes: number): void {
    if (handle < this.looked) this.#bytes -= bytes;
  }

  /** Another sample: nothing is known of it. */
  restart(): void {
    this.looked = 0;
    this.#bytes = 0;
    this.#ratio = 0;
  }

  /** What is known now, given the expected share, the bytes held, and whether all handles have been looked at. */
  measure(expected: number, bytes: number, isAllLookedAt: boolean): number {
    if (isAllLookedAt && bytes > 0) {
      const ratio = this.#bytes / (bytes * expected);
      this.#ratio += (ratio - this.#ratio) * (this.#ratio === 0 ? 1 : STEP);
    }
    return this.#ratio === 0 ? expected : expected * this.#ratio;
  }

  /** Throws when the sum is not that of the rows whose hashes are below a limit. O(rows). */
  validate(rows: EntryRows, limit: number): void {
    let bytes = 0;
    for (let handle = 0; handle < this.looked; handle++) {
      if (rows.has(handle) && rows.hash(handle) >>> 0 < limit) bytes += rows.sizes[handle]!;
    }
    const isNear = Math.abs(bytes - this.#bytes) <= 1e-6 * Math.max(1, bytes, this.#bytes);
    invariant(isNear, `sample: ${bytes} bytes are held, ${this.#bytes} are noted`);
  }
}
