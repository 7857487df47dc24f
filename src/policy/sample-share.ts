import { invariant } from '../common/invariant.js';
import { grownInt32 } from '../struct/grow.js';
import { MARKED } from './decay.js';
import type { EntryRows } from './entry-rows.js';

/** By how much of the difference a share that is measured moves it. */
const STEP = 0.005;
/** Handles that are listed, at first, and as long as it is not known how large the sample has to be. */
const FIRST_LISTED = 32;
const MOST_LISTED = 2048;
const ALL = 2 ** 32;

/**
 * Which entries belong to a sample of the keys: those with hashes below a limit; and which share of the bytes held is
 * theirs. It is not what the share of the keys lets expect: some are larger, some are asked for more; and a paper cache that
 * has room for more of its keys than the real one has for its own sees no misses where the real one sees many.
 *
 * Until somebody says how large the sample is to be (`settle`), it is as large as the list of it may be. The list is put in
 * order when it is full: then those that have left are taken out. So nobody ever has to look at all entries.
 */
export class SampleShare {
  /** Keys with hashes below this are in the sample. */
  limit: number = ALL;
  readonly #rows: EntryRows;
  #isSettled = false;
  /** Of those that were in the sample when they came; some may have left, or stand here twice. */
  #handles: Int32Array = new Int32Array(FIRST_LISTED);
  #count = 0;
  #bytes = 0;
  /** How many times as much as expected, smoothed; 0 before it is known. */
  #ratio = 0;

  constructor(rows: EntryRows) {
    this.#rows = rows;
  }

  /** An entry of the sample has entered. O(1), amortized. */
  add(handle: number, bytes: number): void {
    if (this.#count === this.#handles.length) this.#makeRoom();
    this.#handles[this.#count++] = handle;
    this.#bytes += bytes;
  }

  /** One has another size, or leaves. */
  change(bytes: number): void {
    this.#bytes += bytes;
  }

  /** From now on the sample is so large. Those that are in it are marked, and returned in order. O(entries of the list). */
  settle(limit: number): Int32Array {
    this.#isSettled = true;
    if (limit > this.limit) this.#listAll(limit);
    this.limit = limit;
    this.#ratio = 0;
    this.#tidy();
    const { sizes, weights } = this.#rows;
    this.#bytes = 0;
    for (let i = 0; i < this.#count; i++) {
      this.#bytes += sizes[this.#handles[i]!]!;
      weights[this.#handles[i]!]! |= MARKED;
    }
    return this.#handles.slice(0, this.#count);
  }

  /** What part of the bytes held is the sample's, as of now. O(1). */
  measure(bytes: number): number {
    const expected = this.limit / ALL;
    if (bytes > 0) {
      const ratio = this.#bytes / (bytes * expected);
      this.#ratio += (ratio - this.#ratio) * (this.#ratio === 0 ? 1 : STEP);
    }
    return this.#ratio === 0 ? expected : expected * this.#ratio;
  }

  /** Throws when what is noted differs from what the rows tell. O(rows). */
  validate(): void {
    const rows = this.#rows;
    const listed = new Set(this.#handles.subarray(0, this.#count));
    let bytes = 0;
    for (let handle = 0; handle < rows.capacity; handle++) {
      if (!rows.has(handle) || rows.hash(handle) >>> 0 >= this.limit) continue;
      bytes += rows.sizes[handle]!;
      invariant(listed.has(handle), `sample: ${handle} belongs to it and is not listed`);
    }
    const isNear = Math.abs(bytes - this.#bytes) <= 1e-6 * Math.max(1, bytes, this.#bytes);
    invariant(!this.#isSettled || isNear, `sample: ${bytes} bytes are held, ${this.#bytes} are noted`);
  }

  #makeRoom(): void {
    this.#tidy();
    const { length } = this.#handles;
    if (2 * this.#count < length) return;
    if (this.#isSettled || length < MOST_LISTED) {
      this.#handles = grownInt32(this.#handles, 2 * length);
    } else {
      this.limit /= 2;
      this.#tidy();
    }
  }

  /** Each that is there and belongs to it stands in the list once. */
  #tidy(): void {
    const rows = this.#rows;
    const handles = this.#handles.subarray(0, this.#count).sort();
    let count = 0;
    let last = -1;
    for (let i = 0; i < handles.length; i++) {
      const handle = handles[i]!;
      if (handle === last || !rows.has(handle) || rows.hash(handle) >>> 0 >= this.limit) continue;
      last = handle;
      handles[count++] = handle;
    }
    this.#count = count;
  }

  /** A larger sample than what is listed, since most of what there was has left. O(rows). */
  #listAll(limit: number): void {
    const rows = this.#rows;
    this.#count = 0;
    for (let handle = 0; handle < rows.capacity; handle++) {
      if (!rows.has(handle) || rows.hash(handle) >>> 0 >= limit) continue;
      if (this.#count === this.#handles.length) this.#handles = grownInt32(this.#handles, 2 * this.#count);
      this.#handles[this.#count++] = handle;
    }
  }
}
