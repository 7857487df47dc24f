import { type Policy, touchEach } from '../policy/policy.js';
import type { Counters } from '../stats/counters.js';
import type { Lifetime } from './lifetime.js';
import type { Sample } from './sample.js';
import type { Table } from './table.js';
import type { Ticker } from './ticker.js';

/** Hits that are told together: few enough to stay in the nearest memory. */
const BATCH = 64;
/** One hit in so many is timed, the first among them. */
const SAMPLED = 1024;

interface HitsParts<K, V> {
  table: Table<K, V>;
  life: Lifetime;
  ticker: Ticker;
  counters: Counters;
  sample: Sample<K, V>;
  /** Whether the policy is to be told of each hit at once. */
  isDirect: boolean;
}

/**
 * Hits that have been answered, and that nobody has been told of yet.
 *
 * The policy and the statistics have their say on a hit in places of memory that are far from each other. So the hit itself is a
 * look-up, and one more word here; they are told in batches, in order, and whoever is about to ask or to change what
 * hits take part in calls `settle` first: what he sees is as if each had been told at once.
 *
 * That a hit needs no look at the clock is granted ahead, for `limit` hits: while nothing has a deadline, or all
 * deadlines lie far enough ahead of the last reading.
 */
export class Hits<K, V> {
  readonly handles: Int32Array = new Int32Array(BATCH);
  length = 0;
  /** A hit may be added without `add` as long as there are fewer. */
  limit = 0;
  /** How many of those that may be added so were taken from the uses of the clock's last reading. */
  #granted = 0;
  policy!: Policy;
  readonly #table: Table<K, V>;
  readonly #life: Lifetime;
  readonly #ticker: Ticker;
  readonly #counters: Counters;
  readonly #sample: Sample<K, V>;
  readonly #isDirect: boolean;

  constructor({ table, life, ticker, counters, sample, isDirect }: HitsParts<K, V>) {
    this.#table = table;
    this.#life = life;
    this.#ticker = ticker;
    this.#counters = counters;
    this.#sample = sample;
    this.#isDirect = isDirect;
    ticker.onOutdated = () => this.revoke();
  }

  /** A hit of an entry that is known to be fresh. After it, others may be granted. */
  add(handle: number): void {
    if (this.length === BATCH) this.settle();
    this.handles[this.length++] = handle;
    if (this.#isDirect) this.settle();
    else if (!this.#life.isTimed) this.limit = BATCH;
    else if (this.#ticker.isBefore(this.#life.nextEnd())) this.#grant();
  }

  /** The next hit is to be looked at: something has a deadline that may be near. */
  revoke(): void {
    // What was not used of a grant is given back.
    this.#ticker.uses += Math.min(this.#granted, Math.max(0, this.limit - this.length));
    this.#granted = 0;
    this.limit = 0;
  }

  /** Tells whoever is to know of the hits. O(hits). */
  settle(): void {
    const count = this.length;
    if (count > 0) this.#tell(count);
  }

  /** As many hits as the last reading of the clock may still be used for. */
  #grant(): void {
    this.revoke();
    const ticker = this.#ticker;
    this.#granted = Math.min(BATCH - this.length, ticker.uses);
    ticker.uses -= this.#granted;
    this.limit = this.length + this.#granted;
  }

  #tell(count: number): void {
    if (this.#life.isTimed) this.revoke();
    this.length = 0;
    const { handles } = this;
    touchEach(this.policy, handles, count);
    const { hits } = this.#table;
    for (let i = 0; i < count; i++) {
      const handle = handles[i]!;
      if (++hits[handle]! < 0) this.#sample.hit(handle);
    }
    const before = this.#counters.hits;
    this.#counters.hits = before + count;
    if (Math.ceil(before / SAMPLED) < Math.ceil((before + count) / SAMPLED)) {
      // Now here, now there in the batch, so that in a loop, too, each entry has its turn.
      this.#time(handles[Math.floor(before / SAMPLED) % count]!);
    }
  }

  /** What the look-up of a hit takes, by doing it once more. */
  #time(handle: number): void {
    const table = this.#table;
    this.#sample.wake();
    table.guardHits(handle);
    const { index } = table.spaceOf(handle);
    const key = table.keys[handle] as K;
    const start = performance.now();
    if (table.values[index.get(key)!] !== undefined) this.#counters.hitLatency.record(performance.now() - start);
  }
}
