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
  /** What a miss of an entry costs. */
  cost: (handle: number) => number;
}

/** New entries that are decided upon together. */
const BATCH = 64;
/** Hashes of marked entries that are remembered; a power of two. */
const RECENT = 256;

/**
 * The keys whose requests are written down, so that `advise` can tell what another budget would give. Which ones is decided
 * by a hash of the key, and kept as the sign of its count of hits: a hit, which raises that count anyway, only asks
 * whether it is below 0.
 *
 * To hash a key takes as long as much of a write, so new entries are marked without, and decided upon in batches, and
 * before anything else is written down: the order of what is written down is that in which it happened.
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
  readonly #cost: (handle: number) => number;
  /** Marked entries that are not decided upon, and the hashes of their keys where they are known, else 0. */
  readonly #undecided = new Int32Array(BATCH);
  readonly #knownHashes = new Float64Array(BATCH);
  #undecidedCount = 0;
  /** At the low bits of its handle, a marked entry that was seen of late, and the hash of its key: the hot are hit again. */
  readonly #recent = new Int32Array(RECENT).fill(-1);
  readonly #recentHashes = new Float64Array(RECENT);

  constructor({ table, life, ticker, counters, options, cost }: SampleParts<K, V>) {
    this.#cost = cost;
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
  hit(handle: number): void {
    this.#decide();
    const { hits } = this.#table;
    if (hits[handle]! >= 0) return;
    const hash = this.#hashAt(handle);
    const deadline = this.#life.isIdling ? this.#end(handle) : undefined;
    if (hash >= this.#log.threshold) hits[handle]! &= ~FOLLOWED;
    else this.#log.request(hash, this.#table.size(handle), this.#cost(handle), deadline);
  }

  /** A read that finds nothing fresh. */
  miss(space: Space<K, V>, key: K): void {
    if (this.#isResting()) return;
    const hash = keyHash(key, space.seed);
    this.#missedKey = key;
    this.#missedSpace = space;
    this.#missedHash = hash;
    if (hash >= this.#log.threshold) return;
    this.#decide();
    this.#log.miss(hash, this.#life.isTimed ? this.#since(this.#ticker.now()) : undefined);
  }

  /** The hash of a key that is about to be written. */
  hashOf(space: Space<K, V>, key: K): number {
    return this.#missedHashOf(space, key) || keyHash(key, space.seed);
  }

  /** A new entry. `hash` of its key; 0: not known. */
  insert(space: Space<K, V>, key: K, handle: number, hash: number): void {
    if (this.#isResting()) return;
    this.#table.hits[handle] = FOLLOWED;
    const at = this.#undecidedCount++;
    this.#undecided[at] = handle;
    this.#knownHashes[at] = hash || this.#missedHashOf(space, key);
    this.#missedKey = undefined;
    if (at + 1 === BATCH) this.#decideNow();
  }

  /** Another value for an entry that is marked. */
  overwrite(handle: number): void {
    this.#decide();
    if (this.#table.hits[handle]! >= 0) return;
    const hash = this.#hashAt(handle);
    if (hash < this.#log.threshold) this.#write(handle, hash);
  }

  /** A value that is too big for this budget, and might not be for another. */
  refuse(space: Space<K, V>, key: K, size: number): void {
    const hash = keyHash(key, space.seed);
    this.#decide();
    if (hash < this.#log.threshold) this.#log.write(hash, size, this.#usualCost(size));
  }

  /** An entry that is marked leaves, or ends; for want of room that is nothing to write down. */
  leave(handle: number, isEvicted = false): void {
    this.#decide();
    if (!isEvicted) this.#remove(this.#hashAt(handle));
  }

  /** A key was to be removed that is not there, and might be with another budget. Returns `false`. */
  forget(space: Space<K, V>, key: K): false {
    if (this.#log.threshold > 0) this.#remove(keyHash(key, space.seed));
    return false;
  }

  /** All entries leave. */
  clear(): void {
    this.#decide();
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
    this.#recent.fill(-1);
    log.restart();
    return false;
  }

  /** Begins again when it is time. O(1), but for then: O(n). */
  wake(): void {
    this.#isResting();
  }

  /** What other budgets would give, from what there has been. O(records): some 10 ms, up to 100, under `auto` up to 500. */
  advise(now: { maxBytes: number; hitRate: number; byteHitRate: number }): Advice[] {
    const { policy, maxEntries } = this.#options;
    // A policy of the user's own cannot be made anew.
    const newPolicy = () => createPolicy(typeof policy === 'string' ? policy : 'auto');
    this.#decide();
    const view = this.#log.view();
    return advise(view, { ...now, maxEntries, newPolicy, usualCost: this.#usualCost });
  }

  #decide(): void {
    if (this.#undecidedCount > 0) this.#decideNow();
  }

  #decideNow(): void {
    const count = this.#undecidedCount;
    this.#undecidedCount = 0;
    this.#log.fit(this.#table.count);
    for (let i = 0; i < count; i++) {
      const handle = this.#undecided[i]!;
      // What is remembered may be of the entry that had this handle before.
      const hash = this.#knownHashes[i]! ? this.#remember(handle, this.#knownHashes[i]!) : this.#work(handle);
      if (hash >= this.#log.threshold) this.#table.hits[handle]! &= ~FOLLOWED;
      else this.#write(handle, hash);
    }
  }

  #write(handle: number, hash: number): void {
    this.#log.write(hash, this.#table.size(handle), this.#cost(handle), this.#end(handle));
  }

  /** The hash of a key if it was the last to be missed, and has not been written since; else 0. */
  #missedHashOf(space: Space<K, V>, key: K): number {
    return this.#missedKey !== undefined && key === this.#missedKey && space === this.#missedSpace
      ? this.#missedHash
      : 0;
  }

  #end(handle: number): number | undefined {
    return this.#life.isTimed ? this.#since(this.#life.endsAt(handle)) : undefined;
  }

  #since(time: number): number {
    this.#epoch ??= this.#ticker.time[0]!;
    return time - this.#epoch;
  }

  #remove(hash: number): void {
    this.#decide();
    if (hash < this.#log.threshold) this.#log.remove(hash);
  }

  /** Of an entry that is marked. */
  #hashAt(handle: number): number {
    const at = handle & (RECENT - 1);
    return this.#recent[at] === handle ? this.#recentHashes[at]! : this.#work(handle);
  }

  #work(handle: number): number {
    return this.#remember(handle, keyHash(this.#table.keys[handle], this.#table.spaceOf(handle).seed));
  }

  #remember(handle: number, hash: number): number {
    const at = handle & (RECENT - 1);
    this.#recent[at] = handle;
    this.#recentHashes[at] = hash;
    return hash;
  }
}
