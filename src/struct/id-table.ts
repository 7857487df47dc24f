import { invariant } from '../common/invariant.js';

/** Words of a place: the two of the key, the id + 1, and one that keeps places aligned. */
const STRIDE = 4;
const STRIDE_LOG = 2;
const MIN_PLACES = 1 << 10;

/**
 * Dense ids for 64-bit keys, given in the order in which the keys come: the first is 0. Open addressing in one flat array,
 * at most two thirds full: 24 to 48 bytes a key, no object per key, and more of them than a `Map` can hold.
 *
 * A key is two 32-bit words, a number or a hash of something longer. With hashes two keys may share an id; of 100 million
 * keys that happens to one pair in 3 700 tables.
 */
export class IdTable {
  #places: Uint32Array = new Uint32Array(MIN_PLACES * STRIDE);
  #mask = MIN_PLACES - 1;
  #limit = limitOf(MIN_PLACES);
  /** Ids given. */
  count = 0;

  /** The id of a key; a key not seen before gets the next one. O(1). */
  idOf(low: number, high: number): number {
    const places = this.#places;
    const mask = this.#mask;
    for (let place = mix(low, high) & mask; ; place = (place + 1) & mask) {
      const at = place << STRIDE_LOG;
      const id = places[at + 2]!;
      if (id === 0) return this.#add(at, low, high);
      if (places[at] === low >>> 0 && places[at + 1] === high >>> 0) return id - 1;
    }
  }

  /** Throws when an invariant is broken. O(places). */
  validate(): void {
    const seen = new Set<number>();
    for (let at = 0; at < this.#places.length; at += STRIDE) {
      const id = this.#places[at + 2]!;
      if (id === 0) continue;
      invariant(id <= this.count && !seen.has(id), `ids: ${id - 1} of ${this.count} is given twice, or not yet`);
      seen.add(id);
      const found = this.idOf(this.#places[at]!, this.#places[at + 1]!);
      invariant(found === id - 1, `ids: the key of ${id - 1} is found as ${found}`);
    }
    invariant(seen.size === this.count, `ids: ${seen.size} keys, ${this.count} ids`);
  }

  #add(at: number, low: number, high: number): number {
    const places = this.#places;
    places[at] = low;
    places[at + 1] = high;
    places[at + 2] = ++this.count;
    if (this.count > this.#limit) this.#grow();
    return this.count - 1;
  }

  #grow(): void {
    const old = this.#places;
    const size = 2 * (this.#mask + 1);
    const places = new Uint32Array(size * STRIDE);
    this.#mask = size - 1;
    this.#limit = limitOf(size);
    this.#places = places;
    for (let from = 0; from < old.length; from += STRIDE) {
      if (old[from + 2] === 0) continue;
      let place = mix(old[from]!, old[from + 1]!) & this.#mask;
      while (places[(place << STRIDE_LOG) + 2] !== 0) place = (place + 1) & this.#mask;
      places.set(old.subarray(from, from + STRIDE), place << STRIDE_LOG);
    }
  }
}

function limitOf(places: number): number {
  return Math.floor((places * 2) / 3);
}

function mix(low: number, high: number): number {
  const hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
