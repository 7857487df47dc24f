import { eachToTheEnd } from '../common/each.js';
import { invariant } from '../common/invariant.js';
import type { ResolvedCacheOptions } from '../options.js';
import { createPolicy } from '../policy/index.js';
import { type Policy, replaceVictim } from '../policy/policy.js';
import type { Counters } from '../stats/counters.js';
import type { Emitter } from '../stats/emitter.js';
import type { CacheEvents, RemovalReason } from '../stats/event.js';
import { dropDead, noteAll, shed, sweepSome } from './drops.js';
import type { EntryTerms } from './entry-terms.js';
import { HitLedger } from './hit-ledger.js';
import { Hits } from './hits.js';
import { Lifetime, type State } from './lifetime.js';
import { Notes } from './notes.js';
import { Removals } from './removals.js';
import { Sample } from './sample.js';
import type { Space } from './space.js';
import { Sweeper } from './sweeper.js';
import { type Growth, Table } from './table.js';
import type { Ticker } from './ticker.js';
import { victimBut } from './victim.js';

const LONGEST_WAIT_FOR_FOREIGN_CLOCK_MS = 1_000;

interface StoreParts<K, V> {
  options: ResolvedCacheOptions<K, V>;
  ticker: Ticker;
  counters: Counters;
  events: Emitter<CacheEvents<K, V>>;
}

/**
 * The entries, the ledger of their bytes, and who goes when room is needed: the dead, then the stale, then whom the
 * policy names. Knows nothing of hooks, loads and options; whoever calls it tells the removals (`removals.flush()`)
 * when his own work is done too.
 *
 * Invariant, between calls: `bytes` is the sum of the sizes of all entries, and is at most `maxBytes`.
 */
export class Store<K, V> {
  readonly table = new Table<K, V>();
  readonly notes = new Notes(this.table);
  readonly life: Lifetime;
  readonly hits: Hits<K, V>;
  readonly removals: Removals<K, V>;
  readonly sweeper: Sweeper;
  bytes = 0;
  maxBytes: number;
  maxEntries: number;
  /** The largest charge of one entry. */
  maxEntryBytes: number;
  /** What the hits have brought. */
  readonly ledger: HitLedger<K, V>;
  /** What was asked of some of the keys. */
  readonly sample: Sample<K, V>;
  #policy: Policy;
  /** What was asked for; a budget below it binds all the same. */
  readonly #maxEntryBytes: number;
  readonly #policyOption: ResolvedCacheOptions<K, V>['policy'];
  readonly #ticker: Ticker;
  readonly #counters: Counters;

  constructor({ options, ticker, counters, events }: StoreParts<K, V>) {
    this.removals = new Removals(events, options.onEvicted);
    this.maxBytes = options.maxBytes;
    this.#maxEntryBytes = options.maxEntryBytes ?? Number.POSITIVE_INFINITY;
    this.maxEntryBytes = Math.min(this.#maxEntryBytes, options.maxBytes);
    this.maxEntries = options.maxEntries;
    this.#policyOption = options.policy;
    this.#ticker = ticker;
    this.life = new Lifetime(ticker.time);
    this.#counters = counters;
    const cost = (handle: number) => this.notes.cost(handle);
    const { table, life } = this;
    this.ledger = new HitLedger(table);
    this.sample = new Sample({ table, life, ticker, counters, options, cost, expected: this.#growth.expected });
    this.hits = new Hits({ table, life, ticker, counters, sample: this.sample });
    this.#policy = this.#newPolicy();
    const longestWait = options.ownClock ? Number.POSITIVE_INFINITY : LONGEST_WAIT_FOR_FOREIGN_CLOCK_MS;
    this.sweeper = new Sweeper(this, { interval: options.sweepInterval, longestWait });
  }

  /** Who goes next. */
  get policy(): Policy {
    return this.#policy;
  }

  /** Entries held, whatever their state. */
  get count(): number {
    return this.table.count;
  }

  /** Entries that are fresh. */
  get freshCount(): number {
    if (!this.life.isTimed) return this.count;
    this.#ticker.now();
    this.life.advance();
    return this.count - this.life.goneCount;
  }

  state(handle: number): State {
    const { life } = this;
    if (!life.isTimed || life.end[handle] === Number.POSITIVE_INFINITY) return 'fresh';
    this.#ticker.now();
    return life.state(handle);
  }

  /** To be called before many entries are asked for their state. */
  readClock(): void {
    if (this.life.isTimed) this.#ticker.now();
  }

  /** `expire` for what is dead, whoever takes it out. After a look at the clock. */
  reasonFor(handle: number, reason: RemovalReason): RemovalReason {
    return this.life.isDead(handle) ? 'expire' : reason;
  }

  /**
   * Writes an entry that is no bigger than `maxBytes`; others go for it, itself never. Six arguments, since this is the
   * hot path and an object for them would be garbage at once.
   */
  put(space: Space<K, V>, key: K, value: V, size: number, cost: number, terms: EntryTerms): void {
    const { table } = this;
    const ticker = this.#ticker;
    this.hits.giveBack();
    // A reading some calls old can only shorten a life by what has passed since: nothing, to a long one.
    if (ticker.uses > 0 && terms.isShort !== true) ticker.uses--;
    else ticker.now();
    const held = space.find(key);
    if (held >= 0) {
      this.#overwrite(held, value, size, cost, terms);
      return;
    }
    const isFull = this.bytes + size > this.maxBytes || table.count >= this.maxEntries;
    const { lastHash } = space.index;
    const hash = this.sample.hashOf(space, key);
    const victim = isFull ? this.#makeRoom(size, 1, -1) : -1;
    let handle = victim;
    if (victim >= 0) table.exchange(victim, space, key, lastHash, value, size);
    else handle = table.add(space, key, lastHash, value, size, this.#growth);
    this.bytes += size;
    this.#counters.missBytes += size;
    table.births.set(handle, ticker.time[0]!);
    if (table.isPlain !== true || terms.isPlain !== true || cost !== 1) this.#finish(handle, cost, terms);
    this.sample.insert(handle, hash);
    // Last, since a user's policy may throw: the ledger is true all the same.
    if (victim >= 0) replaceVictim(this.#policy, victim, size, cost, hash);
    else this.#policy.insert(handle, size, cost, hash);
  }

  /** Takes an entry out. The reason is the caller's word; `reasonFor` knows the one for the dead. */
  drop(handle: number, reason: RemovalReason): void {
    this.#letGo(handle, reason);
    this.table.release(handle);
    this.#policy.remove(handle);
  }

  /** Takes all entries out, telling each with that reason unless `silently`. */
  clear({ silently = false } = {}): void {
    const { table, policy } = this;
    this.ledger.clear();
    if (!silently) {
      this.readClock();
      noteAll(this, this.#counters);
    }
    this.sample.clear();
    const handles = policy === this.#policyOption ? [...table.handles()] : [];
    this.notes.clear();
    this.life.clear();
    table.clear();
    this.bytes = 0;
    if (policy !== this.#policyOption) this.#policy = this.#newPolicy();
    eachToTheEnd(handles, (handle) => policy.remove(handle));
  }

  /** Removes the dead; at most `limit` of them. */
  sweep(limit = Number.POSITIVE_INFINITY): number {
    const { life } = this;
    if (!life.isTimed) return 0;
    this.#ticker.now();
    life.advance();
    return dropDead(this, limit);
  }

  /** For the sweeper. */
  sweepSome(): number {
    return sweepSome(this, () => this.#ticker.now());
  }

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.maxEntryBytes = Math.min(this.#maxEntryBytes, maxBytes);
    if (this.bytes <= maxBytes) return;
    this.#ticker.now();
    try {
      this.#makeRoom(0, 0, -1);
    } finally {
      if (this.bytes > maxBytes) shed(this, -1);
    }
  }

  /** To be called when an entry has got another time of death. */
  planSweep(handle: number): void {
    if (!this.life.isTimed) return;
    this.table.complicate();
    this.#planFor(handle);
  }

  /** Plans the sweep of whatever dies first. */
  startSweeping(): void {
    this.sweeper.start();
    this.sweeper.plan(this.life.nextDeath(), this.#ticker.now());
  }

  /** Throws when an invariant is broken. O(n log n). */
  validate(): void {
    invariant(this.table.validate() === this.bytes, 'the ledger is the sum of the entries');
    invariant(this.bytes <= this.maxBytes, 'no more bytes than allowed');
    invariant(this.count <= this.maxEntries, 'no more entries than allowed');
    const isSimple = !this.life.isTimed && !this.notes.isUsed && !this.ledger.loadTimes.isUsed;
    invariant(isSimple || !this.table.isPlain, 'the table knows that there is more to its entries than its columns');
    invariant(this.#policy.order().length === this.count, 'the policy orders all entries');
    this.#policy.validate();
    this.life.validate();
  }

  #overwrite(handle: number, value: V, size: number, cost: number, terms: EntryTerms): void {
    const { table, removals } = this;
    const oldSize = table.size(handle);
    if (removals.isHeard === true || this.life.isTimed === true) this.#tellReplaced(handle, oldSize, size);
    this.ledger.settle(handle);
    table.setValue(handle, value);
    if (size !== oldSize) table.resize(handle, size);
    table.countHits(handle, 0);
    table.births.set(handle, this.#ticker.time[0]!);
    this.bytes += size - oldSize;
    this.notes.remove(handle);
    if (table.isPlain !== true || terms.isPlain !== true || cost !== 1) this.#finish(handle, cost, terms);
    if (table.mark(handle) < 0) this.sample.overwrite(handle);
    try {
      this.#policy.update(handle, size, cost);
      if (this.bytes > this.maxBytes) this.#makeRoom(0, 0, handle);
    } finally {
      // A user's policy has thrown.
      if (this.bytes > this.maxBytes) shed(this, handle);
    }
  }

  #tellReplaced(handle: number, size: number, newSize: number): void {
    const { table, removals } = this;
    // A value that was past its time could answer nobody: the new one had to be brought in.
    if (this.life.state(handle) !== 'fresh') this.#counters.missBytes += newSize;
    const reason = this.reasonFor(handle, 'replace');
    if (reason === 'expire') this.#counters.expirations++;
    if (!removals.isHeard) return;
    const { events } = table.spaceOf(handle).owner;
    removals.note(events, table.key(handle), table.value(handle) as V, size, reason);
  }

  /** The entry is about to leave the table and the policy: counts and notes that, and forgets what is known of it. */
  #letGo(handle: number, reason: RemovalReason): void {
    const { table, removals } = this;
    const size = table.size(handle);
    if (reason === 'evict') this.#counters.evictions++;
    else this.#counters.countRemoval(reason);
    if (table.mark(handle) < 0) this.sample.leave(handle, reason === 'evict');
    if (removals.isHeard === true) {
      const { events } = table.spaceOf(handle).owner;
      removals.note(events, table.key(handle), table.value(handle) as V, size, reason);
    }
    this.ledger.release(handle);
    if (table.isPlain !== true) {
      this.life.forget(handle);
      this.notes.remove(handle);
    }
    this.bytes -= size;
  }

  /** The last of a write: what not every entry has. */
  #finish(handle: number, cost: number, terms: EntryTerms): void {
    const { life } = this;
    if (life.isTimed || terms.isTimed) {
      this.table.complicate();
      life.start(handle, terms);
      this.#planFor(handle);
    }
    if (cost !== 1 || terms.tags !== undefined) this.notes.add(handle, cost, terms.tags);
  }

  #planFor(handle: number): void {
    const deadAt = this.life.deadAt(handle);
    if (deadAt < this.sweeper.due) this.sweeper.plan(deadAt, this.#ticker.time[0]!);
    this.hits.limit(this.life.endsAt(handle));
  }

  /**
   * Until there is room for so much more, without the entry that is to be kept. Where there is to be a new entry, the last
   * victim is only settled: its handle is the answer, and it is to be exchanged for the new one. Otherwise the answer is
   * -1. After a look at the clock.
   */
  #makeRoom(bytes: number, entries: 0 | 1, kept: number): number {
    const { table, life } = this;
    const maxBytes = this.maxBytes - bytes;
    if (life.isTimed === true) life.advance();
    while (this.bytes > maxBytes || table.count + entries > this.maxEntries) {
      const gone = life.isTimed === true ? life.firstGone() : -1;
      if (gone >= 0) {
        this.drop(gone, this.reasonFor(gone, 'evict'));
        continue;
      }
      let handle = this.#policy.victim();
      if (handle === kept || table.value(handle) === undefined) {
        handle = victimBut(this.#policy, table, new Set(kept < 0 ? [] : [kept]));
      }
      this.#letGo(handle, 'evict');
      if (entries > 0 && this.bytes <= maxBytes && table.count <= this.maxEntries) return handle;
      table.release(handle);
      this.#policy.remove(handle);
    }
    return -1;
  }

  /** As many entries as fit in if those to come are as large as those that are here. */
  readonly #growth: Growth = {
    expected: () => {
      const fitting = this.count === 0 ? 0 : Math.ceil((this.maxBytes / this.bytes) * this.count) + 1;
      return Math.min(this.maxEntries, fitting);
    },
    grown: (capacity) => {
      this.life.grow(capacity);
      this.#policy.reserve?.(capacity);
    },
  };

  #newPolicy(): Policy {
    const policy = typeof this.#policyOption === 'string' ? createPolicy(this.#policyOption) : this.#policyOption;
    this.hits.policy = policy;
    return policy;
  }
}
