import { type BatchItem, batchItem } from '../arena/batch.js';
import type { ArenaClient } from '../arena/client.js';
import { SLOT_F64 } from '../arena/layout.js';
import type { EntryTerms } from '../arena/lifetime.js';
import type { CacheTicket } from '../arena/protocol.js';
import { RecordWriter } from '../arena/record-writer.js';
import { type EncodedValue, encodeValue } from '../codec/index.js';
import { type Bytes, parseBytes } from '../common/bytes.js';
import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, CacheLoadError, describe } from '../common/error.js';
import { keysOf, pairsOf } from '../common/many.js';
import type { EntryOptions } from '../load/context.js';
import type { RemovalReason } from '../stats/event.js';
import type { TransactionFunction, TurnOptions } from '../transaction/session.js';
import { storeMany } from './batch.js';
import { SharedNews } from './events.js';
import { SharedLoading } from './loading.js';
import { boundedByMemory, type SharedSetOptions, type SharedUpdateOptions, type ThreadOptions } from './options.js';
import { SharedReads } from './reads.js';
import { Reservation } from './reservation.js';
import { Terms } from './terms.js';
import { SharedTransactions, type TurnHost } from './transaction.js';
import { updateShared } from './update.js';
import type { SharedView } from './view.js';
import { readingOf } from './watched-reading.js';

/** What changes a shared cache: asked of the keeper, and over when the promise settles. */
export abstract class SharedWrites<V> extends SharedReads<V> {
  protected readonly loading: SharedLoading<V>;
  protected readonly terms: Terms<V>;
  protected readonly transactions: SharedTransactions<V>;
  protected readonly turnHost: TurnHost<V>;

  protected constructor(
    protected readonly client: ArenaClient,
    protected readonly ticket: CacheTicket,
    { onEvicted, cost, ttl, weigher }: ThreadOptions<V> = {},
    view?: SharedView<V>,
  ) {
    super(readingOf<V>(client, ticket, view?.scope), view?.news ?? new SharedNews(client, ticket, onEvicted));
    this.terms =
      view?.terms ??
      new Terms<V>(
        ticket.config,
        typeof cost === 'function' ? cost : undefined,
        typeof ttl === 'function' ? ttl : undefined,
        weigher,
      );
    this.turnHost = {
      reading: this.reading,
      assertOpen: () => void this.open(),
      read: (key) => this.get(key),
      has: (key) => this.has(key),
      preSet: (key, value, given) => this.preSet(key, value, given),
      postGet: (key, value) => this.postGet(key, value),
      item: (key, stored, options) => this.#item(key, stored, options),
    };
    this.transactions = new SharedTransactions<V>(this.turnHost);
    this.loading = new SharedLoading<V>(this.reading, this.terms, {
      preSet: (key, value, given) => this.preSet(key, value, given),
      postGet: (key, value) => this.postGet(key, value),
      guard: (action) => this.news.emitter.guard(action),
      onRead: (key, hit) => this.heardRead(key, hit),
    });
  }

  /**
   * Stores a value: `true`, or `false` when it is refused, for its size or because every byte is leased; what the key
   * held is gone then, too. What is not binary is taken as it is now; binary must not change before the promise settles.
   *
   * @throws TypeError for `undefined` and promises; CacheSerializationError for what cannot be cloned.
   */
  async set(key: string, value: V, options: SharedSetOptions = {}): Promise<boolean> {
    this.openFor(key);
    const { encoded, terms } = this.#encode(key, this.preSet(key, value, options), options);
    const writer = new RecordWriter(this.client, this.ticket, this.inner(key));
    return (await writer.store(encoded, terms)) !== 'refused';
  }

  /**
   * Stores all entries with the same options; how many were not refused. In two requests for some hundred entries, and
   * never more at once than a part of the budget.
   *
   * @throws as `set`, before anything is stored.
   */
  async setMany(entries: Iterable<readonly [string, V]>, options: SharedSetOptions = {}): Promise<number> {
    this.open();
    const items = Array.from(pairsOf(entries, 'setMany'), ([key, value]) => this.#itemOf(key, value, options));
    const stored = await storeMany(this.client, this.ticket, items, { maxBytes: this.maxBytes });
    return stored.filter(Boolean).length;
  }

  /**
   * Stores what `fn` makes of the present value, or of `undefined`, and answers with it. No update is lost, from whatever
   * thread: those of a key have turns, and when the key is written or removed past them `fn` is asked again. A value that
   * is refused is answered all the same, and is no longer there.
   *
   * @throws what `fn` throws; CacheTimeoutError after `timeout` (10 s); CacheError within an update of the same key.
   */
  async update(
    key: string,
    fn: (old: V | undefined) => V | PromiseLike<V>,
    options: SharedUpdateOptions = {},
  ): Promise<V> {
    this.openFor(key);
    return updateShared(this.turnHost, this.transactions, key, fn, options);
  }

  /** `get` and `delete` in one: of all who ask, in whatever thread, one gets the value. */
  async take(key: string): Promise<V | undefined> {
    this.openFor(key);
    const slot = await this.client.request<number>({ op: 'take', ...this.reading.place(key) });
    if (slot < 0) {
      this.heardRead(key, false);
      this.reading.reader.noteMiss();
      return undefined;
    }
    this.heardRead(key, true, this.reading.table.double(slot, SLOT_F64.charge));
    this.reading.reader.noteHit(slot);
    return this.postGet(key, this.reading.held(key, slot, 'copy') as V);
  }

  /**
   * Runs `fn(transaction)`, whose `get`, `set` and `delete` work on this cache as if nobody else were there: all that it
   * writes is stored together when it is through, or nothing if it fails, its deadline passes, or its thread ends; until
   * then nobody sees any of it, and `getMany` and other transactions see all of it or nothing. Transactions of a cache,
   * namespaces included, run one after the other, in whatever thread. A write that somebody makes past it meanwhile is
   * overwritten, if `fn` writes the same key. What `fn` returns is the answer. Binary must not change before it is there.
   *
   * @throws what `fn` throws, and what a refused value was refused with; CacheTimeoutError after `timeout` (10 s);
   *   CacheError for one within another, for more than fits into the cache at once, and when others hold all room.
   */
  async transaction<T>(fn: TransactionFunction<string, V, T>, options?: TurnOptions): Promise<T> {
    return this.transactions.run(fn, options);
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
    const terms = this.terms.of(options);
    const writer = new RecordWriter(this.client, this.ticket, this.inner(key));
    const bytes = await writer.allocate(byteLength);
    if (bytes !== undefined) return new Reservation(key, bytes, writer, terms);
    const why = byteLength > this.maxBytes ? 'it cannot hold as many' : 'there was no room within its reserveTimeout';
    throw new CacheLoadError(
      `reserve: expected ${byteLength} bytes of cache '${this.name}' (${this.maxBytes} bytes); ${why}`,
      { key },
    );
  }

  /** Whether a fresh entry went. A load of the key that runs will not bring it back. */
  async delete(key: string): Promise<boolean> {
    return (await this.#remove([key]))[0]!;
  }

  /** How many fresh entries went, in one round trip. */
  async deleteMany(keys: Iterable<string>): Promise<number> {
    return (await this.#remove([...keysOf(keys, 'deleteMany')])).filter(Boolean).length;
  }

  /** Makes an entry stale now, or dead if it has no grace; whether it was fresh. */
  async expire(key: string): Promise<boolean> {
    this.openFor(key);
    return this.client.request({ op: 'expire', ...this.reading.place(key) });
  }

  /** Restarts the TTL, with another one if it is given, and counts as a use; `false` on a miss. */
  async touch(key: string, ttl?: Duration): Promise<boolean> {
    this.openFor(key);
    const ttlMs = ttl === undefined ? 0 : parseDuration(ttl, 'ttl');
    return this.client.request({ op: 'touch', ...this.reading.place(key), ttlMs });
  }

  /** Removes everything, namespaces included; statistics stay. */
  async clear(): Promise<void> {
    this.open();
    await this.client.request({ op: 'clear', cache: this.ticket.cache, path: this.reading.scope.path });
  }

  /** Removes the dead now; how many there were. */
  async sweep(): Promise<number> {
    this.open();
    return this.client.request({ op: 'sweep', cache: this.ticket.cache });
  }

  /** Changes the budget; evicts down at once. */
  async resize(maxBytes: Bytes): Promise<void> {
    this.open();
    const bytes = boundedByMemory(parseBytes(maxBytes, 'maxBytes'));
    await this.client.request({ op: 'resize', cache: this.ticket.cache, maxBytes: bytes });
  }

  /** For subclasses: what is stored in the place of `value`, or throws to refuse it. */
  protected preSet(_key: string, value: V, _options?: EntryOptions): V {
    return value;
  }

  /** Starts the background sweep of the dead again. It is on from the beginning, unless `sweepInterval` is `Infinity`. */
  async startSweep(): Promise<void> {
    this.open();
    await this.client.request({ op: 'sweeping', cache: this.ticket.cache, on: true });
  }

  /** Stops it, for all threads; `sweep` still works, and the dead still go first when room is needed. */
  async stopSweep(): Promise<void> {
    this.open();
    await this.client.request({ op: 'sweeping', cache: this.ticket.cache, on: false });
  }

  /** Ends writing in this thread. */
  protected override shut(): void {
    super.shut();
    this.transactions.close();
  }

  /** A value as it is given, ready to be written. */
  #itemOf(key: string, value: V, options: SharedSetOptions): BatchItem {
    this.openFor(key);
    return this.#item(key, this.preSet(key, value, options), options);
  }

  #item(key: string, stored: V, options: SharedSetOptions): BatchItem {
    const { encoded, terms } = this.#encode(key, stored, options);
    return batchItem(this.client, this.ticket, this.inner(key), encoded, terms);
  }

  #encode(key: string, stored: V, options: SharedSetOptions): { encoded: EncodedValue; terms: EntryTerms } {
    const terms = this.terms.of(options, stored, key);
    const encoded = encodeValue(stored, key);
    return { encoded: options.transfer ? takeOver(encoded) : encoded, terms };
  }

  #remove(keys: string[]): Promise<boolean[]> {
    for (const key of keys) {
      this.openFor(key);
    }
    this.open();
    const places = keys.map((key) => this.reading.place(key));
    return this.client.request({
      op: 'remove',
      cache: this.ticket.cache,
      keys: places.map(({ key }) => key),
      hashes: places.map(({ hash }) => hash),
      reason: 'delete' satisfies RemovalReason,
    });
  }

  /** The key as the keeper knows it. */
  protected inner(key: string): string {
    return this.reading.scope.inner(key);
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
