import { SLOT } from './layout.js';

/** Keys that a thread remembers of a cache, at most. When they are as many, all are forgotten, and learnt anew. */
const ENTRIES = 16_384;
/** A longer key is not worth the memory. */
const MAX_KEY_LENGTH = 256;
/** Int32 of an entry: its slot, and the two halves of its number. */
const WORDS = 4;
const LOW = 1;
const HIGH = 2;

/**
 * What one thread knows of one cache: which slot held a key, under which insertion number, and what was made of its
 * bytes. A number is never given twice, so if the slot, pinned, still has it, then so is everything as it was: neither
 * hashing the key nor comparing it with the bytes in the block is needed. 16 bytes and a `Map` entry a key.
 */
export class NearTable {
  #entries = new Map<string, number>();
  #words = new Int32Array(256 * WORDS);
  readonly #values: unknown[] = [];

  /** The entry of a key, or `undefined`. */
  find(key: string): number | undefined {
    return this.#entries.get(key);
  }

  slot(entry: number): number {
    return this.#words[entry * WORDS]!;
  }

  /** Whether the slot whose words begin at `at` has the number that it was remembered with. */
  matches(entry: number, words: Int32Array, at: number): boolean {
    const own = entry * WORDS;
    return (
      this.#words[own + LOW] === words[at + SLOT.numberLow] && this.#words[own + HIGH] === words[at + SLOT.numberHigh]
    );
  }

  /** What was made of the bytes, or `undefined`. */
  value(entry: number): unknown {
    return this.#values[entry];
  }

  /** Remembers where a key is, and what was made of it. The slot must be pinned, and known to hold the key. */
  learn(key: string, value: unknown, slot: number, words: Int32Array, at: number): void {
    if (key.length > MAX_KEY_LENGTH) return;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size === ENTRIES) this.forget();
      entry = this.#entries.size;
      this.#entries.set(key, entry);
      if (entry * WORDS === this.#words.length) this.#grow();
    }
    const own = entry * WORDS;
    this.#words[own] = slot;
    this.#words[own + LOW] = words[at + SLOT.numberLow]!;
    this.#words[own + HIGH] = words[at + SLOT.numberHigh]!;
    this.#values[entry] = value;
  }

  forget(): void {
    this.#entries = new Map();
    this.#values.length = 0;
  }

  #grow(): void {
    const words = new Int32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
  }
}
