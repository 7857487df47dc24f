/**
 * Which ranks are taken, of a stretch of `size` that may lie anywhere among the integers modulo 2^32 and moves along: a
 * bit for each, at its place modulo `size`. What lies below the stretch counts as its lowest, what lies above as its
 * highest. The lowest taken one is found by 32 at a time. `size` is a power of two, at least 32.
 */
export class RankBits {
  readonly #words: Int32Array;
  readonly #size: number;
  /** The lowest rank of the stretch; none below it is taken. */
  #base = 0;
  /** No taken rank is higher. */
  #top = 0;
  #isEmpty = true;

  constructor(size: number) {
    this.#size = size;
    this.#words = new Int32Array(size >> 5);
  }

  has(index: number): boolean {
    return (this.#words[index >> 5]! & (1 << (index & 31))) !== 0;
  }

  /** Takes a rank, or the nearest that there is room for, and returns its index, 0 … size - 1. */
  mark(wanted: number): number {
    let rank = wanted;
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.#base = rank;
      this.#top = rank;
    } else if (((rank - this.#base) | 0) < 0) {
      const lowest = (this.#top - this.#size + 1) | 0;
      if (((rank - lowest) | 0) < 0) rank = ((lowest - this.#base) | 0) < 0 ? lowest : this.#base;
      this.#base = rank;
    } else if (((rank - this.#top) | 0) > 0) {
      const highest = (this.#base + this.#size - 1) | 0;
      if (((rank - highest) | 0) > 0) rank = highest;
      if (((rank - this.#top) | 0) > 0) this.#top = rank;
    }
    const index = rank & (this.#size - 1);
    this.#words[index >> 5]! |= 1 << (index & 31);
    return index;
  }

  /** The lowest taken rank, as of the last `lowestIndex`. */
  lowest(): number {
    return this.#base;
  }

  /** The index of the lowest taken rank, or -1. */
  lowestIndex(): number {
    if (this.#isEmpty) return -1;
    const mask = this.#size - 1;
    const start = this.#base & mask;
    let word = this.#words[start >> 5]! & (-1 << (start & 31));
    const words = this.#words.length;
    for (let i = 0; i <= words; i++) {
      const at = ((start >> 5) + i) & (words - 1);
      if (i > 0) word = this.#words[at]!;
      if (word === 0) continue;
      const index = (at << 5) + (31 - Math.clz32(word & -word));
      this.#base = (this.#base + ((index - start) & mask)) | 0;
      return index;
    }
    this.#isEmpty = true;
    return -1;
  }

  /** Gives a rank back, by its index. */
  clear(index: number): void {
    this.#words[index >> 5]! &= ~(1 << (index & 31));
  }
}
