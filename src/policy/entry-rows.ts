import { grownFloat32, grownInt32 } from '../struct/grow.js';
import { LinkedRows } from '../struct/linked-rows.js';
import { logOf, OCTAVE_BITS } from './decay.js';

/** Lists: one per rank, in a ring, then those below. A power of two; four ranks an octave, so 128 octaves. */
export const RANKS = 512;
export const WINDOW = 512;
export const ASIDE = 513;
export const LISTS = 514;

/** The words of a row: the logarithm of cost ÷ bytes, the hash. */
export const DENSITY = 0;
export const HASH = 1;
/** Where an entry stands shares a word with its density: the low bits, 0 when it is out. */
export const PLACE_BITS = 2;
export const PLACES = 3;
export const IN_WINDOW = 1;
export const IN_MAIN = 2;
export const IN_ASIDE = 3;

/**
 * All that a ranking knows of an entry, 24 bytes: a row with its links, and two columns of their own for what a hit and an
 * overwrite look at, so that these touch four bytes of each.
 */
export class EntryRows extends LinkedRows {
  /** Its decayed uses and two flags, see decay.ts. To be read anew after `reserve`. */
  weights: Int32Array = new Int32Array(0);
  /** Bytes, rounded. To be read anew after `reserve`. */
  sizes: Float32Array = new Float32Array(0);

  override reserve(capacity: number): void {
    super.reserve(capacity);
    if (this.weights.length >= this.capacity) return;
    this.weights = grownInt32(this.weights, this.capacity);
    this.sizes = grownFloat32(this.sizes, this.capacity);
  }

  /** The logarithm of cost ÷ bytes. */
  density(handle: number): number {
    return this.ints[this.at(handle) + DENSITY]! >> PLACE_BITS;
  }

  /** cost ÷ bytes, about */
  value(handle: number): number {
    return 2 ** (this.density(handle) / (1 << OCTAVE_BITS));
  }

  hash(handle: number): number {
    return this.ints[this.at(handle) + HASH]!;
  }

  /** The first handle from one on whose hash is below a limit, also of one that has left; `end` when there is none before. */
  firstBelow(limit: number, from: number, end: number): number {
    const { ints } = this;
    for (let handle = from; handle < end; handle++) if (ints[this.at(handle) + HASH]! >>> 0 < limit) return handle;
    return end;
  }

  place(handle: number): number {
    return this.ints[this.at(handle) + DENSITY]! & PLACES;
  }

  setPlace(handle: number, place: number): void {
    const at = this.at(handle) + DENSITY;
    this.ints[at] = (this.ints[at]! & ~PLACES) | place;
  }

  /** All that is known of a newcomer, which stands in the window; its bytes as they are kept. */
  enter(handle: number, weight: number, size: number, value: number, hash: number): number {
    const { ints, sizes } = this;
    const at = this.at(handle);
    this.weights[handle] = weight;
    ints[at + DENSITY] = (logOf(value) << PLACE_BITS) | IN_WINDOW;
    const bytes = Math.fround(size);
    sizes[handle] = bytes;
    ints[at + HASH] = hash;
    return bytes;
  }
}
