import { advise } from '../advice/advise.js';
import { RequestLog } from '../advice/request-log.js';
import { usualCostOf } from '../advice/usual-cost.js';
import type { ResolvedCacheOptions } from '../options.js';
import { createPolicy } from '../policy/index.js';
import type { Advice } from '../stats/advice.js';
import type { Counters } from '../stats/counters.js';
import { keyHash } from './key-hash.js';
import type { Lifetime } from './lifetime.js';
import type { Space } from './space.js';
import { FOLLOWED, type Table } from './table.js';
import type { Ticker } from './ticker.js';

interface SampleParts<K, V> {
  table: Table<K, V>;
  life: Lifetime;
  ticker: Ticker;
  counters: Counters;
  options: ResolvedCacheOptions<K, V>;
}

/**
 * The keys whose requests are written down, so that `advise` can tell what another budget would give. Which ones is decided
 * by a hash of the key, worked out when an entry is written or missed, and kept as the sign of its count of hits: a hit,
 * which raises that count anyway, only asks whether it is below 0.
 */
export class Sample<K, V> {
  readonly #log: RequestLog;
  readonly #table: Table<K, V>;
  readonly #life: Lifetime;
  readonly #ticker: Ticker;
  /** When the first time was noted: later ones are told from it, since the log keeps seven digits. */
  #epoch: number | undefined;
  readonly #counters: Counters;
  readonly #options: ResolvedCacheOptions<K, V>;
  readonly #usualCost: (size: number) => number;
  /** The key that was missed last: mostly it is written next. */
  #missedKey: K | undefined;
  #missedSpace: Space<K, V> | undefined;
  #missedHash = 0;

  constructor({ table, life, ticker, counters, options }: SampleParts<K, V>) {
    this.#table = table;
    this.#life = life;
    this.#ticker = ticker;
    this.#counters = counters;
    this.#options = options;
    this.#usualCost = usualCostOf(options.cost);
    this.#log = new RequestLog({
      gets: () => counters.hits + counters.misses,
      keys: () => table.count,
      usualCost: this.#usualCost,
    });
  }

  /** A hit of an entry that is marked. The mark may be from when more keys were followed. */
  hit(handle: number, cost: number): void {
    const { hits } = this.#table;
    const hash = this.#hashAt(handle);
    if (hash >= this.#log.threshold) hits[handle]! &= ~FOLLOWED;
    else this.#log.request(hash, this.#table.size(handle), cost, this.#life.isIdling ? this.#end(handle) : undefined);
  }

  /** A read that finds nothing fresh. */
  miss(space: Space<K, V>, key: K): void {
    if (this.#isResting()) return;
    const hash = keyHash(key, space.seed);
    this.#missedKey = key;
    this.#missedSpace = space;
    this.#missedHash = hash;
    if (hash < this.#log.threshold) {
      this.#log.miss(hash, this.#life.isTimed ? this.#since(this.#ticker.now()) : undefined);
    }
  }

  /** A new entry, when all is known about it. */
  insert(space: Space<K, V>, key: K, handle: number, cost: number): void {
    if (this.#isResting()) return;
    const isMissed = key === this.#missedKey && space === this.#missedSpace;
    const hash = isMissed ? this.#missedHash : keyHash(key, space.seed);
    this.#log.fit(this.#table.count);
    if (hash >= this.#log.threshold) return;
    this.#table.hits[handle]! |= FOLLOWED;
    this.#log.write(hash, this.#table.size(handle), cost, this.#end(handle));
  }

  /** Another value for an entry that is marked. */
  overwrite(handle: number, cost: number): void {
    const hash = this.#hashAt(handle);
    if (hash < this.#log.threshold) this.#log.write(hash, this.#table.size(handle), cost, this.#end(handle));
  }

  /** A value that is too big for this budget, and might not be for another. */
  refuse(space: Space<K, V>, key: K, size: number): void {
    const hash = keyHash(key, space.seed);
    if (hash < this.#log.threshold) this.#log.write(hash, size, this.#usualCost(size));
  }

  /** An entry that is marked leaves, not for want of room. */
  drop(handle: number): void {
    this.#remove(this.#hashAt(handle));
  }

  /** A key was to be removed that is not there, and might be with another budget. Returns `false`. */
  forget(space: Space<K, V>, key: K): false {
    if (this.#log.threshold > 0) this.#remove(keyHash(key, space.seed));
    return false;
  }

  clear(): void {
    this.#missedKey = undefined;
    this.#missedSpace = undefined;
    this.#log.clear();
  }

  /** The counts of hits and misses are about to be set to 0. */
  rebase(): void {
    this.#log.rebase();
  }

  /** Whether nothing is followed. To be asked now and then, since it may be time to begin again. */
  #isResting(): boolean {
    const log = this.#log;
    if (log.threshold > 0) return false;
    if (this.#counters.hits + this.#counters.misses < log.wakeAt) return true;
    for (const handle of this.#table.handles()) this.#table.hits[handle]! |= FOLLOWED;
    log.restart();
    return false;
  }

  /** Begins again when it is time. O(1), but for then: O(n). */
  wake(): void {
    this.#isResting();
  }

  /** What other budgets would give, from what there has been. O(records): some 10 ms, up to 100. */
  advise(now: { maxBytes: number; hitRate: number; byteHitRate: number }): Advice[] {
    const { policy, maxEntries } = this.#options;
    // A policy of the user's own cannot be made anew.
    const newPolicy = () => createPolicy(typeof policy === 'string' ? policy : 'auto');
    const view = this.#log.view();
    return advise(view, { ...now, maxEntries, newPolicy, usualCost: this.#usualCost });
  }

  #end(handle: number): number | undefined {
    return this.#life.isTimed ? this.#since(this.#life.endsAt(handle)) : undefined;
  }

  #since(time: number): number {
    this.#epoch ??= this.#ticker.time[0]!;
    return time - this.#epoch;
  }

  #remove(hash: number): void {
    if (hash < this.#log.threshold) this.#log.remove(hash);
  }

  /** Of an entry that is marked: there are few, and fewer as time goes on, so it is not kept. */
  #hashAt(handle: number): number {
    return keyHash(this.#table.keys[handle], this.#table.spaceOf(handle).seed);
  }
}
