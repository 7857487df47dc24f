import type { Policy } from '../policy/policy.js';
import type { Counters } from '../stats/counters.js';
import type { Lifetime } from './lifetime.js';
import type { Sample } from './sample.js';
import type { Table } from './table.js';
import type { Ticker } from './ticker.js';

/** One hit in so many is timed, the first among them. A prime, so that each entry of a loop has its turn. */
const SAMPLED = 1021;

interface HitsParts<K, V> {
  table: Table<K, V>;
  life: Lifetime;
  ticker: Ticker;
  counters: Counters;
  sample: Sample<K, V>;
}

/**
 * Who is told of a hit, beside the one who asked: the policy, the count of the entry, the sample.
 *
 * That a hit needs no look at the clock is granted ahead, for so many hits: while nothing has a deadline, or all
 * deadlines lie far enough ahead of the last reading. So one number tells whether a hit is a plain one, and counts it.
 */
export class Hits<K, V> {
  /** So many hits may be answered by `take`. */
  granted = 0;
  policy!: Policy;
  readonly #table: Table<K, V>;
  readonly #life: Lifetime;
  readonly #ticker: Ticker;
  readonly #counters: Counters;
  readonly #sample: Sample<K, V>;
  /** As many were granted when the hits were counted last. */
  #counted = 0;
  /** Whether they were taken from the uses of the clock's last reading. */
  #isLent = false;
  /** In which thousand of hits one was timed last. */
  #timed = 0;

  constructor({ table, life, ticker, counters, sample }: HitsParts<K, V>) {
    this.#table = table;
    this.#life = life;
    this.#ticker = ticker;
    this.#counters = counters;
    this.#sample = sample;
    ticker.onOutdated = () => this.giveBack();
  }

  /** The value of an entry, by one of the hits that were granted. */
  take(handle: number): V | undefined {
    this.granted--;
    const table = this.#table;
    const value = table.value(handle);
    if (table.hit(handle)) this.#sample.hit(handle);
    // Last, since a user's policy may throw: it has been a hit all the same.
    this.policy.touch(handle);
    return value;
  }

  /** A hit of an entry that is known to be fresh, granted or not. After it, others may be granted. */
  add(handle: number): V | undefined {
    this.revoke();
    const hits = ++this.#counters.hits;
    const thousand = Math.ceil(hits / SAMPLED);
    // The first after a reset of the statistics, too.
    if (thousand !== this.#timed || hits === 1) {
      this.#timed = thousand;
      this.#time(handle);
    }
    this.#grant(thousand * SAMPLED - hits);
    // That one was counted.
    this.granted++;
    this.#counted = this.granted - 1;
    return this.take(handle);
  }

  /** Something ends then: unless that is far ahead, the next hit is to be looked at. */
  limit(deadline: number): void {
    if (!this.#isLent || this.#life.isIdling || !this.#ticker.isBefore(deadline)) this.revoke();
  }

  /** Gives back what was taken from the uses of the clock's last reading. */
  giveBack(): void {
    if (this.#isLent === true) this.revoke();
  }

  /** The next hit is to be looked at. */
  revoke(): void {
    this.settle();
    if (this.#isLent) this.#ticker.uses += this.granted;
    this.granted = 0;
    this.#counted = 0;
    this.#isLent = false;
  }

  /** Counts the hits that there have been. */
  settle(): void {
    this.#counters.hits += this.#counted - this.granted;
    this.#counted = this.granted;
  }

  /** At most so many, as long as the last reading of the clock may be used. */
  #grant(most: number): void {
    const ticker = this.#ticker;
    this.#isLent = this.#life.isTimed;
    if (!this.#isLent) this.granted = most;
    else if (ticker.isBefore(this.#life.nextEnd())) {
      this.granted = Math.min(most, ticker.uses);
      ticker.uses -= this.granted;
    }
  }

  /** What the look-up of a hit takes, by doing it once more. */
  #time(handle: number): void {
    const table = this.#table;
    this.#sample.wake();
    table.guardHits(handle);
    const { index } = table.spaceOf(handle);
    const key = table.key(handle);
    const start = performance.now();
    if (table.value(index.find(key)) !== undefined) this.#counters.hitLatency.record(performance.now() - start);
  }
}
