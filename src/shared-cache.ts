import type { ArenaClient } from './arena/client.js';
import type { CacheTicket } from './arena/protocol.js';
import { RecordWriter } from './arena/record-writer.js';
import { type EncodedValue, encodeValue } from './codec/index.js';
import { type Bytes, parseBytes } from './common/bytes.js';
import { type Duration, parseDuration } from './common/duration.js';
import { CacheClosedError, CacheConfigError, CacheLoadError, describe } from './common/error.js';
import { hashString } from './common/hash.js';
import type { EntryOptions, Factory, GetOrSetOptions } from './load/context.js';
import { type SharedEvents, SharedNews } from './shared/events.js';
import { sharedSnapshot } from './shared/holdings.js';
import type { Lease } from './shared/lease.js';
import { Loaders } from './shared/loaders.js';
import { SharedLoading } from './shared/loading.js';
import {
  type AttachOptions,
  boundedByMemory,
  type LoadOptions,
  type LocalLoader,
  resolveSharedOptions,
  type SharedCacheHandle,
  type SharedCacheOptions,
  type SharedSetOptions,
} from './shared/options.js';
import { Reading } from './shared/reading.js';
import { SharedReads } from './shared/reads.js';
import { Reservation } from './shared/reservation.js';
import { Terms } from './shared/terms.js';
import { connectThread, connectThreadTo, connectWhenStarted } from './shared/thread.js';
import { CacheStats } from './stats/cache-stats.js';
import type { Listener } from './stats/emitter.js';
import type { RemovalReason } from './stats/event.js';

const ATTACH_MS = 5000;

/**
 * A cache that all threads of the process share: values lie as bytes in shared memory, once, under one budget, and are
 * read in place. What only reads is synchronous and asks nobody; what changes anything is done by the keeper, a thread
 * of its own, and is a promise. An idle cache does not keep the process alive, a pending operation does.
 */
export class SharedCache<V = unknown> extends SharedReads<V> {
  readonly stats: CacheStats;
  /** For `SharedCache.attach` in other threads. */
  readonly handle: SharedCacheHandle;
  readonly #client: ArenaClient;
  readonly #ticket: CacheTicket;
  readonly #loading: SharedLoading<V>;
  readonly #terms: Terms<V>;
  readonly #loaders: Loaders<V>;
  /** Whether this thread has created the cache: then `close` ends it. */
  readonly #isOwner: boolean;

  /** Use `SharedCache.create` or `SharedCache.attach`. */
  protected constructor(client: ArenaClient, ticket: CacheTicket, options?: SharedCacheOptions<V>) {
    super(new Reading<V>(client, ticket), new SharedNews(client, ticket, options?.onEvicted));
    this.handle = Object.freeze({ name: this.name, keeper: client.keeper });
    this.#client = client;
    this.#ticket = ticket;
    this.#isOwner = options !== undefined;
    this.#terms = new Terms<V>(ticket.config, typeof options?.cost === 'function' ? options.cost : undefined);
    this.#loading = new SharedLoading<V>(this.reading, this.#terms, {
      preSet: (key, value, given) => this.preSet(key, value, given),
      postGet: (key, value) => this.postGet(key, value),
      onLoadError: (key, error) => this.news.emitter.emit('error', { key, error }),
      onRead: (key, hit) => this.heardRead(key, hit),
    });
    this.#loaders = new Loaders<V>(client, ticket, this.#loading);
    this.stats = new CacheStats({
      snapshot: () => sharedSnapshot(this.reading.table, this.isClosed ? 0 : this.reading.size),
      reset: () => void client.request({ op: 'resetStats', cache: ticket.cache }).catch(() => undefined),
    });
    client.attach(ticket.cache, this, {
      onNews: (news, lost) => this.news.tell(news, lost),
      onClosed: () => this.shut(),
    });
  }

  /**
   * Creates a cache under a name of its own, and the arena of the process with the first one.
   *
   * @throws CacheConfigError for options out of range, a name that exists, a budget that cannot be allocated.
   */
  static async create<V = unknown>(options: SharedCacheOptions<V>): Promise<SharedCache<V>> {
    const config = resolveSharedOptions(options);
    const client = await connectThread();
    const ticket = await client.request<CacheTicket>({ op: 'create', config });
    return new this<V>(client, ticket, options);
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
    const timeoutMs = parseDuration(options.timeout ?? ATTACH_MS, 'timeout');
    const { client, restMs } =
      typeof which === 'string'
        ? await connectWhenStarted(name, timeoutMs)
        : { client: await connectThreadTo(which.keeper), restMs: timeoutMs };
    const ticket = await client.request<CacheTicket>({ op: 'attach', name, timeoutMs: restMs });
    return new this<V>(client, ticket);
  }

  /**
   * Stores a value: `true`, or `false` when it is refused, for its size or because every byte is leased; what the key
   * held is gone then, too. What is not binary is taken as it is now; binary must not change before the promise settles.
   *
   * @throws TypeError for `undefined` and promises; CacheSerializationError for what cannot be cloned.
   */
  async set(key: string, value: V, options: SharedSetOptions = {}): Promise<boolean> {
    this.openFor(key);
    const stored = this.preSet(key, value, options);
    const terms = this.#terms.of(options, stored, key);
    const encoded = options.transfer ? takeOver(encodeValue(stored)) : encodeValue(stored);
    const writer = new RecordWriter(this.#client, this.#ticket, key);
    this.#loading.forget(key);
    return (await writer.publish(encoded, terms)) !== 'refused';
  }

  /** Stores all entries with the same options; how many were not refused. */
  async setMany(entries: Iterable<readonly [string, V]>, options?: SharedSetOptions): Promise<number> {
    const stored = await Promise.all(Array.from(entries, ([key, value]) => this.set(key, value, options)));
    return stored.filter(Boolean).length;
  }

  /**
   * Bytes of the cache to write a value into before it is published.
   *
   * @throws CacheLoadError when there is no room within `reserveTimeout`, or never can be.
   */
  async reserve(key: string, byteLength: number, options: EntryOptions = {}): Promise<Reservation> {
    this.openFor(key);
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new CacheConfigError(
        `byteLength: expected a whole number of bytes, 0 or more; got ${describe(byteLength)}`,
      );
    }
    const terms = this.#terms.of(options);
    const writer = new RecordWriter(this.#client, this.#ticket, key);
    const bytes = await writer.allocate(byteLength);
    if (bytes !== undefined) return new Reservation(key, bytes, writer, terms);
    throw new CacheLoadError(
      `reserve: expected ${byteLength} bytes of cache '${this.name}' (${this.maxBytes} bytes); there was no room`,
      {
        key,
      },
    );
  }

  /** Whether a fresh entry went. A load of the key that runs will not bring it back. */
  async delete(key: string): Promise<boolean> {
    return (await this.#remove([key]))[0]!;
  }

  /** How many fresh entries went, in one round trip. */
  async deleteMany(keys: Iterable<string>): Promise<number> {
    return (await this.#remove([...keys])).filter(Boolean).length;
  }

  /** Makes an entry stale now, or dead if it has no grace; whether it was fresh. */
  async expire(key: string): Promise<boolean> {
    this.openFor(key);
    this.#loading.forget(key);
    return this.#client.request({ op: 'expire', cache: this.#ticket.cache, key, hash: this.#hash(key) });
  }

  /** Restarts the TTL, with another one if it is given, and counts as a use; `false` on a miss. */
  async touch(key: string, ttl?: Duration): Promise<boolean> {
    this.openFor(key);
    const ttlMs = ttl === undefined ? 0 : parseDuration(ttl, 'ttl');
    return this.#client.request({ op: 'touch', cache: this.#ticket.cache, key, hash: this.#hash(key), ttlMs });
  }

  /** Removes everything; statistics stay. */
  async clear(): Promise<void> {
    this.open();
    this.#loading.forgetAll();
    await this.#client.request({ op: 'clear', cache: this.#ticket.cache });
  }

  /** Removes the dead now; how many there were. */
  async sweep(): Promise<number> {
    this.open();
    return this.#client.request({ op: 'sweep', cache: this.#ticket.cache });
  }

  /** Changes the budget; evicts down at once. */
  async resize(maxBytes: Bytes): Promise<void> {
    this.open();
    const bytes = boundedByMemory(parseBytes(maxBytes, 'maxBytes'));
    await this.#client.request({ op: 'resize', cache: this.#ticket.cache, maxBytes: bytes });
  }

  /** The value, or what `factory` makes of it: one run for a key in the whole process, however many ask. */
  async getOrSet(key: string, factory: Factory<V, string>, options: GetOrSetOptions = {}): Promise<V | undefined> {
    this.openFor(key);
    return this.#loading.byFactory(key, factory, options, 'copy') as Promise<V | undefined>;
  }

  /** The value of a loader for an input: from the cache, or loaded once for the whole process. */
  async load(name: string, input: unknown, options: LoadOptions = {}): Promise<V | undefined> {
    this.open();
    return this.#loaders.load(name, input, options, 'copy') as Promise<V | undefined>;
  }

  /** As `load`, read in place. `undefined` when the loader yields nothing. */
  async acquireOrLoad(name: string, input: unknown, options: LoadOptions = {}): Promise<Lease<V> | undefined> {
    this.open();
    return this.#loaders.load(name, input, options, 'lease') as Promise<Lease<V> | undefined>;
  }

  /** `load` with the default loader, the key as its input. */
  async fetch(key: string, options: GetOrSetOptions = {}): Promise<V | undefined> {
    this.openFor(key);
    return this.#loaders.load(this.#loaders.default, key, { ...options, key }, 'copy') as Promise<V | undefined>;
  }

  /**
   * Registers a loader: the URL of a module, which the pool runs for every thread, or a function, which runs in the
   * thread that calls `load`, and only there.
   */
  async registerLoader(name: string, loader: URL | string | LocalLoader<V>): Promise<void> {
    this.open();
    await this.#loaders.register(name, loader);
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
    const { cache } = this.#ticket;
    if (this.#isOwner) await this.#client.request({ op: 'close', cache });
    this.#client.detach(cache, this);
    this.news.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected override shut(): void {
    super.shut();
    this.#loading.close(new CacheClosedError(`cache '${this.name}' has been closed`));
  }

  /** For subclasses: what is stored in the place of `value`, or throws to refuse it. */
  protected preSet(_key: string, value: V, _options?: EntryOptions): V {
    return value;
  }

  #remove(keys: string[]): Promise<boolean[]> {
    for (const key of keys) {
      this.openFor(key);
      this.#loading.forget(key);
    }
    this.open();
    const hashes = keys.map((key) => this.#hash(key));
    return this.#client.request({
      op: 'remove',
      cache: this.#ticket.cache,
      keys,
      hashes,
      reason: 'delete' satisfies RemovalReason,
    });
  }

  #hash(key: string): number {
    return hashString(key, this.#ticket.seed) | 0;
  }
}

/** Detaches the buffers of the parts in the caller's hands. What cannot be handed over, such as the pool of Buffers, is copied. */
function takeOver({ skeleton, parts }: EncodedValue): EncodedValue {
  const taken = new Map<ArrayBufferLike, ArrayBuffer | undefined>();
  const moved = parts.map((part) => {
    const { buffer, byteOffset, byteLength } = part;
    if (!taken.has(buffer)) taken.set(buffer, detach(buffer));
    const own = taken.get(buffer);
    return own === undefined ? part.slice() : new Uint8Array(own, byteOffset, byteLength);
  });
  return { skeleton, parts: moved };
}

function detach(buffer: ArrayBufferLike): ArrayBuffer | undefined {
  if (!(buffer instanceof ArrayBuffer)) return undefined;
  try {
    return structuredClone(buffer, { transfer: [buffer] });
  } catch (error) {
    // From Node 22 on this throws for buffers that are marked as untransferable; before, they were copied.
    if (error instanceof DOMException && error.name === 'DataCloneError') return undefined;
    throw error;
  }
}
