import { SLOT } from './layout.js';

/** Keys of one generation, at most; with what is remembered of a small value that is 16 MiB. */
const ENTRIES = 65_536;
/** Bytes of the skeletons of which the values of a generation are remembered, at most. */
const SKELETON_BYTES = 2 ** 24;
/** A longer key is not worth the memory. */
const MAX_KEY_LENGTH = 256;

/** What one thread knows of a key: where it was, under which insertion number, and what was made of its bytes. */
export class NearEntry {
  // Declared, and set by the constructor and `renew`: initialisers run as a function of their own. What a hit needs comes first.
  /** What a pin of its slot holds. */
  declare ref: number;
  /** The Int32 index of its slot's words. */
  declare at: number;
  declare low: number;
  declare high: number;
  /** What a hit counts as: the parts come before the trailer, so what lies there is, but for some padding, the value. */
  declare bytes: number;
  declare value: unknown;
  /** Bytes of the skeleton that was made into the value. */
  declare weight: number;
  declare readonly key: string;
  /** The hash of the key as it lies in the index. */
  declare readonly hash: number;

  constructor(key: string, ref: number, words: Int32Array, at: number, value: unknown) {
    this.renew(ref, words, at, value);
    this.key = key;
    this.hash = words[at + SLOT.hash]!;
  }

  /** What is known of the key is this now. */
  renew(ref: number, words: Int32Array, at: number, value: unknown): void {
    this.ref = ref;
    this.at = at;
    this.low = words[at + SLOT.numberLow]!;
    this.high = words[at + SLOT.numberHigh]!;
    this.bytes = (words[at + SLOT.trailer]! >>> 0) * 8 + (words[at + SLOT.skeletonLength]! >>> 0);
    this.value = value;
    this.weight = value === undefined ? 0 : words[at + SLOT.skeletonLength]!;
  }
}

/**
 * What one thread knows of one cache. A number is never given twice, so if the slot, pinned, still has it, then so is
 * everything as it was: neither hashing the key nor comparing it with the bytes in the block is needed.
 *
 * Two generations: what is learnt, or used again, goes into the younger. When that is full it becomes the older, and
 * what was the older, unused since, is forgotten. So what is used often stays, no hit has to be noted for it, and there is
 * nothing to be deleted from a `Map`, which makes it slow.
 */
export class NearTable {
  private young = new Map<string, NearEntry>();
  #old = new Map<string, NearEntry>();
  #weight = 0;

  /** What is known of a key, or `undefined`. */
  find(key: string): NearEntry | undefined {
    const entry = this.young.get(key);
    return entry === undefined ? this.rejuvenate(key) : entry;
  }

  /** Remembers what a key is. */
  learn(entry: NearEntry): void {
    if (entry.key.length <= MAX_KEY_LENGTH) this.#keep(entry.key, entry);
  }

  /** What was found just now weighs more, or less, than it did. */
  reweigh(difference: number): void {
    this.#weight += difference;
  }

  forget(): void {
    this.young = new Map();
    this.#old = new Map();
    this.#weight = 0;
  }

  private rejuvenate(key: string): NearEntry | undefined {
    if (this.#old.size === 0) return undefined;
    const entry = this.#old.get(key);
    if (entry !== undefined) this.#keep(key, entry);
    return entry;
  }

  #keep(key: string, entry: NearEntry): void {
    if (this.young.size >= ENTRIES || this.#weight > SKELETON_BYTES) {
      this.#old = this.young;
      this.young = new Map();
      this.#weight = 0;
    }
    this.#weight += entry.weight;
    this.young.set(key, entry);
  }
}
