import { FRACTION } from '../common/fraction.js';
import { hashNumber } from '../common/hash.js';
import { invariant } from '../common/invariant.js';
import { FrequencyMemory, USED } from '../struct/frequency-memory.js';
import { heightOf, MARKED, UNUSED } from './decay.js';
import { levelOf, Moves } from './moves.js';
import type { Policy } from './policy.js';
import { Ranking } from './ranking.js';
import { SampleShare } from './sample-share.js';
import { LRU, STRATEGIES } from './strategies.js';
import { sampleOf, Trial } from './trial.js';

/** Keys that have left and are remembered, per entry. */
const REMEMBERED = 4;
/** Handles looked at, each time, to start the trial with what is held. */
const SCAN = 1024;
/** Hits noted for the trial, which are worked off together. A power of two. */
const NOTES = 256;
/** So many times between two writes: where nothing is missed there is nothing to choose, and hits are counted no more. */
const MAX_BATCHES = 64;
/** How many times as long as it was at work the trial pauses, at first and at most. */
const MIN_PAUSE = 8;
const MAX_PAUSE = 32;
/** A stretch of a pause in which so many times as many come and go, per use, ends it; of so many moves at least. */
const MUCH = 1.25;
const MIN_STRETCH = 128;
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
 * * `Trial` runs each strategy on a sample of the keys, and says which one missed least of late, in cost, or LRU where
 *   changing has not paid. The sample is some 256 entries, a quarter of a cache of fewer than a thousand, and all of one of
 *   fewer than a hundred.
 *
 * # Trade-offs
 *
 * A hit writes one word. Somebody who goes and somebody who comes are told to the memory later, with others, so for a
 * while a newcomer does not know of its past. A hit on a key of the sample is noted and worked off with others; once one
 * strategy has led for long the trial pauses for most of the time, until far more is missed than when it was at work: a
 * workload that changes just then, and is missed no more, is noticed later.
 * What a workload has been for the last 20 uses per entry is taken for what it will be. Without hashes of keys nothing is
 * remembered, and the trial sees each return as a new key. Some 32 to 44 bytes an entry, as capacities double, and at most
 * some 200 KB for the trial.
 */
export class AutoPolicy implements Policy {
  readonly #ranking: Ranking;
  /** Nothing before the first eviction: a cache that is never full needs neither. */
  #memory: FrequencyMemory | undefined;
  #trial: Trial | undefined;
  #leader = 0;
  /** Keys with hashes below this are in the sample, */
  #sampled = FRACTION;
  /** and the trial is told of those below this: the same, or none while it pauses. */
  #limit = FRACTION;
  /** Moves since the trial was started or resumed; below 0, how many it pauses for. */
  #trialMoves = 0;
  /** Uses until then. */
  #trialUses = 0;
  /** Moves per use while it was at work. */
  #calm = FRACTION;
  /** Moves of a stretch of its pause, and uses until then. */
  #stretchMoves = 0;
  #stretchUses = 0;
  #pause = MIN_PAUSE;
  /** How much of what is held the trial is about. */
  readonly #share = new SampleShare();
  readonly #notes = new Int32Array(NOTES);
  #noted = 0;
  #batches = 0;
  readonly #moves = new Moves();
  #nextHash = 0;
  /** The cost of all entries, or NaN once they differ. */
  #cost = FRACTION;

  constructor(capacity = 0) {
    this.#ranking = new Ranking(STRATEGIES[0]!, capacity);
  }

  insert(handle: number, size: number, cost: number, hash: number = hashNumber(this.#nextHash++, 0)): void {
    if (cost !== this.#cost) this.#cost = this.#cost === 0 ? cost : Number.NaN;
    this.#ranking.insert(handle, size, cost / size, hash, this.#flags(hash));
    if (hash >>> 0 < this.#sampled) this.#share.add(handle, Math.fround(size));
    if (this.#memory !== undefined) this.#entered(handle, size, cost, hash);
  }

  touch(handle: number): void {
    if ((this.#ranking.touch(handle) & MARKED) !== 0) this.#note(handle);
  }

  update(handle: number, size: number, cost: number): void {
    const ranking = this.#ranking;
    if (cost !== this.#cost) this.#cost = Number.NaN;
    const before = ranking.rows.sizes[handle]!;
    const isMereUse = cost === this.#cost && Math.fround(size) === before;
    const weight = isMereUse ? ranking.touch(handle) : ranking.update(handle, size, cost / size);
    if ((weight & MARKED) === 0) return;
    const hash = ranking.rows.hash(handle);
    if (hash >>> 0 < this.#sampled) this.#share.add(handle, Math.fround(size) - before);
    if (hash >>> 0 < this.#limit) this.#written(hash, size, cost);
  }

  remove(handle: number): void {
    const ranking = this.#ranking;
    const hash = ranking.rows.hash(handle);
    if (ranking.isNamed(handle) && this.#memory !== undefined) this.#leaves(handle);
    else if (hash >>> 0 < this.#sampled) this.#removed(hash);
    this.#unshare(handle);
    ranking.remove(handle);
  }

  replace(handle: number, size: number, cost: number, hash: number = hashNumber(this.#nextHash++, 0)): void {
    if (!this.#ranking.isNamed(handle) || this.#memory === undefined) {
      this.remove(handle);
      this.insert(handle, size, cost, hash);
      return;
    }
    if (cost !== this.#cost) this.#cost = Number.NaN;
    const { rows } = this.#ranking;
    const weight = rows.weights[handle]!;
    if ((weight & UNUSED) === 0) this.#leaves(handle);
    if ((weight & MARKED) !== 0) this.#unshare(handle);
    // Once, since a large one is no integer to the processor.
    const bits = hash | 0;
    const isSampled = bits >>> 0 < this.#sampled;
    if (isSampled) this.#share.add(handle, Math.fround(size));
    this.#ranking.replace(handle, size, cost / size, bits, isSampled ? UNUSED | MARKED : UNUSED);
    this.#move(bits, handle, USED);
    if (isSampled && bits >>> 0 < this.#limit) this.#written(bits, size, cost);
  }

  victim(): number {
    if (this.#memory === undefined) this.#start();
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
    this.#share.validate(this.#ranking.rows, this.#sampled);
  }

  /** For the first time somebody has to go. */
  #start(): void {
    const { count, bytes } = this.#ranking;
    if (count === 0) return;
    this.#memory = new FrequencyMemory(REMEMBERED * count);
    this.#sampled = (sampleOf(count) / count) * ALL;
    this.#limit = this.#sampled;
    this.#trial = new Trial(STRATEGIES, LRU);
    // For all that is looked at now, until it is known what that comes to.
    this.#trial.maxBytes = bytes;
    this.#scan(this.#trial);
    this.#trial.maxBytes = bytes * this.#shareNow();
    this.#trialUses = this.#ranking.clock.uses;
  }

  /** Of the weight of a newcomer: it will be written down as it is, if there is a memory. */
  #flags(hash: number): number {
    return this.#memory === undefined ? 0 : hash >>> 0 < this.#sampled ? UNUSED | MARKED : UNUSED;
  }

  #entered(handle: number, size: number, cost: number, hash: number): void {
    this.#move(hash, handle, USED);
    if (hash >>> 0 < this.#limit) this.#written(hash, size, cost);
  }

  /** For want of room. Who has not been used since it came is in the memory as it was then. */
  #leaves(handle: number): void {
    const { rows, clock } = this.#ranking;
    const weight = rows.weights[handle]!;
    if ((weight & UNUSED) !== 0) return;
    this.#move(rows.hash(handle), -1, levelOf(heightOf(weight, clock.now)));
  }

  /** It leaves, or another takes its handle. */
  #unshare(handle: number): void {
    const { rows } = this.#ranking;
    if (rows.hash(handle) >>> 0 < this.#sampled) this.#share.subtract(handle, rows.sizes[handle]!);
  }

  #scan(trial: Trial): void {
    const ranking = this.#ranking;
    const share = this.#share;
    const { rows } = ranking;
    const from = share.looked;
    const end = Math.min(rows.capacity, from + SCAN);
    share.looked = end;
    const next = (handle: number) => rows.firstBelow(this.#sampled, handle, end);
    for (let handle = next(from); handle < end; handle = next(handle + 1)) {
      if (!rows.has(handle)) continue;
      const hash = rows.hash(handle);
      const size = rows.sizes[handle]!;
      share.add(handle, size);
      if ((rows.weights[handle]! & MARKED) !== 0) continue;
      rows.weights[handle]! |= MARKED;
      trial.held(hash, size, rows.value(handle) * size, ranking.height(handle));
    }
  }

  #shareNow(): number {
    const { bytes, rows } = this.#ranking;
    return this.#share.measure(this.#sampled / ALL, bytes, this.#share.looked >= rows.capacity);
  }

  #move(hash: number, handle: number, level: number): void {
    if (this.#moves.add(hash, handle, level)) this.#settle(this.#memory!, this.#trial!);
  }

  /** Tells the memory who has come and gone, and looks after the trial. */
  #settle(memory: FrequencyMemory, trial: Trial): void {
    const ranking = this.#ranking;
    const moved = this.#moves.count;
    this.#moves.tell(memory, ranking);
    const { count } = ranking;
    if (memory.cells < (REMEMBERED * count) / 2) memory.grow();
    if (this.#share.looked < ranking.rows.capacity) this.#scan(trial);
    if (this.#sampled * count > 2 * sampleOf(count) * ALL) this.#narrow(trial);
    this.#pauseOrResume(trial, 2 * moved);
  }

  #narrow(trial: Trial): void {
    this.#sampled /= 2;
    this.#share.restart();
    if (this.#limit > 0) this.#limit = this.#sampled;
    trial.narrow(this.#sampled);
  }

  /**
   * Who has led for long will go on to lead for a while: the trial looks at a part of the time only, and less and less,
   * unless far more is missed than when it looked.
   */
  #pauseOrResume(trial: Trial, moved: number): void {
    const { clock, count } = this.#ranking;
    const { uses } = clock;
    this.#trialMoves += moved;
    if (this.#limit > 0) {
      if (!trial.isSettled) return;
      if (this.#noted > 0) this.#workOff(trial);
      this.#pause = trial.isChanged ? MIN_PAUSE : Math.min(MAX_PAUSE, 2 * this.#pause);
      this.#limit = 0;
      this.#calm = this.#trialMoves / (uses - this.#trialUses);
      this.#trialMoves *= -this.#pause;
      this.#stretchMoves = 0;
      this.#stretchUses = uses;
      return;
    }
    this.#stretchMoves += moved;
    const isStretch = this.#stretchMoves >= Math.max(MIN_STRETCH, count / 4);
    const isOther = isStretch && this.#stretchMoves > MUCH * this.#calm * (uses - this.#stretchUses);
    if (isStretch) {
      this.#stretchMoves = 0;
      this.#stretchUses = uses;
    }
    if (this.#trialMoves < 0 && !isOther) return;
    this.#trialMoves = 0;
    this.#trialUses = uses;
    this.#limit = this.#sampled;
    trial.resume(isOther);
  }

  #written(hash: number, size: number, cost: number): void {
    const trial = this.#trial!;
    this.#batches = 0;
    if (this.#noted > 0) this.#workOff(trial);
    trial.maxBytes = this.#ranking.fullBytes * this.#shareNow();
    trial.written(hash, size, cost);
    this.#follow(trial);
  }

  #removed(hash: number): void {
    if (this.#noted > 0) this.#workOff(this.#trial!);
    this.#trial!.removed(hash);
  }

  #note(handle: number): void {
    const hash = this.#ranking.rows.hash(handle);
    if (hash >>> 0 >= this.#limit) return;
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
