import { type InspectOptions, inspect } from 'node:util';
import { type Duration, parseDuration } from '../common/duration.js';
import { eachToTheEnd } from '../common/each.js';
import { CacheConfigError, CacheError, describe } from '../common/error.js';
import { keysOf, pairsOf } from '../common/many.js';
import type { EntryOptions } from '../load/context.js';
import type { EntryInfo } from '../stats/entry-info.js';
import { type Portrait, portrait, show } from '../stats/portrait.js';
import type { Engine } from './engine.js';
import { describeEntry } from './info.js';
import { countFresh, listEntries, sumBytes } from './survey.js';
import { checkValue } from './value.js';

/** What a cache of one thread does with its entries, one or many at a time: all of it synchronous. */
export abstract class Entries<K, V> {
  /** As given in the options. */
  readonly name: string;

  protected constructor(protected readonly engine: Engine<K, V>) {
    this.name = engine.options.name;
  }

  /** Entries that are fresh, those of namespaces included. O(1); of a namespace whose entries have a TTL O(itself). */
  get size(): number {
    return countFresh(this.engine.store, this.engine.space);
  }

  /** Bytes held, what is stale or dead included, and what namespaces hold. O(1), and one step for each namespace in this one. */
  get bytes(): number {
    return sumBytes(this.engine.store, this.engine.space);
  }

  /** The bound of `bytes`. */
  get maxBytes(): number {
    return this.engine.store.maxBytes;
  }

  /** The value, or `fallback` on a miss. O(1). */
  get(key: K): V | undefined;
  get<F>(key: K, fallback: F): V | F;
  get(key: K, fallback?: unknown): unknown {
    const value = this.engine.read(key);
    return value === undefined ? fallback : this.postGet(key, value);
  }

  /** As `get`, but touches no statistics, recency or TTL. O(1). */
  peek(key: K): V | undefined;
  peek<F>(key: K, fallback: F): V | F;
  peek(key: K, fallback?: unknown): unknown {
    const value = this.engine.peek(key);
    return value === undefined ? fallback : value;
  }

  /** Whether `get` would be a hit; touches nothing. O(1). */
  has(key: K): boolean {
    this.engine.assertOpen();
    return this.engine.findFresh(key) >= 0;
  }

  /**
   * Stores a value: `true`, or `false` when it is refused for its size; what the key held is gone then, too. O(1), and
   * as many evictions as it takes.
   *
   * @throws TypeError for `undefined` and promises, and when the weigher fails; the old entry stays.
   */
  set(key: K, value: V, options?: EntryOptions<V, K>): boolean {
    this.engine.assertOpen();
    return this.engine.write(key, this.preSet(key, value, options), options);
  }

  /** Whether a fresh entry went. A load of the key that runs will not bring it back. O(1). */
  delete(key: K): boolean {
    return this.open().remove(key);
  }

  /** Makes an entry stale now, or dead if it has no grace; whether it was fresh. O(log n). */
  expire(key: K): boolean {
    const { store, ticker } = this.open();
    this.engine.changes.supersede(key);
    const handle = this.engine.findFresh(key);
    if (handle < 0) return false;
    ticker.now();
    store.sample.leave(handle);
    store.life.finish(handle);
    store.planSweep(handle);
    return true;
  }

  /**
   * Stores what `fn` makes of the present value, or of `undefined`, and returns it: nobody comes in between. O(1).
   *
   * @throws TypeError when `fn` returns a promise, or nothing; and what `fn` throws. The old entry stays.
   */
  update(key: K, fn: (old: V | undefined) => V, options?: EntryOptions<V, K>): V {
    if (typeof fn !== 'function') throw new CacheConfigError(`update: expected a function; got ${describe(fn)}`);
    const old = this.engine.peek(key);
    const made = fn(old === undefined ? undefined : this.postGet(key, old));
    checkValue(made, 'update');
    const value = this.preSet(key, made, options);
    this.engine.write(key, value, options);
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
    const { store, ticker } = this.open();
    const ttlMs = ttl === undefined ? undefined : parseDuration(ttl, 'ttl');
    const handle = this.engine.findFresh(key);
    if (handle < 0) return false;
    store.table.beBorn(handle, ticker.now());
    store.life.restart(handle, ttlMs);
    store.planSweep(handle);
    store.policy.touch(handle);
    return true;
  }

  /** The hits among `keys`. */
  getMany(keys: Iterable<K>): Map<K, V> {
    const found = new Map<K, V>();
    for (const key of keysOf(keys, 'getMany')) {
      const value = this.get(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  /**
   * Stores all entries with the same options; how many were not refused.
   *
   * @throws as `set`, and then those that come after are not stored; but a policy of your own that throws does not keep the
   *   others out, and is a CacheError in the end that names the key.
   */
  setMany(entries: Iterable<readonly [K, V]>, options?: EntryOptions<V, K>): number {
    let stored = 0;
    let failure: CacheError | undefined;
    for (const [key, value] of pairsOf(entries, 'setMany')) {
      try {
        if (this.set(key, value, options)) stored++;
      } catch (error) {
        if (this.engine.thrown?.error !== error) throw error;
        failure ??= policyFailed(`${this.name}: setMany`, key, error);
      }
    }
    if (failure !== undefined) throw failure;
    return stored;
  }

  /** How many fresh entries went. All go, before what a policy of your own may throw leaves. */
  deleteMany(keys: Iterable<K>): number {
    let deleted = 0;
    eachToTheEnd(keysOf(keys, 'deleteMany'), (key) => {
      if (this.delete(key)) deleted++;
    });
    return deleted;
  }

  /** The keys that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  keys(): IterableIterator<K> {
    return pick(this.entries(), 0);
  }

  /** The values that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  values(): IterableIterator<V> {
    return pick(this.entries(), 1);
  }

  /** The entries that are fresh now; what is changed meanwhile is not seen. The first step costs O(n). */
  entries(): IterableIterator<[K, V]> {
    return this.#list(this.open());
  }

  *#list(engine: Engine<K, V>): IterableIterator<[K, V]> {
    const { life } = engine.store;
    for (const { key, value, end } of listEntries(engine.store, engine.space)) {
      if (!life.isTimed || end > engine.ticker.now()) yield [key, engine.copied(key, value)];
    }
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries();
  }

  /** Calls `callback` for each entry, as `entries` does, with `thisArg` as its `this`. */
  forEach(callback: (value: V, key: K, cache: this) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  /** For logs: what it is called, and how full it is. */
  toJSON(): Portrait {
    return portrait(this);
  }

  [inspect.custom](_depth: number, options: InspectOptions, format: typeof inspect): string {
    return show(this, options, format);
  }

  /** What is known about a fresh or stale entry; `undefined` when there is none. */
  info(key: K): EntryInfo | undefined {
    const { store, ticker } = this.open();
    const handle = this.engine.space.index.find(key);
    if (handle < 0 || store.state(handle) === 'dead') return undefined;
    return describeEntry(store, handle, ticker.now());
  }

  /** For subclasses: the value to store instead, or an exception to refuse it. */
  protected preSet(_key: K, value: V, _options?: EntryOptions): V {
    return value;
  }

  /** For subclasses: what the caller sees of a value. */
  protected postGet(_key: K, value: V): V {
    return value;
  }

  /** @throws CacheClosedError */
  protected open(): Engine<K, V> {
    this.engine.assertOpen();
    return this.engine;
  }
}

function policyFailed(what: string, key: unknown, cause: unknown): CacheError {
  const said = cause instanceof Error ? cause.message : describe(cause);
  return new CacheError(`${what}: key ${describe(key)}: expected a policy that throws nothing; it threw: ${said}`, {
    key,
    cause,
  });
}

function* pick<T extends readonly unknown[], N extends keyof T>(
  entries: Iterable<T>,
  place: N,
): IterableIterator<T[N]> {
  for (const entry of entries) yield entry[place];
}
