import type { ArenaClient } from './arena/client.js';
import type { CacheTicket } from './arena/protocol.js';
import { parseDuration } from './common/duration.js';
import { CacheClosedError, CacheConfigError, describe } from './common/error.js';
import { parseNamespace } from './common/namespace.js';
import { watchSpelling } from './load/call-options.js';
import type { EntryOptions, Factory, GetOrSetOptions, Loaded } from './load/context.js';
import { isPool, serveLoads } from './load/own-pool.js';
import type { WarmOptions, WarmSummary } from './load/warm.js';
import { type CachedDecorator, checkDecoratorCall, memoizingDecorator } from './memo/decorate.js';
import { type AnyFunction, type Memoized, type MemoOptions, memoize } from './memo/memoize.js';
import { optionalFunction } from './options.js';
import { appraise } from './shared/appraisal.js';
import type { SharedEvents } from './shared/events.js';
import type { Lease } from './shared/lease.js';
import { Loaders } from './shared/loaders.js';
import {
  type AttachOptions,
  type LoadOptions,
  type LocalLoader,
  resolveSharedOptions,
  type SharedCacheHandle,
  type SharedCacheOptions,
  type ThreadOptions,
} from './shared/options.js';
import { SharedRemovals } from './shared/removals.js';
import { Scope } from './shared/scope.js';
import { restoreShared, saveShared } from './shared/snapshot.js';
import { SharedStatistics } from './shared/statistics.js';
import { connectThread, connectThreadTo, connectWhenStarted } from './shared/thread.js';
import type { SharedView } from './shared/view.js';
import { warmShared } from './shared/warm.js';
import { onFile } from './snapshot/on-file.js';
import { CacheStats } from './stats/cache-stats.js';
import type { Listener } from './stats/emitter.js';
import { WeakValues } from './struct/weak-values.js';

const ATTACH_MS = 5000;

/** Names of what this thread has created, and not closed. */
const created = new Set<string>();

/**
 * A cache that all threads of the process share: values lie as bytes in shared memory, once, under one budget, and are
 * read in place. What only reads is synchronous and asks nobody; what changes anything is done by the keeper, a thread
 * of its own, and is a promise. An idle cache does not keep the process alive, a pending operation does.
 */
export class SharedCache<V = unknown> extends SharedRemovals<V> {
  readonly stats: CacheStats;
  readonly #loaders: Loaders<V>;
  /** Held weakly: a view that nobody holds, and that loads nothing, is gone. */
  readonly #views = new WeakValues<SharedCache<V>>();
  /** Whether this thread has created the cache: then `close` ends it. */
  readonly #isOwner: boolean;
  #stopServing: () => void = () => {};

  /** Use `SharedCache.create` or `SharedCache.attach`. */
  protected constructor(
    client: ArenaClient,
    ticket: CacheTicket,
    options?: ThreadOptions<V>,
    isOwner = options !== undefined,
    view?: SharedView<V>,
  ) {
    if (ticket === undefined) {
      throw new CacheConfigError(
        'SharedCache: expected SharedCache.create(options) or SharedCache.attach(name); got new',
      );
    }
    super(client, ticket, options, view);
    this.#isOwner = isOwner;
    if (isOwner) created.add(this.name);
    this.#loaders = new Loaders<V>(client, ticket, this.loading, view?.loaders);
    const statistics = new SharedStatistics<V>(this.reading);
    this.stats =
      view?.stats ??
      new CacheStats({
        snapshot: () => statistics.snapshot(this.isClosed ? 0 : this.reading.size),
        advise: () => statistics.advise(this.stats.snapshot()),
        reset: () => statistics.reset(),
      });
    if (view) return;
    client.attach(ticket.cache, this, {
      onNews: (news, lost) => this.news.tell(news, lost),
      onAppraise: (message) => this.news.emitter.guard(() => appraise(this.reading, this.terms, message)),
      onFault: (error, warns) => this.news.tellFault(error, warns),
      onClosed: () => this.shut(),
    });
  }

  /** For `SharedCache.attach` in other threads. */
  get handle(): SharedCacheHandle {
    return Object.freeze({ name: this.name, keeper: this.client.keeper });
  }

  /**
   * Creates a cache under a name of its own, and the arena of the process with the first one.
   *
   * @throws CacheConfigError for options out of range, a name that exists, a budget that cannot be allocated.
   */
  static async create<V = unknown>(options: SharedCacheOptions<V>): Promise<SharedCache<V>> {
    const config = { ...resolveSharedOptions(options), token: Math.random() };
    const client = await connectThread();
    const ticket = await client.request<CacheTicket>({ op: 'create', config });
    return new this<V>(client, ticket, options).#lend(options);
  }

  /**
   * Creates the cache or, when another thread was first, attaches to it: for code that every thread runs. What the cache
   * is, its creator has said; functions among the options work in each thread.
   *
   * @throws CacheConfigError as `create` does, also when it is this very thread that has created a cache of that name.
   */
  static async createOrAttach<V = unknown>(options: SharedCacheOptions<V>): Promise<SharedCache<V>> {
    const config = { ...resolveSharedOptions(options), token: Math.random() };
    const client = await connectThread();
    const { name } = config;
    try {
      const ticket = await client.request<CacheTicket>({ op: 'create', config });
      return new this<V>(client, ticket, options).#lend(options);
    } catch (error) {
      if (!(error instanceof CacheConfigError) || created.has(name)) throw error;
      // Only who exists can be attached to at once: else it was something else that failed.
      const ticket = await client.request<CacheTicket>({ op: 'attach', name, timeoutMs: 1 }).catch(() => undefined);
      if (ticket === undefined) throw error;
      return new this<V>(client, ticket, options, false);
    }
  }

  /**
   * The cache of that name or handle, in any thread. Waits for one that has not been created yet.
   *
   * @throws CacheConfigError after `timeout`, with the names that there are.
   */
  static async attach<V = unknown>(
    which: string | SharedCacheHandle,
    options: AttachOptions = {},
  ): Promise<SharedCache<V>> {
    const name = typeof which === 'string' ? which : which?.name;
    if (typeof name !== 'string' || name === '') {
      throw new CacheConfigError(`attach: expected the name or the handle of a SharedCache; got ${describe(which)}`);
    }
    watchSpelling(options);
    const timeoutMs = parseDuration(options.timeout ?? ATTACH_MS, 'timeout');
    const onEvicted = optionalFunction(options.onEvicted, 'onEvicted');
    const { client, restMs } =
      typeof which === 'string'
        ? await connectWhenStarted(name, timeoutMs)
        : { client: await connectThreadTo(which.keeper), restMs: timeoutMs };
    const ticket = await client.request<CacheTicket>({ op: 'attach', name, timeoutMs: restMs });
    return new this<V>(client, ticket, { onEvicted }, false);
  }

  /** Lends the cache a pool of this thread, if it was given one. */
  #lend({ pool }: SharedCacheOptions<V>): this {
    if (isPool(pool)) this.#stopServing = serveLoads(this.client, this.ticket.cache, pool);
    return this;
  }

  /** The value, or what `factory` makes of it: one run for a key in the whole process, however many ask. */
  async getOrSet(key: string, factory: Factory<V, string>, options: GetOrSetOptions = {}): Promise<V | undefined> {
    this.openFor(key);
    return this.loading.byFactory(key, factory, options, { as: 'copy' }) as Promise<V | undefined>;
  }

  /** The value of a loader for an input: from the cache, or loaded once for the whole process. */
  async load(name: string, input: unknown, options: LoadOptions = {}): Promise<V | undefined> {
    this.open();
    return this.#loaders.load(name, input, options, { as: 'copy' }) as Promise<V | undefined>;
  }

  /** As `load`, read in place. `undefined` when the loader yields nothing. */
  async acquireOrLoad(name: string, input: unknown, options: LoadOptions = {}): Promise<Lease<V> | undefined> {
    this.open();
    return this.#loaders.load(name, input, options, { as: 'lease' }) as Promise<Lease<V> | undefined>;
  }

  /** `load` with the default loader, the key as its input. */
  async fetch(key: string, options: Omit<LoadOptions, 'key'> = {}): Promise<V | undefined> {
    this.openFor(key);
    return this.#loaders.load(this.#loaders.default, key, { ...options, key }, { as: 'copy' }) as Promise<
      V | undefined
    >;
  }

  /**
   * Fills the room that is left, and stops when there is none: nobody goes for it but the dead. Of a `Map` the entries are
   * stored, the most worthy first (by cost for each byte); of anything else iterable the keys are loaded as by `fetch`, in
   * their order, those left out that are there. A key that fails does not end it.
   *
   * @throws CacheConfigError without a loader for keys; the reason of the signal; CacheClosedError.
   */
  async warm(source: ReadonlyMap<string, V> | Iterable<string>, options?: WarmOptions<string>): Promise<WarmSummary> {
    this.open();
    const load = async (key: string, signal: AbortSignal | undefined): Promise<void> => {
      const given: LoadOptions = signal ? { key, signal } : { key };
      const lease = await this.#loaders.load(this.#loaders.default, key, given, { as: 'lease', spares: true });
      (lease as Lease<V> | undefined)?.release();
    };
    const guard = (action: () => void) => this.news.emitter.guard(action);
    return warmShared(
      { ...this.turnHost, guard, load, assertLoader: () => void this.#loaders.default },
      source,
      options,
    );
  }

  /**
   * Registers a loader: the URL of a module, which the pool runs for every thread, or a function, which runs in the
   * thread that calls `load`, and only there.
   */
  async registerLoader(name: string, loader: URL | string | LocalLoader<V>): Promise<void> {
    this.open();
    await this.#loaders.register(name, loader);
  }

  /**
   * `fn`, run once for the same arguments in all threads that wrap it under the same `name`.
   *
   * @throws CacheConfigError without a name, for anything but a function, and for options out of range.
   */
  wrap<This, A extends unknown[], R extends Loaded<V>>(
    fn: AnyFunction<This, A, R>,
    options: MemoOptions<A, string, V> = {},
  ): Memoized<This, A, R, string, this, Promise<boolean>> {
    return memoize({ cache: this, fn, options, by: 'name' });
  }

  /** A decorator for methods whose results depend on their arguments alone: in all threads they are found by `name`. */
  cached<A extends unknown[] = unknown[]>(options?: MemoOptions<A, string, V>): CachedDecorator<A, V>;
  cached<A extends unknown[]>(options: MemoOptions<A, string, V> = {}, ...more: unknown[]): CachedDecorator<A, V> {
    checkDecoratorCall(options, 1 + more.length);
    return memoizingDecorator<A, string, V>({ options, by: 'name', cacheOf: () => this });
  }

  /**
   * A view with keys, loads and listeners of its own, in every thread the same, under this cache's budget, policy,
   * options, hooks, loaders and statistics. `size`, `bytes`, `clear`, `deleteByTag` and the events of this cache include
   * it; its keys and entries are its own. `close` of a view does nothing: what it shows belongs to the cache.
   *
   * @throws CacheConfigError unless the name is a non-empty string.
   */
  namespace(name: string): SharedCache<V> {
    this.open();
    const known = this.#views.get(parseNamespace(name));
    if (known) return known;
    const scope = new Scope([...this.reading.scope.path, name]);
    const { terms, stats } = this;
    const view = new SharedNamespace<V>(this.client, this.ticket, {
      scope,
      terms,
      stats,
      news: this.news.view(scope),
      loaders: this.#loaders,
      hooks: {
        preSet: (key, value, options) => this.preSet(key, value, options),
        postGet: (key, value) => this.postGet(key, value),
      },
    });
    this.#views.add(name, view);
    return view;
  }

  /**
   * Writes what is held now to a file, which takes the place of another in one step; how many entries. A thread of its own
   * does it, and nobody waits for it: each entry is whole, and of some moment during the save.
   *
   * @throws CacheClosedError; CacheError with the system's `code` for a path that cannot be written (`'ENOENT'`: no such
   *   folder), and then there is no new file.
   */
  async save(path: string | URL): Promise<number> {
    this.open();
    return onFile({ what: 'save', name: this.name }, path, (file) =>
      saveShared(this.client, this.ticket, file, this.reading.scope.path),
    );
  }

  /**
   * Replaces all by what a file of `save` holds, of a larger one the most worthy entries; how many there were. A thread of
   * its own reads it twice: what is held stays until all of it has been found good. What any thread writes or removes
   * from now on wins over the file. Files of a `Cache` will do when all keys are non-empty strings.
   *
   * @throws CacheCorruptionError that says where the file is damaged; CacheError with the system's `code` for one that cannot
   *   be read (`'ENOENT'`: there is none). Then nothing has changed.
   */
  async restore(path: string | URL): Promise<number> {
    this.open();
    return onFile({ what: 'restore', name: this.name }, path, (file) =>
      restoreShared(this.client, this.ticket, file, this.reading.scope.path),
    );
  }

  on<E extends keyof SharedEvents>(event: E, listener: Listener<SharedEvents[E]>): this {
    this.news.emitter.on(event, listener);
    return this;
  }

  once<E extends keyof SharedEvents>(event: E, listener: Listener<SharedEvents[E]>): this {
    this.news.emitter.on(event, listener, true);
    return this;
  }

  off<E extends keyof SharedEvents>(event: E, listener: Listener<SharedEvents[E]>): this {
    this.news.emitter.off(event, listener);
    return this;
  }

  /** In the creating thread: the cache ends, for all. In an attached one: this thread detaches. Idempotent. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.shut();
    const { cache } = this.ticket;
    if (this.#isOwner) await this.client.request({ op: 'close', cache });
    this.client.detach(cache, this);
    this.news.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected override shut(): void {
    super.shut();
    this.#stopServing();
    if (this.#isOwner) created.delete(this.name);
    for (const view of this.#views.values()) view.shut();
    this.loading.close(new CacheClosedError(`cache '${this.name}' has been closed`));
  }
}

/** A view of a cache: see `SharedCache.namespace`. */
class SharedNamespace<V> extends SharedCache<V> {
  readonly #hooks: SharedView<V>['hooks'];

  constructor(client: ArenaClient, ticket: CacheTicket, view: SharedView<V>) {
    super(client, ticket, undefined, false, view);
    this.#hooks = view.hooks;
  }

  override async close(): Promise<void> {}

  protected override preSet(key: string, value: V, options?: EntryOptions): V {
    return this.#hooks.preSet(key, value, options);
  }

  protected override postGet(key: string, value: V): V {
    return this.#hooks.postGet(key, value);
  }
}
