import { LEAST_MS, smoothedLoadTime } from './load-times.js';

/** Keys that are remembered: at first, and at most. Powers of two; 8 bytes each. */
const FIRST_CELLS = 1 << 10;
const MOST_CELLS = 1 << 16;
/** Sizes that differ by no more than half an octave are told of together. */
const STEPS_PER_OCTAVE = 2;
const SIZE_CLASSES = 128;
/** Before so many loads of a size are known there is nothing usual. */
const FEWEST_LOADS = 8;
/** What is usual is the mean of about so many loads. */
const MOST_LOADS = 64;

/**
 * What the policy is told that a load costs, from what loads have taken.
 *
 * One load tells little of its key: it may have met a collection, or a busy machine. And what is told too much of keeps its
 * place for that very reason, so a cache by measured cost would fill with accidents. So the first load of a key counts as
 * the mean, on a scale of logarithms, of what it has taken and what loads to about that size usually take; from the second
 * on the key has a time of its own, smoothed, also when its entry has left meanwhile.
 *
 * O(1); in constant memory, half a MiB at most: two keys may be taken for one another once in some billions, and of two that
 * fall into the same cell the later one is remembered.
 */
export class LoadCosts {
  #hashes: Uint32Array = new Uint32Array(0);
  #ms: Float32Array = new Float32Array(0);
  #taken = 0;
  /** By size: the logarithm of what loads take, and how many have told. */
  readonly #usualLog = new Float64Array(SIZE_CLASSES);
  readonly #loads = new Uint8Array(SIZE_CLASSES);

  /** A load of the key with this hash, of so many bytes, took so long: what another one would cost, in ms above 0. */
  note(hash: number, size: number, measuredMs: number): number {
    const measured = Math.max(measuredMs, LEAST_MS);
    const own = this.#recall(hash >>> 0);
    const cost = own > 0 ? smoothedLoadTime(own, measured) : this.#drawn(size, measured);
    this.#learn(size, measured);
    this.#remember(hash >>> 0, cost);
    return cost;
  }

  #drawn(size: number, measured: number): number {
    const place = classOf(size);
    if (this.#loads[place]! < FEWEST_LOADS) return measured;
    return Math.exp((Math.log(measured) + this.#usualLog[place]!) / 2);
  }

  #learn(size: number, measured: number): void {
    const place = classOf(size);
    if (this.#loads[place]! < MOST_LOADS) this.#loads[place]!++;
    this.#usualLog[place]! += (Math.log(measured) - this.#usualLog[place]!) / this.#loads[place]!;
  }

  #recall(hash: number): number {
    const cell = hash & (this.#hashes.length - 1);
    return this.#hashes.length > 0 && this.#hashes[cell] === hash ? this.#ms[cell]! : 0;
  }

  #remember(hash: number, ms: number): void {
    const cells = this.#hashes.length;
    if (2 * this.#taken >= cells && cells < MOST_CELLS) this.#grow(cells === 0 ? FIRST_CELLS : 2 * cells);
    this.#put(hash, ms);
  }

  #put(hash: number, ms: number): void {
    const cell = hash & (this.#hashes.length - 1);
    if (this.#ms[cell] === 0) this.#taken++;
    this.#hashes[cell] = hash;
    this.#ms[cell] = ms;
  }

  #grow(cells: number): void {
    const [hashes, ms] = [this.#hashes, this.#ms];
    this.#hashes = new Uint32Array(cells);
    this.#ms = new Float32Array(cells);
    this.#taken = 0;
    for (const [cell, hash] of hashes.entries()) if (ms[cell]! > 0) this.#put(hash, ms[cell]!);
  }
}

function classOf(size: number): number {
  return Math.min(SIZE_CLASSES - 1, Math.max(0, Math.floor(STEPS_PER_OCTAVE * Math.log2(size))));
}
