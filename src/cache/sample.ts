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
  /** How many entries there may be in the end. */
  expected: () => number;
}

/**
 * So many times more entries are reckoned with, if they fit in: who is marked and then not followed after all costs a
 * look at his key at his next hit.
 */
const FORESIGHT = 8;

/** Followed entries that a hit finds without a look at their keys, at most; a power of two. */
const MAX_KNOWN = 8192;
const FIRST_KNOWN = 64;
/** Words of each in that table; one is not used. */
const KNOWN_WORDS = 4;

/**
 * The keys whose requests are written down, so that `advise` can tell what another budget would give. Which ones is decided
 * by a hash of the key, and kept as the sign of its count of hits: a hit, which raises that count anyway, only asks
 * whether it is below 0.
 *
 * What a hit of a followed entry is to write down lies ready in a small table of its own, which stays in the processor's
 * cache: neither the key nor the columns of the entry are looked at.
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
  readonly #expected: () => number;
  /**
   * At the low bits of its handle, in `KNOWN_WORDS`: the handle of an entry that is followed and has had a hit, or -1, the
   * hash of its key, and the second word of the record of a hit; 0: one record is not enough.
   */
  #known: Int32Array = new Int32Array(KNOWN_WORDS * FIRST_KNOWN).fill(-1);
  #mask = FIRST_KNOWN - 1;

  constructor({ table, life, ticker, counters, options, cost, expected }: SampleParts<K, V>) {
    this.#cost = cost;
    this.#expected = expected;
    this.#table = table;
    this.#life = life;
    this.#ticker = ticker;
    this.#counters = counters;
    this.#options = options;
    this.#usualCost = usualCostOf(options.cost);
    this.#log = new RequestLog({
      gets: () => counters.hits + counters.misses,
      usualCost: this.#usualCost,
      policy: options.policy,
    });
  }

  /** A hit of an entry that is marked. The mark may be from when more keys were followed. */
  hit(handle: number): void {
    const known = this.#known;
    const at = KNOWN_WORDS * (handle & this.#mask);
    if (known[at] !== handle || !this.#log.repeat(known[at + 1]! >>> 0, known[at + 2]!)) this.#noteHit(handle);
  }

  /** A read that finds nothing fresh, just after the key has been looked for. */
  miss(space: Space<K, V>, key: K): void {
    if (this.#isResting()) return;
    const hash = typeof key === 'string' ? space.index.wholeHash(key) : keyHash(key, space.seed);
    this.#missedKey = key;
    this.#missedSpace = space;
    this.#missedHash = hash;
    if (!this.#follows(hash)) return;
    this.#log.miss(hash >>> 0, this.#life.isTimed ? this.#since(this.#ticker.now()) : undefined);
  }

  /** The hash of a key that is about to be written and has just been looked for: mostly it was missed before. */
  hashOf(space: Space<K, V>, key: K): number {
    const wasMissed = this.#missedKey !== undefined && key === this.#missedKey && space === this.#missedSpace;
    if (wasMissed) return this.#missedHash;
    return typeof key === 'string' ? space.index.wholeHash(key) : keyHash(key, space.seed);
  }

  /** A new entry, with the hash of its key. */
  insert(handle: number, hash: number): void {
    if (this.#isResting()) return;
    this.#missedKey = undefined;
    if (this.#follows(hash)) this.#follow(handle, hash);
  }

  /** Another value for an entry that is marked. */
  overwrite(handle: number): void {
    const hash = this.#hashAt(handle);
    this.#forgetAt(handle);
    if (this.#follows(hash)) this.#write(handle, hash);
    else this.#unmark(handle);
  }

  /** A value that is too big for this budget, and might not be for another. */
  refuse(space: Space<K, V>, key: K, size: number): void {
    const hash = keyHash(key, space.seed);
    if (this.#follows(hash)) this.#log.write(hash >>> 0, size, this.#usualCost(size));
  }

  /** An entry that is marked leaves, or ends; for want of room that is nothing to write down. */
  leave(handle: number, isEvicted = false): void {
    if (!isEvicted) this.#remove(this.#hashAt(handle));
    // What has had no hits is not known.
    if (this.#table.mark(handle) !== FOLLOWED) this.#forgetAt(handle);
  }

  /** A key was to be removed that is not there, and might be with another budget. Returns `false`. */
  forget(space: Space<K, V>, key: K): false {
    if (this.#log.threshold > 0) this.#remove(keyHash(key, space.seed));
    return false;
  }

  /** All entries leave. */
  clear(): void {
    this.#missedKey = undefined;
    this.#missedSpace = undefined;
    this.#known.fill(-1);
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
    for (const handle of this.#table.handles()) this.#table.follow(handle);
    this.#known.fill(-1);
    log.restart();
    return false;
  }

  /** Begins again when it is time. O(1), but for then: O(n). */
  wake(): void {
    this.#isResting();
  }

  /** What other budgets would give, from what there has been. O(records): 10 to 100 ms, up to 300, under `auto` up to 500. */
  advise(now: { maxBytes: number; hitRate: number; byteHitRate: number }): Advice[] {
    const { policy, maxEntries } = this.#options;
    // A policy of the user's own cannot be made anew.
    const newPolicy = () => createPolicy(typeof policy === 'string' ? policy : 'auto');
    const view = this.#log.view();
    return advise(view, { ...now, maxEntries, newPolicy, usualCost: this.#usualCost });
  }

  /** The table of what is known grows with the cache. */
  #fit(): void {
    const capacity = Math.min(MAX_KNOWN, this.#table.columns.capacity);
    if (capacity <= this.#mask + 1) return;
    const length = 2 ** Math.ceil(Math.log2(capacity));
    this.#known = new Int32Array(KNOWN_WORDS * length).fill(-1);
    this.#mask = length - 1;
  }

  /** Whether the requests of a key with this hash are written down. */
  #follows(hash: number): boolean {
    return hash >>> 0 < this.#log.threshold;
  }

  /** A new entry is one of those that are followed. */
  #follow(handle: number, hash: number): void {
    const { count } = this.#table;
    this.#log.fit(Math.max(count, Math.min(FORESIGHT * count, this.#expected())));
    if (!this.#follows(hash)) return;
    this.#table.follow(handle);
    this.#write(handle, hash);
  }

  /** The key of an entry is not followed any more. */
  #unmark(handle: number): void {
    this.#table.unfollow(handle);
    this.#forgetAt(handle);
  }

  #forgetAt(handle: number): void {
    const at = KNOWN_WORDS * (handle & this.#mask);
    if (this.#known[at] === handle) this.#known[at] = -1;
  }

  #noteHit(handle: number): void {
    this.#fit();
    const hash = this.#hashAt(handle);
    if (!this.#follows(hash)) {
      this.#unmark(handle);
      return;
    }
    const deadline = this.#life.isIdling ? this.#end(handle) : undefined;
    this.#remember(handle, hash, this.#log.request(hash >>> 0, this.#table.size(handle), this.#cost(handle), deadline));
  }

  #write(handle: number, hash: number): void {
    this.#log.write(hash >>> 0, this.#table.size(handle), this.#cost(handle), this.#end(handle));
  }

  #end(handle: number): number | undefined {
    return this.#life.isTimed ? this.#since(this.#life.endsAt(handle)) : undefined;
  }

  #since(time: number): number {
    this.#epoch ??= this.#ticker.time[0]!;
    return time - this.#epoch;
  }

  #remove(hash: number): void {
    if (this.#follows(hash)) this.#log.remove(hash >>> 0);
  }

  /** Of an entry that is marked. */
  #hashAt(handle: number): number {
    const at = KNOWN_WORDS * (handle & this.#mask);
    return this.#known[at] === handle
      ? this.#known[at + 1]!
      : keyHash(this.#table.key(handle), this.#table.spaceOf(handle).seed);
  }

  #remember(handle: number, hash: number, word: number): void {
    const at = KNOWN_WORDS * (handle & this.#mask);
    this.#known[at] = handle;
    this.#known[at + 1] = hash;
    this.#known[at + 2] = this.#life.isIdling ? 0 : word;
  }
}
