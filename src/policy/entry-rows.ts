import { LinkedRows } from '../struct/linked-rows.js';
import { logOf, OCTAVE_BITS } from './decay.js';

/** The words of a row: its decayed uses (see decay.ts), the logarithm of cost ÷ bytes, bytes (a float), the hash. */
export const WEIGHT = 0;
export const DENSITY = 1;
export const SIZE = 2;
export const HASH = 3;
/** Where an entry stands shares a word with its density: the low bits, 0 when it is out. */
export const PLACE_BITS = 2;
export const PLACES = 3;
export const IN_WINDOW = 1;
export const IN_MAIN = 2;
export const IN_ASIDE = 3;

/** All that a ranking knows of an entry, side by side: 24 bytes with its links. */
export class EntryRows extends LinkedRows {
  /** Its decayed uses, see decay.ts. */
  weight(handle: number): number {
    return this.ints[this.at(handle)]!;
  }

  setWeight(handle: number, weight: number): void {
    this.ints[this.at(handle)] = weight;
  }

  /** The logarithm of cost ÷ bytes. */
  density(handle: number): number {
    return this.ints[this.at(handle) + DENSITY]! >> PLACE_BITS;
  }

  /** cost ÷ bytes, about */
  value(handle: number): number {
    return 2 ** (this.density(handle) / (1 << OCTAVE_BITS));
  }

  /** Bytes; the same ones for as long as nothing is entered. */
  size(handle: number): number {
    return this.floats[this.at(handle) + SIZE]!;
  }

  /** Whether it has these bytes and this cost ÷ bytes already. */
  isWorth(handle: number, size: number, value: number): boolean {
    const at = this.at(handle);
    return this.floats[at + SIZE] === size && this.ints[at + DENSITY]! >> PLACE_BITS === logOf(value);
  }

  hash(handle: number): number {
    return this.ints[this.at(handle) + HASH]!;
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
    const { ints, floats } = this;
    const at = this.at(handle);
    ints[at] = weight;
    ints[at + DENSITY] = (logOf(value) << PLACE_BITS) | IN_WINDOW;
    floats[at + SIZE] = size;
    ints[at + HASH] = hash;
    return floats[at + SIZE]!;
  }
}
