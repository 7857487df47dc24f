import { FRACTION } from '../common/fraction.js';
import { HashSlots } from '../struct/hash-slots.js';
import { NEVER, type Terms } from './decay.js';
import { Ranking } from './ranking.js';
import { Verdict } from './verdict.js';

/** Entries that each of the paper caches holds, about. */
const SAMPLE = 256;
/** In a small cache one in so many, so that the trial costs less than what it is about, but not less than so many. */
const SMALL_SHARE = 4;
const SMALL_SAMPLE = 96;
/** Slots per entry of a paper cache: those that they hold, and those that they remember the uses of. */
const SLOTS_PER_ENTRY = 4;
const MIN_SLOTS = 64;
const MAX_SLOTS = SAMPLE * SLOTS_PER_ENTRY;
/** Slots looked at for one that no paper cache holds, before one is taken from those that hold it. */
const MAX_LOOKS = 32;
/** Who has led for so many requests leads for now: after a pause, and at the start or after another has led. */
const LONG_LEAD = 5_000;
const FIRST_LEAD = 10_000;
/** Requests per entry that count for nothing after a pause, until the paper caches hold what is asked for now. */
const WARM_UP = 2;
/** Between two costs that are as good as one. */
const MOST_RATIO = 1.25;

/** How many of so many entries are to be in the sample. */
export function sampleOf(count: number): number {
  return Math.min(count, SAMPLE, Math.max(SMALL_SAMPLE, count / SMALL_SHARE));
}

/**
 * Which of several strategies would serve the last requests best, told by trying: each has a cache on paper, a ranking
 * without values, that sees the requests of a sample of all keys and has its share of the budget (miniature simulation:
 * Waldspurger et al., USENIX ATC 2017). What its misses cost decides who leads (see verdict.ts). The last ranking is the
 * follower, which changes its terms as the favourite changes.
 *
 * Keys are hashes: those below a limit are the sample. A slot holds one key of it and has the same number in all paper
 * caches, so that a request costs one look-up. Slots whose key nobody holds any more keep the count of its uses until
 * they are given to other keys, one after the other.
 */
export class Trial {
  readonly #terms: readonly Terms[];
  readonly #rankings: readonly Ranking[];
  readonly #verdict: Verdict;
  readonly #slots = new HashSlots(MIN_SLOTS);
  /** slot → how many rankings hold it. */
  readonly #holders = new Uint8Array(MAX_SLOTS);
  readonly #isUsed = new Uint8Array(MAX_SLOTS);
  readonly #sizes = new Float64Array(MAX_SLOTS);
  readonly #costs = new Float64Array(MAX_SLOTS);
  readonly #values = new Float32Array(MAX_SLOTS);
  #taken = 0;
  #hand = 0;
  #maxBytes = FRACTION;
  #leader = 0;
  /** Requests that the leader has led for, since the start or the last pause. */
  #lead = 0;
  #warmUp = 0;
  #leadWanted = FIRST_LEAD;

  /** @param lru the place of LRU among the strategies */
  constructor(strategies: readonly Terms[], lru: number) {
    this.#terms = strategies;
    this.#rankings = [...strategies, strategies[0]!].map((each) => new Ranking(each));
    this.#verdict = new Verdict(strategies.length, lru);
  }

  /** The place of the best among the terms, as of now. */
  get leader(): number {
    return this.#leader;
  }

  /** Whether it can be left alone for a while. */
  get isSettled(): boolean {
    return this.#lead > this.#leadWanted;
  }

  /** Whether another leads than when it started or went on. */
  get isChanged(): boolean {
    return this.#leadWanted === FIRST_LEAD;
  }

  /** Goes on after a while in which it was told nothing; what was before counts for less if `isOther` than it was. */
  resume(isOther: boolean): void {
    this.#warmUp = WARM_UP * this.#rankings[this.#leader]!.count;
    this.#lead = 0;
    this.#leadWanted = isOther ? FIRST_LEAD : LONG_LEAD;
    if (isOther) this.#verdict.change();
  }

  /** What each paper cache may hold. */
  set maxBytes(bytes: number) {
    this.#maxBytes = bytes;
  }

  /** A hit of the real cache, for a key of the sample. */
  hit(hash: number): void {
    const slot = this.#slots.find(hash);
    if (slot >= 0) this.#request(slot);
  }

  /** A key of the sample was written: it missed, unless it is an overwrite, or it is worth something else now. */
  written(hash: number, size: number, cost: number): void {
    let slot = this.#slots.find(hash);
    if (slot < 0) slot = this.#take(hash);
    if (this.#sizes[slot] !== size || this.#costs[slot] !== cost) this.#weigh(slot, size, cost);
    this.#request(slot);
  }

  /** A key that the real cache holds, with the logarithm of its uses; none that was seen here already. */
  held(hash: number, size: number, cost: number, height: number): void {
    if (this.#slots.find(hash) >= 0) return;
    this.written(hash, size, cost);
    const slot = this.#slots.find(hash);
    for (const ranking of this.#rankings) ranking.setHeight(slot, height);
  }

  /** A key of the sample was removed, by no fault of a strategy. */
  removed(hash: number): void {
    const slot = this.#slots.find(hash);
    if (slot >= 0) this.#drop(slot);
  }

  /** Forgets the keys whose hashes are not below a limit. */
  narrow(limit: number): void {
    for (let slot = 0; slot < this.#taken; slot++) {
      if (this.#isUsed[slot] === 0 || this.#slots.hash(slot) >>> 0 < limit) continue;
      this.#drop(slot);
      this.#slots.delete(slot);
      this.#isUsed[slot] = 0;
    }
  }

  validate(): void {
    this.#slots.validate();
    for (const ranking of this.#rankings) ranking.validate();
  }

  #request(slot: number): void {
    const rankings = this.#rankings;
    const verdict = this.#verdict;
    const isCounted = this.#warmUp === 0;
    const cost = this.#costs[slot]!;
    if (isCounted) verdict.requested(cost);
    let isMissed = false;
    for (let i = 0; i < rankings.length; i++) {
      const ranking = rankings[i]!;
      if (ranking.rows.has(slot)) {
        ranking.touch(slot);
      } else {
        isMissed = true;
        if (isCounted) verdict.missed(i, cost);
        this.#store(ranking, slot);
      }
    }
    if (!isCounted) {
      this.#warmUp--;
      return;
    }
    this.#lead++;
    if (isMissed) this.#chooseLeader();
    verdict.forget(rankings[this.#leader]!.count);
  }

  #chooseLeader(): void {
    const verdict = this.#verdict;
    const before = verdict.favourite;
    verdict.choose(this.#rankings[before]!.count);
    const { favourite, leader } = verdict;
    if (favourite !== before) this.#rankings[verdict.follower]!.terms = this.#terms[favourite]!;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#lead = 0;
    this.#leadWanted = FIRST_LEAD;
  }

  #store(ranking: Ranking, slot: number): void {
    const size = this.#sizes[slot]!;
    if (size > this.#maxBytes) return;
    while (ranking.bytes + size > this.#maxBytes && ranking.count > 0) {
      const victim = ranking.victim();
      ranking.remove(victim);
      this.#holders[victim]!--;
    }
    ranking.comeBack(slot, size, this.#values[slot]!);
    this.#holders[slot]!++;
  }

  /** What is worth nearly as much as before stays where it is until it goes. */
  #weigh(slot: number, size: number, cost: number): void {
    const ratio = cost / this.#costs[slot]!;
    const isNear = this.#sizes[slot] === size && ratio < MOST_RATIO && ratio > 1 / MOST_RATIO;
    this.#sizes[slot] = size;
    this.#costs[slot] = cost;
    this.#values[slot] = cost / size;
    if (!isNear) this.#drop(slot);
  }

  #drop(slot: number): void {
    if (this.#holders[slot] === 0) return;
    for (const ranking of this.#rankings) if (ranking.rows.has(slot)) ranking.remove(slot);
    this.#holders[slot] = 0;
  }

  /** A slot for another key. */
  #take(hash: number): number {
    const slot = this.#freeSlot();
    for (const ranking of this.#rankings) ranking.setHeight(slot, NEVER);
    this.#sizes[slot] = 0;
    this.#isUsed[slot] = 1;
    this.#slots.add(slot, hash);
    return slot;
  }

  #freeSlot(): number {
    const wanted = Math.min(MAX_SLOTS, MIN_SLOTS + SLOTS_PER_ENTRY * this.#rankings[this.#leader]!.count);
    if (this.#taken < wanted) {
      if (this.#taken === this.#slots.capacity) this.#slots.grow();
      return this.#taken++;
    }
    for (let looks = 1; ; looks++) {
      this.#hand = this.#hand + 1 >= this.#taken ? 0 : this.#hand + 1;
      if (this.#holders[this.#hand] === 0 || looks === MAX_LOOKS) break;
    }
    const slot = this.#hand;
    if (this.#isUsed[slot] === 0) return slot;
    this.#drop(slot);
    this.#slots.delete(slot);
    return slot;
  }
}
