import { Engine } from './cache/engine.js';
import { describeEntry } from './cache/info.js';
import { loadHost } from './cache/load-host.js';
import { Loading } from './cache/loading.js';
import { type Bytes, parseBytes } from './common/bytes.js';
import { type Duration, parseDuration } from './common/duration.js';
import { CacheConfigError, describe } from './common/error.js';
import type { EntryOptions, Factory, GetOrSetOptions } from './load/context.js';
import { type CacheOptions, resolveCacheOptions } from './options.js';
import { CacheStats } from './stats/cache-stats.js';
import type { Listener } from './stats/emitter.js';
import type { EntryInfo } from './stats/entry-info.js';
import type { CacheEvents } from './stats/event.js';

/**
 * A cache for one thread, bounded in bytes: values by reference, the least worthy first to go.
 *
 * What reads and writes is synchronous and costs about as much as a `Map`; what loads is asynchronous. An entry is
 * fresh for its TTL, then stale for its grace, then dead; reads see what is fresh, `bytes` counts all that is held.
 * After `close` every read and write throws a `CacheClosedError`.
 */
export class Cache<K = unknown, V = unknown> {
  /** As given in the options. */
  readonly name: string;
  readonly stats: CacheStats;
  readonly #engine: Engine<K, V>;
  readonly #loading: Loading<K, V>;

  /** @throws CacheConfigError for options that are missing, of a wrong type or out of range. */
  constructor(options: CacheOptions<K, V>) {
    const engine = new Engine(resolveCacheOptions(options));
    this.name = engine.options.name;
    this.#engine = engine;
    this.#loading = new Loading(
      loadHost(engine, {
        preSet: (key, value, given) => this.preSet(key, value, given),
        postGet: (key, value) => this.postGet(key, value),
      }),
    );
    engine.changes = this.#loading;
    this.stats = new CacheStats({ snapshot: () => engine.snapshot(), reset: () => engine.resetStats() });
  }

  /** Entries that are fresh. */
  get size(): number {
    return this.#engine.store.freshCount;
  }

  /** Bytes held, what is stale or dead included. */
  get bytes(): number {
    return this.#engine.store.bytes;
  }

  /** The bound of `bytes`. */
  get maxBytes(): number {
    return this.#engine.store.maxBytes;
  }

  /** The value, or `fallback` on a miss. O(1). */
  get(key: K): V | undefined;
  get<F>(key: K, fallback: F): V | F;
  get(key: K, fallback?: unknown): unknown {
    const value = this.#engine.read(key);
    return value === undefined ? fallback : this.postGet(key, value);
  }

  /** As `get`, but touches no statistics, recency or TTL. O(1). */
  peek(key: K): V | undefined {
    return this.#engine.peek(key);
  }

  /** Whether `get` would be a hit; touches nothing. O(1). */
  has(key: K): boolean {
    this.#engine.assertOpen();
    return this.#engine.store.findFresh(key) !== undefined;
  }

  /**
   * Stores a value: `true`, or `false` when it is refused for its size; what the key held is gone then, too. O(1), and
   * as many evictions as it takes.
   *
   * @throws TypeError for `undefined` and promises, and when the weigher fails; the old entry stays.
   */
  set(key: K, value: V, options?: EntryOptions): boolean {
    this.#engine.assertOpen();
    return this.#engine.write(key, this.preSet(key, value, options), options);
  }

  /** Whether a fresh entry went. A load of the key that runs will not bring it back. O(1). */
  delete(key: K): boolean {
    return this.#open().remove(key);
  }

  /** Makes an entry stale now, or dead if it has no grace; whether it was fresh. O(log n). */
  expire(key: K): boolean {
    const { store, ticker } = this.#open();
    this.#loading.supersede(key);
    const handle = store.findFresh(key);
    if (handle === undefined) return false;
    ticker.now();
    store.life.finish(handle);
    store.planSweep(handle);
    return true;
  }

  /** Stores what `fn` makes of the present value, or of `undefined`, and returns it. O(1). */
  update(key: K, fn: (old: V | undefined) => V, options?: EntryOptions): V {
    const value = fn(this.#engine.peek(key));
    this.set(key, value, options);
    return value;
  }

  /** `get` and `delete` in one. O(1). */
  take(key: K): V | undefined {
    const value = this.get(key);
    this.delete(key);
    return value;
  }

  /** Restarts the TTL, with another one if it is given, and counts as a use; `false` on a miss. O(log n). */
  touch(key: K, ttl?: Duration): boolean {
    const { store, ticker } = this.#open();
    const ttlMs = ttl === undefined ? undefined : parseDuration(ttl, 'ttl');
    const handle = store.findFresh(key);
    if (handle === undefined) return false;
    store.table.beBorn(handle, ticker.now());
    store.life.restart(handle, ttlMs);
    store.planSweep(handle);
    store.policy.touch(handle);
    return true;
  }

  /** The hits among `keys`. */
  getMany(keys: Iterable<K>): Map<K, V> {
    const found = new Map<K, V>();
    for (const key of keys) {
      const value = this.get(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  /** Stores all entries with the same options; how many were not refused. */
  setMany(entries: Iterable<readonly [K, V]>, options?: EntryOptions): number {
    let stored = 0;
    for (const [key, value] of entries) if (this.set(key, value, options)) stored++;
    return stored;
  }

  /** How many fresh entries went. */
  deleteMany(keys: Iterable<K>): number {
    let deleted = 0;
    for (const key of keys) if (this.delete(key)) deleted++;
    return deleted;
  }

  /** The keys that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  *keys(): IterableIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  /** The values that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  /** The entries that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  *entries(): IterableIterator<[K, V]> {
    const engine = this.#open();
    const { life } = engine.store;
    for (const { key, value, end } of engine.store.listFresh()) {
      if (!life.isTimed || end > engine.ticker.now()) yield [key, engine.copied(key, value)];
    }
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  /** Calls `callback` for each entry, as `entries` does. */
  forEach(callback: (value: V, key: K, cache: this) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }

  /** What is known about a fresh or stale entry; `undefined` when there is none. */
  info(key: K): EntryInfo | undefined {
    const { store, ticker } = this.#open();
    const handle = store.table.index.get(key);
    if (handle === undefined || store.state(handle) === 'dead') return undefined;
    return describeEntry(store, handle, ticker.now());
  }

  /** Removes all; the statistics stay. Loads that run answer their callers and store nothing. O(n). */
  clear(): void {
    const { store, events } = this.#open();
    this.#loading.supersedeAll();
    const isEmpty = store.count === 0;
    store.clear();
    store.removals.flush();
    if (isEmpty && events.heard.clear) events.emit('clear', {});
  }

  /** Removes the dead now; how many. */
  sweep(): number {
    const { store } = this.#open();
    const count = store.sweep();
    store.removals.flush();
    return count;
  }

  /** Starts the sweep behind the user's back again. It is on from the beginning, unless `sweepInterval` is `Infinity`. */
  startSweep(): void {
    this.#open().store.startSweeping();
  }

  /** Stops it; `sweep` still works. */
  stopSweep(): void {
    this.#engine.store.sweeper.stop();
  }

  /** Changes the budget; what no longer fits goes at once. */
  resize(maxBytes: Bytes): void {
    this.#open().resize(parseBytes(maxBytes, 'maxBytes'));
  }

  /** @throws CacheConfigError for an event that does not exist. */
  on<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.#engine.events.on(event, listener);
    return this;
  }

  /** As `on`, for the next such event only. */
  once<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.#engine.events.on(event, listener, true);
    return this;
  }

  /** Takes a listener away. */
  off<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.#engine.events.off(event, listener);
    return this;
  }

  /**
   * The fresh value, else what `factory` yields: one run per key, however many callers. A removal or write during the
   * run wins over its result. Rejects with what the factory fails with, unless a stale value stands in.
   *
   * @throws (as a rejection) CacheTimeoutError after `hardTimeout`; CacheLoadError when a load asks for its own key;
   *   CacheClosedError.
   */
  getOrSet(key: K, factory: Factory<V, K>, options?: GetOrSetOptions): Promise<V | undefined> {
    return this.#loading.getOrSet(key, factory, options);
  }

  /** `getOrSet` with the cache's own `loader`. */
  fetch(key: K, options?: GetOrSetOptions): Promise<V | undefined> {
    const { loader } = this.#engine.options;
    if (loader) return this.#loading.getOrSet(key, (context) => loader(key, context), options);
    const text = `${this.name}: fetch needs a loader: expected the option loader, a function; got ${describe(loader)}`;
    return Promise.reject(new CacheConfigError(text));
  }

  /** Stops timers, aborts loads, rejects their callers, lets everything go and tells nobody. Again: does nothing. */
  async close(): Promise<void> {
    if (this.#engine.close()) this.#loading.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For subclasses: the value to store instead, or an exception to refuse it. */
  protected preSet(_key: K, value: V, _options?: EntryOptions): V {
    return value;
  }

  /** For subclasses: what the caller sees of a value. */
  protected postGet(_key: K, value: V): V {
    return value;
  }

  #open(): Engine<K, V> {
    this.#engine.assertOpen();
    return this.#engine;
  }
}
