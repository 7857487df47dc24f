import { type InspectOptions, inspect } from 'node:util';
import { HEADER } from '../arena/layout.js';
import { CacheClosedError } from '../common/error.js';
import { keysOf } from '../common/many.js';
import type { EntryInfo } from '../stats/entry-info.js';
import { type Portrait, portrait, show } from '../stats/portrait.js';
import type { SharedNews } from './events.js';
import type { Lease } from './lease.js';
import { checkKey } from './options.js';
import type { Reading } from './reading.js';
import { readTogether } from './together.js';

/** What only reads a shared cache: synchronous, out of shared memory, asking nobody. */
export abstract class SharedReads<V> {
  readonly name: string;
  protected isClosed = false;
  readonly #heard: SharedNews['emitter']['heard'];

  protected constructor(
    protected readonly reading: Reading<V>,
    protected readonly news: SharedNews,
  ) {
    this.name = reading.name;
    this.#heard = news.emitter.heard;
  }

  /** Fresh entries. */
  get size(): number {
    return this.isClosed ? 0 : this.reading.size;
  }

  /** Bytes held: keys, values, and what each entry costs besides. */
  get bytes(): number {
    return this.isClosed ? 0 : this.reading.bytes;
  }

  /** The bound of `bytes`, and of what is being written. */
  get maxBytes(): number {
    return this.reading.table.header(HEADER.maxBytes);
  }

  /** An owned copy of the value, or `fallback` on a miss. O(bytes of the value): for large ones see `acquire`. */
  get(key: string): V | undefined;
  get<F>(key: string, fallback: F): V | F;
  get(key: string, fallback?: unknown): unknown {
    const value = this.openFor(key).get(key);
    this.heardRead(key, value !== undefined);
    return value === undefined ? fallback : this.postGet(key, value);
  }

  /** As `get`, copied in slices, between which the event loop has its turn. */
  async getAsync(key: string): Promise<V | undefined> {
    const value = await this.openFor(key).getAsync(key);
    this.heardRead(key, value !== undefined);
    return value === undefined ? undefined : this.postGet(key, value);
  }

  /** The value in place, until `release`; `undefined` on a miss. O(1), whatever the size. */
  acquire(key: string): Lease<V> | undefined {
    const { reading } = this;
    // What is remembered belongs to an open cache, under a key that was checked.
    const entry = reading.reader.hitNear(key) ?? this.openFor(key).hit(key);
    if (entry === undefined) return this.#missed(key);
    // One place where leases are made: where they do not get out of a loop that was compiled, they are not made at all.
    const lease = reading.lend(entry);
    if (this.#heard.hit === true) this.heardRead(key, true);
    return lease;
  }

  /** As `get`, but touches no statistics, recency or TTL. */
  peek(key: string): V | undefined;
  peek<F>(key: string, fallback: F): V | F;
  peek(key: string, fallback?: unknown): unknown {
    const value = this.openFor(key).peek(key);
    return value === undefined ? fallback : value;
  }

  /** Whether `get` would be a hit; touches nothing. O(1). */
  has(key: string): boolean {
    return this.openFor(key).has(key);
  }

  /** What is known about an entry, a stale one too. */
  info(key: string): EntryInfo | undefined {
    return this.openFor(key).info(key);
  }

  /** The keys of the fresh entries, as of now. O(entries). */
  keys(): IterableIterator<string> {
    return this.open().keys().values();
  }

  /** Copies of the fresh entries, made one by one. */
  entries(): Generator<[string, V]> {
    return entriesOf(this.open());
  }

  values(): Generator<V> {
    return valuesOf(this.entries());
  }

  [Symbol.iterator](): Generator<[string, V]> {
    return this.entries();
  }

  /** Calls `callback` for each entry, as `entries` does, with `thisArg` as its `this`. */
  forEach(callback: (value: V, key: string, cache: this) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  /** The hits among `keys`, as copies, as of one moment: of a transaction, all is seen or nothing. */
  getMany(keys: Iterable<string>): Map<string, V> {
    const list = [...new Set(keysOf(keys, 'getMany'))];
    this.open();
    for (const key of list) this.openFor(key);
    const found = readTogether<V>(this.reading, list);
    for (const key of list) this.heardRead(key, found.has(key));
    for (const [key, value] of found) found.set(key, this.postGet(key, value));
    return found;
  }

  /** For logs: what it is called, and how full it is. */
  toJSON(): Portrait {
    return portrait(this);
  }

  [inspect.custom](_depth: number, options: InspectOptions, format: typeof inspect): string {
    return show(this, options, format);
  }

  /** For subclasses: what the caller sees of a copy. Leases are not passed through it. */
  protected postGet(_key: string, value: V): V {
    return value;
  }

  /** Ends reading in this thread. */
  protected shut(): void {
    this.isClosed = true;
    this.reading.reader.forget();
  }

  /** @throws CacheClosedError */
  protected open(): Reading<V> {
    if (!this.isClosed && !this.reading.table.closed) return this.reading;
    throw new CacheClosedError(`cache '${this.name}': expected an open cache; it has been closed`);
  }

  /** @throws CacheKeyError, CacheClosedError */
  protected openFor(key: string): Reading<V> {
    checkKey(key);
    return this.open();
  }

  #missed(key: string): undefined {
    this.heardRead(key, false);
    return undefined;
  }

  /** `known`: bytes charged, where they can't be looked up under the key any more. */
  protected heardRead(key: string, hit: boolean, known?: number): void {
    if ((hit ? this.#heard.hit : this.#heard.miss) !== true) return;
    const size = hit ? (known ?? this.reading.info(key)?.size) : undefined;
    this.news.emitter.emit(hit ? 'hit' : 'miss', size === undefined ? { key } : { key, size });
  }
}

function* entriesOf<V>(reading: Reading<V>): Generator<[string, V]> {
  for (const key of reading.keys()) {
    const value = reading.peek(key);
    if (value !== undefined) yield [key, value];
  }
}

function* valuesOf<V>(entries: Iterable<[string, V]>): Generator<V> {
  for (const [, value] of entries) yield value;
}
