import { FRACTION } from '../common/fraction.js';

/** The past counts by its last so many requests per entry, and not less than so many. */
const MEMORY_PER_ENTRY = 20;
const MIN_MEMORY = 500;
/** And when it is asked whether choosing is worth its while at all. */
const LONG_MEMORY_PER_ENTRY = 1_000;
const MIN_LONG_MEMORY = 100_000;
/** LRU is behind the best by the misses of so many entries, of each held, at most: it takes over soon after a change. */
const MOST_BEHIND = 0.5;
/**
 * LRU leads when whoever follows the favourites has missed more than it by the misses of so many entries, of each held:
 * less is as good as chance, and a change costs, too, since who comes after LRU finds what LRU has kept.
 */
const LEAST_AHEAD = 0.1;
/** The present is worth so many times the past when it is not as the past was. */
const PAST_WORTH = 8;
/** Where the weight of a loss has grown to this, all of them are divided by it. */
const MAX_WEIGHT = 2 ** 200;
/** The mean cost of a request follows each of them by so much. */
const MEAN_STEP = 0.01;

/** Sums that forget slowly: instead of the past losing weight, the present gains it. */
class Losses {
  readonly sums: Float64Array;
  weight = 1 + FRACTION;

  constructor(count: number) {
    this.sums = new Float64Array(count);
  }

  /** A request later, of so many that are remembered. */
  forget(memory: number): void {
    this.weight *= memory / (memory - 1);
    if (this.weight <= MAX_WEIGHT) return;
    for (let i = 0; i < this.sums.length; i++) this.sums[i]! /= this.weight;
    this.weight = 1;
  }
}

/**
 * Which strategy leads, by what the misses of each have cost.
 *
 * The best of the last requests is the favourite. Whoever follows the favourites pays for each change, since a cache is
 * full of what the one before has kept, and a favourite that owes its lead to chance brings nothing. So a follower, who
 * does just that, is told of its misses as well; where it has missed clearly more than LRU in the long run, LRU leads.
 */
export class Verdict {
  /** The follower comes after the strategies. */
  readonly follower: number;
  readonly #lru: number;
  readonly #recent: Losses;
  /** Of the follower and of LRU. */
  readonly #long = new Losses(2);
  #favourite = 0;
  #isLruLeading = false;
  #meanCost = FRACTION;

  /** @param lru the place of LRU among so many strategies */
  constructor(strategies: number, lru: number) {
    this.follower = strategies;
    this.#lru = lru;
    this.#recent = new Losses(strategies);
  }

  get leader(): number {
    return this.#isLruLeading ? this.#lru : this.#favourite;
  }

  /** The best of the last requests: what the follower has to be from now on. */
  get favourite(): number {
    return this.#favourite;
  }

  /** A request that would cost so much, before its misses. */
  requested(cost: number): void {
    this.#meanCost += (cost - this.#meanCost) * (this.#meanCost === 0 ? 1 : MEAN_STEP);
  }

  /** It missed, under a strategy or with the follower. */
  missed(who: number, cost: number): void {
    if (who < this.follower) this.#recent.sums[who]! += cost * this.#recent.weight;
    if (who === this.follower) this.#long.sums[0]! += cost * this.#long.weight;
    else if (who === this.#lru) this.#long.sums[1]! += cost * this.#long.weight;
  }

  /** After misses; each cache holds so many entries. */
  choose(entries: number): void {
    const { sums, weight } = this.#recent;
    const most = sums[this.#favourite]! + MOST_BEHIND * entries * this.#meanCost * weight;
    if (sums[this.#lru]! > most) sums[this.#lru] = most;
    let best = this.#favourite;
    for (let i = 0; i < sums.length; i++) if (sums[i]! < sums[best]!) best = i;
    this.#favourite = best;
    const [follower, lru] = this.#long.sums;
    const margin = this.#isLruLeading ? 0 : LEAST_AHEAD * entries * this.#meanCost * this.#long.weight;
    if (follower !== lru) this.#isLruLeading = lru! + margin < follower!;
  }

  /** Each cache holds so many entries. */
  forget(entries: number): void {
    this.#recent.forget(Math.max(MIN_MEMORY, MEMORY_PER_ENTRY * entries));
    this.#long.forget(Math.max(MIN_LONG_MEMORY, LONG_MEMORY_PER_ENTRY * entries));
  }

  /** What was before counts for less from now on. */
  change(): void {
    this.#recent.weight *= PAST_WORTH;
    this.#long.weight *= PAST_WORTH;
  }
}
