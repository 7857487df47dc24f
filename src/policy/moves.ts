import { FORGOTTEN, type FrequencyMemory, HIGHEST } from '../struct/frequency-memory.js';
import { OCTAVE_BITS } from './decay.js';
import type { Ranking } from './ranking.js';

/** At most so many are told together, and one in so many entries. */
const MAX_MOVES = 64;
const ENTRIES_PER_MOVE = 64;
/** A level of the memory is two ticks, half an octave of uses. */
const LEVEL_BITS = OCTAVE_BITS - 1;
const HALF = 1 << (LEVEL_BITS - 1);

/** Who has come and gone and is not yet told to the memory, in order. */
export class Moves {
  count = 0;
  /** As soon as there are so many they are to be told. */
  wanted = 1;
  readonly #hashes = new Int32Array(MAX_MOVES);
  /** What they have got, or -1. */
  readonly #handles = new Int32Array(MAX_MOVES);
  /** What they have gone with, or `USED`. */
  readonly #levels = new Int32Array(MAX_MOVES);

  /** Tells whether it is time to tell them. */
  add(hash: number, handle: number, level: number): boolean {
    const at = this.count++;
    this.#hashes[at] = hash;
    this.#handles[at] = handle;
    this.#levels[at] = level;
    return at + 1 >= this.wanted;
  }

  /** Who is remembered gets the uses of its past. */
  tell(memory: FrequencyMemory, ranking: Ranking): void {
    const hashes = this.#hashes;
    const levels = this.#levels;
    const { rows } = ranking;
    memory.tell(hashes, levels, this.count, ranking.clock.now >> LEVEL_BITS);
    for (let i = 0; i < this.count; i++) {
      const handle = this.#handles[i]!;
      if (levels[i] === FORGOTTEN || handle < 0) continue;
      if (rows.has(handle) && rows.hash(handle) === hashes[i]) ranking.credit(handle, levels[i]! << LEVEL_BITS);
    }
    this.count = 0;
    this.wanted = Math.min(MAX_MOVES, 1 + Math.floor(ranking.count / ENTRIES_PER_MOVE));
  }
}

/** A height as the memory counts it. */
export function levelOf(height: number): number {
  return Math.max(FORGOTTEN, Math.min((height + HALF) >> LEVEL_BITS, HIGHEST));
}
