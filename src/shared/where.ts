import type { EntryInfo } from '../stats/entry-info.js';
import type { Reading } from './reading.js';

/** The calling thread works so long before it lets others have their turn, in milliseconds. */
const SLICE_MS = 4;
/** Entries that are removed by one request. */
const BATCH = 512;
/** An entry that is never twice the same is asked about so often. */
const MAX_LOOKS = 8;

export type Predicate<V> = (key: string, value: V, info: EntryInfo) => boolean;

/** Entries to be removed, as they were seen. */
interface Seen {
  keys: string[];
  hashes: number[];
  numbers: number[];
}

type Verdict = boolean | 'other';

/**
 * Removes entries that a predicate of this thread wants gone. It sees them in place, one by one, and the keeper removes
 * exactly what it has seen: an entry that has another insertion number by then was written anew, or its bytes have moved,
 * and it is asked about again.
 */
export class WhereRemoval<V> {
  #seen: Seen = { keys: [], hashes: [], numbers: [] };
  #keys: string[] = [];
  #count = 0;

  constructor(
    readonly reading: Reading<V>,
    readonly isWanted: Predicate<V>,
    readonly remove: (seen: Seen) => Promise<Verdict[]>,
  ) {}

  /** How many fresh entries went. */
  async run(): Promise<number> {
    let keys = this.reading.keys({ stale: true });
    for (let look = 1; keys.length > 0 && look <= MAX_LOOKS; look++) keys = await this.#pass(keys);
    return this.#count;
  }

  /** Asks about each key; those that have to be asked about again. */
  async #pass(keys: readonly string[]): Promise<string[]> {
    const again: string[] = [];
    let until = performance.now() + SLICE_MS;
    for (const key of keys) {
      this.#ask(key);
      if (this.#keys.length >= BATCH) again.push(...(await this.#flush()));
      if (performance.now() < until) continue;
      await new Promise(setImmediate);
      until = performance.now() + SLICE_MS;
    }
    again.push(...(await this.#flush()));
    return again;
  }

  #ask(key: string): void {
    const number = this.reading.look(key, (value, info) => this.isWanted(key, value, info));
    if (number < 0) return;
    const { key: inner, hash } = this.reading.place(key);
    this.#keys.push(key);
    this.#seen.keys.push(inner);
    this.#seen.hashes.push(hash);
    this.#seen.numbers.push(number);
  }

  async #flush(): Promise<string[]> {
    if (this.#keys.length === 0) return [];
    const [keys, seen] = [this.#keys, this.#seen];
    this.#keys = [];
    this.#seen = { keys: [], hashes: [], numbers: [] };
    const verdicts = await this.remove(seen);
    this.#count += verdicts.filter((verdict) => verdict === true).length;
    return keys.filter((_, i) => verdicts[i] === 'other');
  }
}
