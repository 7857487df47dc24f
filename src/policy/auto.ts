import { hashNumber } from '../common/hash.js';
import { invariant } from '../common/invariant.js';
import { FrequencyMemory } from '../struct/frequency-memory.js';
import { grownCapacity, grownInt32 } from '../struct/grow.js';
import { logOf, type Terms } from './decay.js';
import type { Policy } from './policy.js';
import { Ranking } from './ranking.js';
import { sampleOf, Trial } from './trial.js';

/** The strategies among which measurement chooses; the first is the one to begin with. */
const STRATEGIES: readonly Terms[] = [
  // Uses count for long, newcomers prove themselves: skewed and stable popularity, scans.
  { window: 0.1, halfLife: 10, discount: 0.5 },
  // Recent uses count: popularity that drifts.
  { window: 0.1, halfLife: 3, discount: 0 },
  { window: 0.1, halfLife: 1, discount: 0 },
  // The last use counts: LRU by value density.
  { window: 0.1, halfLife: 0.15, discount: 0 },
  // Who is in stays unless the other has clearly been used more: loops longer than the cache.
  { window: 0.02, halfLife: 40, discount: 1 },
  // Newcomers get time: bursts.
  { window: 0.3, halfLife: 10, discount: 0.5 },
];

/** Keys that have left and are remembered, per entry. */
const REMEMBERED = 4;
/** A level of the memory is two ticks, half an octave of uses. What each stands for, from the least on. */
const LEAST_LEVEL = -8;
const USES = Float64Array.from({ length: 136 }, (_, i) => 2 ** ((i + LEAST_LEVEL) / 2));
/** Hits noted for the trial, which are worked off together. A power of two. */
const NOTES = 256;
/** So many times between two writes: where nothing is missed there is nothing to choose, and hits are counted no more. */
const MAX_BATCHES = 64;
const ALL = 2 ** 32;

/**
 * The best that we know, with no knob. One mechanism, a ranking by decayed uses and value density behind a small window
 * (see ranking.ts), under terms that a trial on paper chooses, again and again (see trial.ts).
 *
 * # What it is made of
 *
 * * `Ranking` orders the entries. Its terms are how fast uses are forgotten, the share of the window, and how hard it is
 *   to get in. Between them lie LRU, LFU, GreedyDual-Size-Frequency and W-TinyLFU, and they can be changed at any time at
 *   no cost, since only the speed of its clock changes.
 * * `FrequencyMemory` keeps the uses of what has left, as TinyLFU's sketch does, so that who comes back is known. Hits
 *   write nothing to it: the count of an entry goes there when it leaves.
 * * `Trial` runs each strategy on a sample of the keys, and says which one missed least of late, in cost. The sample is
 *   some 256 entries, a quarter of a cache of fewer than a thousand, and all of one of fewer than a hundred.
 *
 * # Trade-offs
 *
 * A hit costs a multiplication more than in `lru`, and a hit on a key of the sample is noted and worked off with
 * others later: in caches of less than a thousand entries that is felt. What a workload has been for the last 20 uses
 * per entry is taken for what it will be. Without hashes of keys nothing is remembered, and the trial sees each return as
 * a new key. Some 42 to 50 bytes an entry, as capacities double, and at most some 200 KB for the trial.
 */
export class AutoPolicy implements Policy {
  readonly wantsHash = true;
  readonly #ranking: Ranking;
  #hashes: Int32Array;
  /** Nothing before the first eviction: a cache that is never full needs neither. */
  #memory: FrequencyMemory | undefined;
  #trial: Trial | undefined;
  #leader = 0;
  /** Keys with hashes below this are in the sample. */
  #limit = 0;
  readonly #notes = new Int32Array(NOTES);
  #noted = 0;
  #batches = 0;
  #nextHash = 0;
  #isLeaving = false;

  constructor(capacity = 0) {
    this.#ranking = new Ranking(STRATEGIES[0]!, capacity);
    this.#hashes = new Int32Array(capacity);
  }

  insert(handle: number, size: number, cost: number, hash: number = hashNumber(this.#nextHash++, 0)): void {
    if (handle >= this.#hashes.length) {
      this.#hashes = grownInt32(this.#hashes, grownCapacity(this.#hashes.length, handle + 1));
    }
    this.#hashes[handle] = hash;
    this.#ranking.insert(handle, size, cost / size, 1 + this.#recall(hash));
    this.#isLeaving = false;
    if (this.#trial !== undefined) this.#written(hash, size, cost);
  }

  touch(handle: number): void {
    this.#ranking.touch(handle);
    const hash = this.#hashes[handle]!;
    if (hash >>> 0 < this.#limit) this.#note(hash);
  }

  update(handle: number, size: number, cost: number): void {
    this.#ranking.update(handle, size, cost / size);
    if (this.#trial !== undefined) this.#written(this.#hashes[handle]!, size, cost);
  }

  remove(handle: number): void {
    const ranking = this.#ranking;
    const hash = this.#hashes[handle]!;
    if (ranking.isNamed(handle)) this.#remember(hash, ranking.uses(handle));
    else if (hash >>> 0 < this.#limit) this.#removed(hash);
    ranking.remove(handle);
  }

  victim(): number {
    if (!this.#isLeaving) this.#lookAround();
    return this.#ranking.victim();
  }

  defer(handle: number): void {
    this.#ranking.defer(handle);
  }

  order(): number[] {
    return this.#ranking.order();
  }

  validate(): void {
    this.#ranking.validate();
    this.#memory?.validate();
    this.#trial?.validate();
    invariant(this.#noted <= NOTES, `auto: ${this.#noted} hits are noted`);
  }

  /** The first call after a write that somebody has to go. */
  #lookAround(): void {
    this.#isLeaving = true;
    const { count } = this.#ranking;
    if (count === 0) return;
    if (this.#memory === undefined || this.#memory.cells < (REMEMBERED * count) / 2) {
      this.#memory = new FrequencyMemory(REMEMBERED * count);
    }
    if (this.#trial === undefined) this.#start(count);
    else if (this.#limit * count > 2 * sampleOf(count) * ALL) this.#narrow(this.#trial);
  }

  #start(count: number): void {
    this.#limit = (sampleOf(count) / count) * ALL;
    const trial = new Trial(STRATEGIES);
    const ranking = this.#ranking;
    trial.maxBytes = ranking.bytes * (this.#limit / ALL);
    for (let handle = 0; handle < this.#hashes.length; handle++) {
      const hash = this.#hashes[handle]!;
      if (hash >>> 0 >= this.#limit || !ranking.has(handle)) continue;
      const size = ranking.size(handle);
      trial.written(hash, size, ranking.value(handle) * size, ranking.uses(handle));
    }
    this.#trial = trial;
  }

  #narrow(trial: Trial): void {
    this.#limit /= 2;
    trial.narrow(this.#limit);
  }

  #recall(hash: number): number {
    const height = this.#memory?.recall(hash, this.#ranking.tick >> 1) ?? Number.NEGATIVE_INFINITY;
    return height < LEAST_LEVEL ? 0 : USES[height - LEAST_LEVEL]!;
  }

  #remember(hash: number, uses: number): void {
    const now = this.#ranking.tick >> 1;
    this.#memory?.remember(hash, now + ((logOf(uses) + 1) >> 1), now);
  }

  #written(hash: number, size: number, cost: number): void {
    const trial = this.#trial!;
    this.#batches = 0;
    if (this.#noted > 0) this.#workOff(trial);
    if (hash >>> 0 >= this.#limit) return;
    trial.maxBytes = this.#ranking.fullBytes * (this.#limit / ALL);
    trial.written(hash, size, cost);
    this.#follow(trial);
  }

  #removed(hash: number): void {
    if (this.#noted > 0) this.#workOff(this.#trial!);
    this.#trial!.removed(hash);
  }

  #note(hash: number): void {
    if (this.#noted === NOTES) {
      if (this.#batches === MAX_BATCHES) return;
      this.#batches++;
      this.#workOff(this.#trial!);
    }
    this.#notes[this.#noted++] = hash;
  }

  #workOff(trial: Trial): void {
    for (let i = 0; i < this.#noted; i++) trial.hit(this.#notes[i]!);
    this.#noted = 0;
    this.#follow(trial);
  }

  #follow(trial: Trial): void {
    if (trial.leader === this.#leader) return;
    this.#leader = trial.leader;
    this.#ranking.terms = STRATEGIES[this.#leader]!;
  }
}
