import { type CacheDump, dump, load } from './cache/dump.js';
import { Engine } from './cache/engine.js';
import { Entries } from './cache/entries.js';
import { type Hooks, loadHost } from './cache/load-host.js';
import { Loading } from './cache/loading.js';
import { clearAll, removeMatching, removeTagged, removeWhere } from './cache/removal.js';
import { Restorer } from './cache/restore.js';
import { saveCache } from './cache/save.js';
import { Transactions } from './cache/transaction.js';
import { ViewOptions } from './cache/view-options.js';
import { warmCache } from './cache/warm.js';
import { type Bytes, parseBytes } from './common/bytes.js';
import { CacheConfigError, describe } from './common/error.js';
import { parseNamespace } from './common/namespace.js';
import { checkPredicate, parsePattern, parsePrefix } from './common/pattern.js';
import { parseTagOrTags } from './common/tags.js';
import type { EntryOptions, Factory, GetOrSetOptions, Loaded, Loader } from './load/context.js';
import type { WarmOptions, WarmSummary } from './load/warm.js';
import { type CachedDecorator, checkDecoratorCall, memoizingDecorator } from './memo/decorate.js';
import { type AnyFunction, type Memoized, type MemoOptions, type MemoParameters, memoize } from './memo/memoize.js';
import { type CacheOptions, resolveCacheOptions } from './options.js';
import { onFile } from './snapshot/on-file.js';
import { CacheStats } from './stats/cache-stats.js';
import type { Listener } from './stats/emitter.js';
import type { EntryInfo } from './stats/entry-info.js';
import type { CacheEvents } from './stats/event.js';
import { WeakValues } from './struct/weak-values.js';
import type { TransactionFunction, TurnOptions } from './transaction/session.js';

/**
 * A cache for one thread, bounded in bytes: values by reference, the least worthy first to go.
 *
 * What reads and writes is synchronous and costs about as much as a `Map`; what loads is asynchronous. An entry is
 * fresh for its TTL, then stale for its grace, then dead; reads see what is fresh, `bytes` counts all that is held.
 * After `close` every read and write throws a `CacheClosedError`.
 */
export class Cache<K = unknown, V = unknown> extends Entries<K, V> {
  readonly stats: CacheStats;
  readonly #loading: Loading<K, V>;
  readonly #restorer: Restorer<K, V>;
  readonly #hooks: Hooks<K, V>;
  readonly #transactions: Transactions<K, V>;
  /** Held weakly: a view that nobody holds, and that has neither entries nor listeners, is gone. */
  readonly #views = new WeakValues<Cache<K, V>>();

  /** @throws CacheConfigError for options that are missing, of a wrong type or out of range. */
  constructor(options: CacheOptions<K, V>) {
    const view = options instanceof ViewOptions ? (options as ViewOptions<K, V>) : undefined;
    const engine = view?.engine ?? new Engine(resolveCacheOptions(options));
    super(engine);
    this.#hooks = {
      preSet: (key, value, given) => this.preSet(key, value, given),
      postGet: (key, value) => this.postGet(key, value),
    };
    this.#loading = new Loading(loadHost(engine, this.#hooks));
    this.#transactions = view?.transactions ?? new Transactions();
    engine.changes = this.#loading;
    this.#restorer = view?.restorer ?? new Restorer();
    this.#restorer.watch(engine.space);
    this.stats =
      view?.stats ??
      new CacheStats({
        snapshot: () => engine.snapshot(),
        reset: () => engine.resetStats(),
        advise: () => engine.store.sample.advise(engine.snapshot()),
      });
  }

  /**
   * A view with keys, loads and listeners of its own, under this cache's budget, policy, options, hooks and statistics.
   * `size`, `bytes`, `clear`, `deleteByTag` and the events of this cache include it; its keys and entries are its own.
   * The same name gives the same view. `close` of a view does nothing: what it shows belongs to the cache.
   *
   * @throws CacheConfigError unless the name is a non-empty string.
   */
  namespace(name: string): Cache<K, V> {
    const engine = this.open();
    const known = this.#views.get(parseNamespace(name));
    if (known) return known;
    const parts = [this.#hooks, this.stats, this.#restorer, this.#transactions] as const;
    const view = new Namespace<K, V>(new ViewOptions(engine.child(name), ...parts));
    this.#views.add(name, view);
    return view;
  }

  /** Removes all, namespaces included; the statistics stay. Loads that run answer their callers and store nothing. O(n). */
  clear(): void {
    clearAll(this.open());
  }

  /**
   * Removes what bears the tag, or one of the tags, namespaces included; how many fresh entries went. What is stale goes too, uncounted.
   * Loads that run for entries of such a tag answer their callers and store nothing. O(what goes).
   *
   * @throws CacheConfigError unless it is a non-empty string or an array of them.
   */
  deleteByTag(tags: string | readonly string[]): number {
    const engine = this.open();
    return removeTagged(engine, parseTagOrTags(tags));
  }

  /**
   * Removes the entries whose keys begin so; how many of them were fresh. Keys that are no strings never do, and those of
   * namespaces are not looked at. Loads of such keys that run answer their callers and store nothing. O(n): an index in
   * the order of keys would make each write dearer.
   *
   * @throws CacheConfigError unless it is a non-empty string.
   */
  deleteByPrefix(prefix: string): number {
    return removeMatching(this.open(), parsePrefix(prefix));
  }

  /**
   * As `deleteByPrefix`, for keys that match a glob as a whole, or a RegExp anywhere. In a glob `*` and `?` match `/` and
   * leading dots too; `[a-z]`, `[!a-z]`, `{a,b}` and `{1..9}` choose; `\*` is a star. O(n).
   *
   * @throws CacheConfigError unless it is a glob or a RegExp, not empty.
   */
  deleteByPattern(pattern: string | RegExp): number {
    return removeMatching(this.open(), parsePattern(pattern));
  }

  /**
   * Removes the entries, stale ones too, for which `predicate` says so; how many of them were fresh. It is asked about
   * all before the first one goes: when it throws, nothing has. Entries of namespaces are not looked at. O(n).
   *
   * @throws CacheConfigError for a predicate that is no function, or answers with a promise; and what it throws.
   */
  deleteWhere(predicate: (key: K, value: V, info: EntryInfo) => boolean): number {
    checkPredicate(predicate);
    return removeWhere(this.open(), predicate);
  }

  /**
   * All that is held and not dead, namespaces included, in memory: keys and values as `get` gives them (the same objects,
   * or clones with `copy`), the time that is left, tags, the order of eviction. What is written later does not change it.
   * O(n log n).
   */
  dump(): CacheDump<K, V> {
    return dump(this.open());
  }

  /**
   * Replaces all by what a dump holds, as far as it fits: of a larger one the most worthy. The time since `dump` counts.
   * How many entries were loaded. Loads that run answer their callers and store nothing. O(n).
   *
   * @throws CacheCorruptionError when it is no dump; then nothing has changed.
   */
  load(dump: CacheDump<K, V>): number {
    return load(this.#engineAt, dump);
  }

  /**
   * Writes what is held now to a file, which takes the place of another in one step; how many entries. Keys and values
   * must be cloneable; what is changed meanwhile is written as it is when its turn comes.
   *
   * @throws CacheSerializationError that names the key of what cannot be written; CacheError with the system's `code` for a
   *   path that cannot be written (`'ENOENT'`: no such folder). Then there is no new file.
   */
  async save(path: string | URL): Promise<number> {
    return onFile({ what: 'save', name: this.name }, path, (file) => saveCache(this.open(), file));
  }

  /**
   * Replaces all by what a file of `save` holds, as `load` does; how many entries were loaded. The file is read twice:
   * what is held stays until all of it has been found good. What is written or removed from now on wins over the file.
   *
   * @throws CacheCorruptionError that says where the file is damaged; CacheError with the system's `code` for one that cannot
   *   be read (`'ENOENT'`: there is none). Then nothing has changed.
   */
  async restore(path: string | URL): Promise<number> {
    return onFile({ what: 'restore', name: this.name }, path, (file) => this.#restorer.restore(file, this.#engineAt));
  }

  /** Removes the dead now; how many. */
  sweep(): number {
    const { store } = this.open();
    try {
      return store.sweep();
    } finally {
      store.removals.flush();
    }
  }

  /** Starts the sweep behind the user's back again. It is on from the beginning, unless `sweepInterval` is `Infinity`. */
  startSweep(): void {
    this.open().store.startSweeping();
  }

  /** Stops it; `sweep` still works. */
  stopSweep(): void {
    this.engine.store.sweeper.stop();
  }

  /** Changes the budget; what no longer fits goes at once. */
  resize(maxBytes: Bytes): void {
    this.open().resize(parseBytes(maxBytes, 'maxBytes'));
  }

  /** @throws CacheConfigError for an event that does not exist. */
  on<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.engine.events.on(event, listener);
    return this;
  }

  /** As `on`, for the next such event only. */
  once<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.engine.events.on(event, listener, true);
    return this;
  }

  /** Takes a listener away. */
  off<E extends keyof CacheEvents<K, V>>(event: E, listener: Listener<CacheEvents<K, V>[E]>): this {
    this.engine.events.off(event, listener);
    return this;
  }

  /**
   * The fresh value, else what `factory` yields: one run per key, however many callers. A removal or write during the
   * run wins over its result. Rejects with what the factory fails with, unless a stale value stands in.
   *
   * @throws (as a rejection) CacheTimeoutError after `hardTimeout`; CacheLoadError when a load asks for its own key;
   *   CacheClosedError.
   */
  getOrSet(key: K, factory: Factory<V, K>, options?: GetOrSetOptions<V, K>): Promise<V | undefined> {
    return this.#loading.getOrSet(key, factory, options);
  }

  /** `getOrSet` with the cache's own `loader`. */
  fetch(key: K, options?: GetOrSetOptions<V, K>): Promise<V | undefined> {
    const { loader } = this.engine.options;
    if (loader) return this.#loading.getOrSet(key, (context) => loader(key, context), options);
    return Promise.reject(this.#noLoader('fetch'));
  }

  /**
   * Fills the room that is left, and stops when there is none: nobody goes for it but the dead. Of a `Map` the entries are
   * stored, the most worthy first (by cost for each byte); of anything else iterable the keys are loaded with `loader`, in
   * their order, those left out that are there. A key that fails does not end it.
   *
   * @throws (as a rejection) CacheConfigError without a loader for keys; the reason of the signal; CacheClosedError.
   */
  async warm(source: ReadonlyMap<K, V> | Iterable<K>, options?: WarmOptions<K>): Promise<WarmSummary> {
    const engine = this.open();
    const loader = (): Loader<V, K> => {
      if (engine.options.loader) return engine.options.loader;
      throw this.#noLoader('warm');
    };
    return warmCache({ engine, hooks: this.#hooks, loading: this.#loading, loader }, source, options);
  }

  /**
   * Runs `fn(transaction)`, whose `get`, `set` and `delete` work on this cache as if nobody else were there: all that it
   * writes is stored together when it is through, or nothing if it fails or its deadline passes; until then nobody sees
   * any of it. Transactions of a cache, namespaces included, run one after the other. A write that somebody makes past
   * it meanwhile is overwritten, if `fn` writes the same key. What `fn` returns is the answer.
   *
   * @throws (as a rejection) what `fn` throws, and what a refused value was refused with; CacheTimeoutError after
   *   `timeout` (10 s); CacheError for one within another, and for more than fits into the cache at once.
   */
  transaction<T>(fn: TransactionFunction<K, V, T>, options?: TurnOptions): Promise<T> {
    return this.#transactions.run(this.engine, this.#hooks, fn, options);
  }

  /**
   * `fn`, run once for the same arguments: later calls are answered out of this cache. Arguments are compared by content,
   * properties, `Map`s and `Set`s regardless of order; the key is at most 120 characters long besides the function's name.
   *
   * @throws CacheConfigError for anything but a function, and for options out of range.
   */
  wrap<This, A extends unknown[], R extends Loaded<V>>(
    fn: AnyFunction<This, A, R>,
    ...options: MemoParameters<A, K, V>
  ): Memoized<This, A, R, K, this, boolean>;
  wrap<This, A extends unknown[], R extends Loaded<V>>(
    fn: AnyFunction<This, A, R>,
    options: MemoOptions<A, K, V> = {},
  ): Memoized<This, A, R, K, this, boolean> {
    return memoize({ cache: this, fn, options, by: 'function' });
  }

  /** A decorator for methods whose results go into this cache, each instance's under keys of their own. */
  cached<A extends unknown[] = unknown[]>(options?: MemoOptions<A, K, V>): CachedDecorator<A, V>;
  cached<A extends unknown[]>(options: MemoOptions<A, K, V> = {}, ...more: unknown[]): CachedDecorator<A, V> {
    checkDecoratorCall(options, 1 + more.length);
    return memoizingDecorator<A, K, V>({ options, by: 'function', cacheOf: () => this });
  }

  #noLoader(what: string): CacheConfigError {
    const got = describe(this.engine.options.loader);
    return new CacheConfigError(
      `${this.name}: ${what} needs a loader: expected the option loader, a function; got ${got}`,
    );
  }

  /** Of the namespace that these names lead to. */
  readonly #engineAt = (path: readonly string[]): Engine<K, V> => {
    let view: Cache<K, V> = this;
    for (const name of path) view = view.namespace(name);
    return view.open();
  };

  /** Stops timers, aborts loads, rejects their callers, lets everything go and tells nobody. Again: does nothing. */
  async close(): Promise<void> {
    if (this.engine.close()) this.#transactions.close(this.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A view of a cache: see `Cache.namespace`. */
class Namespace<K, V> extends Cache<K, V> {
  readonly #hooks: Hooks<K, V>;

  constructor(view: ViewOptions<K, V>) {
    super(view);
    this.#hooks = view.hooks;
  }

  override async close(): Promise<void> {}

  protected override preSet(key: K, value: V, options?: EntryOptions): V {
    return this.#hooks.preSet(key, value, options);
  }

  protected override postGet(key: K, value: V): V {
    return this.#hooks.postGet(key, value);
  }
}
