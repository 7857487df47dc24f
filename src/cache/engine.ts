import { CacheClosedError } from '../common/error.js';
import { namespaceLabel } from '../common/namespace.js';
import { jittered, parseTtl } from '../common/ttl.js';
import type { EntryOptions } from '../load/context.js';
import { type ResolvedCacheOptions, type ResolvedEntryOptions, resolveEntryOptions } from '../options.js';
import { Counters } from '../stats/counters.js';
import { Emitter } from '../stats/emitter.js';
import { CACHE_EVENTS, type CacheEvents, type RemovalReason } from '../stats/event.js';
import type { StatsSnapshot } from '../stats/snapshot.js';
import type { KeyIndex } from '../struct/key-index.js';
import { type EntryTerms, entryTerms, type Prepared } from './entry-terms.js';
import type { Hits } from './hits.js';
import { keyHash } from './key-hash.js';
import { settle } from './settle.js';
import { type ChangeListener, nobody, type Space, type SpaceOwner } from './space.js';
import { Store } from './store.js';
import { Ticker } from './ticker.js';
import { checkValue, clone, cloneToStore } from './value.js';
import { costOf, isSizeOnly, weigh } from './weight.js';

/** Of a namespace. */
interface Parent<K, V> {
  engine: Engine<K, V>;
  name: string;
}

/**
 * What a cache does with one entry at a time: read, write, remove, each with its statistics and events. The store below
 * knows nothing of those, and `Cache` above adds hooks, loads and bulk operations.
 *
 * A namespace has an engine of its own, for its own keys, loads and listeners, over the store and counters of its cache.
 */
export class Engine<K, V> implements SpaceOwner<K, V> {
  readonly options: ResolvedCacheOptions<K, V>;
  readonly counters: Counters;
  readonly events: Emitter<CacheEvents<K, V>>;
  readonly ticker: Ticker;
  readonly store: Store<K, V>;
  readonly space: Space<K, V>;
  changes: ChangeListener<K> = nobody();
  readonly #index: KeyIndex<K>;
  readonly #hits: Hits<K, V>;
  /** Namespaces of the cache that somebody listens to: their listeners stay, though nobody may hold them. */
  readonly #heardSpaces: Set<SpaceOwner<K, V>>;
  /** Whether a hit needs no more than the value: no listener, no copy. */
  #isPlain = false;
  /** Whether a write without options stores the value itself, at a cost of 1, and nothing throws on the way. */
  readonly #writesPlainly: boolean;
  /** What a user's policy has thrown last, at a write. */
  thrown: { error: unknown } | undefined;
  /** Whether anybody wants to know of writes or of the removals that they bring. */
  #isHeard = false;
  #isClosed = false;
  /** Those of entries that are written without options. */
  readonly #terms: EntryTerms;
  /** What hits had brought before the last reset of the statistics. */
  #old = { hitBytes: 0, savedMs: 0 };
  /** Whether all that is written without options has the same terms. */
  readonly #isUniform: boolean;

  constructor(options: ResolvedCacheOptions<K, V>, parent?: Parent<K, V>) {
    this.options = options;
    const above = parent?.engine;
    const path = parent && [...parent.engine.space.path, parent.name];
    this.events = new Emitter(CACHE_EVENTS, {
      name: options.name,
      onChange: () => this.refresh(),
      parent: above?.events,
      namespace: path && namespaceLabel(path),
    });
    this.ticker = above?.ticker ?? new Ticker(options.clock, options.ownClock);
    this.counters = above?.counters ?? new Counters();
    const { ticker, counters, events } = this;
    this.store = above?.store ?? new Store({ options, ticker, counters, events });
    this.space = parent ? parent.engine.space.child(parent.name) : this.store.table.root;
    this.space.owner = this;
    this.#index = this.space.index;
    this.#hits = this.store.hits;
    this.#heardSpaces = above ? above.#heardSpaces : new Set();
    this.#isUniform = !options.ttlOf && options.ttlJitter === 0;
    const isPlain = options.cost === 'requests' && !options.copy && typeof options.policy === 'string';
    this.#writesPlainly = isPlain && this.#isUniform;
    this.#terms = entryTerms(options, undefined);
    this.refresh();
  }

  /** The engine of a new namespace within this one. */
  child(name: string): Engine<K, V> {
    return new Engine({ ...this.options, name: `${this.options.name}:${name}` }, { engine: this, name });
  }

  /**
   * A read that counts.
   *
   * Here and wherever else it is hot, flags are compared with `true`: that is one instruction for the compiler, while to turn
   * a property into a truth value takes ten, since it might be a number or a string.
   */
  read(key: K): V | undefined {
    const handle = this.#index.find(key);
    const hits = this.#hits;
    if (handle < 0 || hits.granted <= 0 || this.#isPlain !== true) return this.#readCarefully(key, handle);
    return hits.take(handle);
  }

  /** A read that leaves no trace. */
  peek(key: K): V | undefined {
    this.assertOpen();
    const handle = this.findFresh(key);
    return handle < 0 ? undefined : this.copied(key, this.store.table.value(handle) as V);
  }

  /** Counts a read that found nothing. */
  miss(key: K): void {
    this.counters.misses++;
    if (this.events.heard.miss) this.events.emit('miss', { key });
  }

  /** As `write`, of a value whose load has taken so long. */
  writeLoaded(key: K, value: V, options: EntryOptions, loadMs: number): boolean {
    if (!this.write(key, value, options, loadMs)) return false;
    const handle = this.#index.find(key);
    if (handle >= 0) this.store.ledger.noteLoad(handle, loadMs);
    return true;
  }

  /** Stores a value; `false` when it is too big, and then the key is gone. Throws before anything has changed. */
  write(key: K, value: V, options?: EntryOptions, loadMs = 0): boolean {
    checkValue(value, 'value');
    if (this.#writesPlainly !== true || (options !== undefined && !isSizeOnly(options))) {
      return this.place(key, this.prepare(key, value, options, loadMs));
    }
    return this.#place(key, value, options?.size ?? weigh(key, value, this.options.weigher), 1, this.#terms);
  }

  /** Whether a fresh entry went; one that is stale or dead goes too. */
  remove(key: K, reason: RemovalReason = 'delete'): boolean {
    this.changes.supersede(key);
    try {
      return this.take(key, reason);
    } finally {
      this.store.removals.flush();
    }
  }

  /** As `remove`, of a key that was superseded; its listeners are told by the caller. */
  take(key: K, reason: RemovalReason = 'delete'): boolean {
    const { store } = this;
    const handle = this.#index.find(key);
    if (handle < 0) return store.sample.forget(this.space, key);
    const state = store.state(handle);
    store.drop(handle, state === 'dead' ? 'expire' : reason);
    return state === 'fresh';
  }

  /** The handle of a fresh entry, or -1. */
  findFresh(key: K): number {
    const handle = this.#index.find(key);
    return handle >= 0 && this.store.state(handle) === 'fresh' ? handle : -1;
  }

  /** What the user sees of a stored value. */
  copied(key: K, value: V): V {
    return this.options.copy ? clone(key, value, this.options.name) : value;
  }

  resize(maxBytes: number): void {
    this.store.resize(maxBytes);
    this.store.removals.flush();
  }

  /** The largest entry that is not refused. */
  get maxEntryBytes(): number {
    return this.store.maxEntryBytes;
  }

  /** Bytes answered by hits in another life of their entries. */
  discountHits(bytes: number): void {
    this.#old.hitBytes += bytes;
  }

  assertOpen(): void {
    if (this.#isClosed === true)
      throw new CacheClosedError(`${this.options.name}: expected an open cache; it has been closed`);
  }

  /** Whether this was the first time. */
  close(): boolean {
    if (this.#isClosed) return false;
    this.store.sweeper.stop();
    this.store.clear({ silently: true });
    this.store.removals.forget();
    this.end();
    return true;
  }

  end(): void {
    this.#isClosed = true;
    this.changes.close();
    for (const child of this.space.children.values()) child.owner.end();
  }

  /** Listeners here or above have come or gone. */
  refresh(): void {
    const { heard } = this.events;
    const { removals } = this.store;
    const wasHeard = removals.isHeard;
    removals.refresh(this.events);
    this.#isPlain = !this.options.copy && !heard.hit;
    this.#isHeard = removals.isHeard || heard.set;
    if (this.events.namespace !== undefined) {
      if (this.events.hasListeners) this.#heardSpaces.add(this);
      else this.#heardSpaces.delete(this);
    }
    for (const child of this.space.children.values()) child.owner.refresh();
    // A write anywhere may evict what a namespace listens for.
    if (removals.isHeard !== wasHeard) this.store.table.root.owner.refresh();
  }

  snapshot(): StatsSnapshot {
    const { store } = this;
    store.hits.settle();
    return this.counters.snapshot({
      entries: store.freshCount,
      bytes: store.bytes,
      maxBytes: store.maxBytes,
      hitBytes: store.ledger.bytes - this.#old.hitBytes,
      savedTime: store.ledger.savedMs - this.#old.savedMs,
    });
  }

  resetStats(): void {
    this.store.hits.revoke();
    this.store.sample.rebase();
    this.counters.reset();
    const { bytes, savedMs } = this.store.ledger;
    this.#old = { hitBytes: bytes, savedMs };
  }

  /** What a write is to store, checked, and cloned where that is asked for. Nothing has changed yet. */
  prepare(key: K, value: V, options?: EntryOptions, loadMs = 0): Prepared<V> {
    checkValue(value, 'value');
    const stored = this.options.copy ? cloneToStore(key, value, this.options.name) : value;
    const given = options === undefined || isSizeOnly(options) ? undefined : resolveEntryOptions(options, value, key);
    const size = given?.size ?? options?.size ?? weigh(key, stored, this.options.weigher);
    const cost = given?.cost ?? this.#cost(key, stored, size, loadMs);
    const terms = given === undefined && this.#isUniform ? this.#terms : this.#termsOf(key, value, given);
    return { value: stored, size, cost, terms };
  }

  /** Stores what fits in for sure; the key was superseded, and its listeners are told by the caller. */
  enter(key: K, { value, size, cost, terms }: Prepared<V>): void {
    // Before, since a user's policy may throw when the entry is in.
    this.counters.sets++;
    this.store.put(this.space, key, value, size, cost, terms);
  }

  /** Stores what was prepared, as `write` does. What a user's policy throws leaves when the entry is whole, or gone. */
  place(key: K, { value, size, cost, terms }: Prepared<V>): boolean {
    try {
      return this.#place(key, value, size, cost, terms);
    } catch (error) {
      this.thrown = { error };
      if (settle(this, key, value)) this.#tellWrite(key, value, size);
      else this.store.removals.flush();
      throw error;
    }
  }

  /** All has been checked. */
  #place(key: K, value: V, size: number, cost: number, terms: EntryTerms): boolean {
    this.changes.supersede(key);
    if (size > this.store.maxEntryBytes) return this.#refuse(key, value, size);
    this.store.put(this.space, key, value, size, cost, terms);
    this.counters.sets++;
    if (this.#isHeard === true) this.#tellWrite(key, value, size);
    return true;
  }

  #tellWrite(key: K, value: V, size: number): void {
    this.store.removals.flush();
    if (this.events.heard.set) this.events.emit('set', { key, value, size });
  }

  /** Without a look at the clock, for most. */
  #isSurelyFresh(handle: number): boolean {
    const { ticker, store } = this;
    if (!store.life.isTimed) return true;
    if (store.life.isIdling || !ticker.isBefore(store.life.end[handle]!)) return false;
    ticker.uses--;
    return true;
  }

  #readCarefully(key: K, handle: number): V | undefined {
    this.assertOpen();
    const { store, events } = this;
    if (handle < 0 || (!this.#isSurelyFresh(handle) && store.state(handle) !== 'fresh')) {
      if (handle < 0) this.space.miss(key);
      store.sample.miss(this.space, key);
      this.miss(key);
      return undefined;
    }
    const { table, life } = store;
    const value = store.hits.add(handle) as V;
    if (life.isIdling) {
      this.ticker.refresh();
      life.use(handle, table.born(handle));
    }
    if (events.heard.hit) events.emit('hit', { key, value, size: table.size(handle) });
    return this.copied(key, value);
  }

  #refuse(key: K, value: V, size: number): false {
    const { counters, events } = this;
    counters.rejected++;
    if (this.#index.find(key) >= 0) this.remove(key, 'replace');
    // With a larger budget it might be taken.
    if (size <= (this.options.maxEntryBytes ?? size)) this.store.sample.refuse(this.space, key, size);
    if (events.heard.maxSizeExceeded) events.emit('maxSizeExceeded', { key, value, size });
    return false;
  }

  #termsOf(key: K, value: V, given: Partial<ResolvedEntryOptions> = {}): EntryTerms {
    const { ttlOf, ttlJitter, idleTtl, grace } = this.options;
    const ttl = given.ttl ?? (ttlOf && parseTtl(ttlOf, { value, key })) ?? this.options.ttl;
    return entryTerms(
      {
        ttl: jittered(ttl, given.ttlJitter ?? ttlJitter),
        idleTtl: given.idleTtl ?? idleTtl,
        grace: given.grace ?? grace,
      },
      given.tags,
    );
  }

  #cost(key: K, value: V, size: number, loadMs: number): number {
    const { cost } = this.options;
    if (cost === 'requests') return 1;
    return costOf(cost, { key, value, size, loadMs: cost === 'measured' ? this.#loadTime(key, size, loadMs) : 0 });
  }

  /** What a load of the key costs, by those that were seen; of one that was never loaded, the mean of all. */
  #loadTime(key: K, size: number, measuredMs: number): number {
    const handle = this.#index.find(key);
    const soFar = handle < 0 ? 0 : this.store.ledger.loadTimes.get(handle);
    if (measuredMs > 0) return this.store.ledger.loadCosts.note(keyHash(key, this.space.seed), size, measuredMs);
    return soFar || this.counters.meanLoadTime;
  }
}
