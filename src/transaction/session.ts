import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, CacheError, CacheTimeoutError, describe } from '../common/error.js';
import { watchSpelling } from '../load/call-options.js';
import type { EntryOptions } from '../load/context.js';

/** A transaction that takes longer than this gives its turn up. */
const TIMEOUT_MS = 10_000;

/**
 * What the function of a transaction works with. It sees what it has written itself, and for the rest what the cache
 * holds; nobody else sees what it has written before all of it is there. All answers are there at once, in a
 * `SharedCache` too; to `await` them does no harm.
 */
export interface Transaction<K, V> {
  /** As the cache's own `get`. */
  get(key: K): V | undefined;
  /**
   * `true`. The value is checked, weighed and taken over now, and is stored with the others.
   *
   * @throws CacheError for a value that is larger than entries may be, and whatever `set` throws. The transaction fails
   *   then, also when the error is caught: it is all or nothing.
   */
  set(key: K, value: V, options?: EntryOptions<V, K>): boolean;
  /** Whether a fresh entry is going to leave. */
  delete(key: K): boolean;
}

export type TransactionFunction<K, V, T> = (transaction: Transaction<K, V>) => T | PromiseLike<T>;

/** Of `transaction`, and of `update` in a `SharedCache`. */
export interface TurnOptions {
  /** How long it may take, from the beginning of its turn, before it is given up. Default: 10 s. */
  timeout?: Duration | undefined;
}

/** What a transaction needs of the cache. `W` is a write that is ready to be carried out. */
export interface TransactionHost<K, V, W> {
  readonly name: string;
  /** A read as `get` does it. */
  read(key: K): V | undefined;
  has(key: K): boolean;
  /** @throws when the value is refused. */
  prepare(key: K, value: V, options: EntryOptions<V, K> | undefined): W;
  /** What a reader will see of a write. */
  show(key: K, write: W): V;
}

/** What one transaction has read and wants to write. */
export class Session<K, V, W> implements Transaction<K, V> {
  /** Writes by key; `undefined` is a removal. */
  readonly changes = new Map<K, W | undefined>();
  readonly #host: TransactionHost<K, V, W>;
  #refusal: { error: unknown } | undefined;
  #isOver = false;

  constructor(host: TransactionHost<K, V, W>) {
    this.#host = host;
    // A function may take its transaction apart.
    this.get = this.get.bind(this);
    this.set = this.set.bind(this);
    this.delete = this.delete.bind(this);
  }

  get(key: K): V | undefined {
    this.#assertOpen();
    const write = this.changes.get(key);
    if (write !== undefined) return this.#host.show(key, write);
    return this.changes.has(key) ? undefined : this.#host.read(key);
  }

  set(key: K, value: V, options?: EntryOptions<V, K>): boolean {
    this.#assertOpen();
    try {
      this.changes.set(key, this.#host.prepare(key, value, options));
      return true;
    } catch (error) {
      this.#refusal ??= { error };
      throw error;
    }
  }

  delete(key: K): boolean {
    this.#assertOpen();
    const isThere = this.changes.has(key) ? this.changes.get(key) !== undefined : this.#host.has(key);
    this.changes.set(key, undefined);
    return isThere;
  }

  /** Nothing more is read or written. */
  end(): void {
    this.#isOver = true;
  }

  /** The function is through: its changes, in the order in which their keys were first named. */
  finish(): ReadonlyMap<K, W | undefined> {
    this.#assertOpen();
    this.end();
    if (this.#refusal) throw this.#refusal.error;
    return this.changes;
  }

  #assertOpen(): void {
    if (!this.#isOver) return;
    throw new CacheError(`${this.#host.name}: transaction: expected one that runs; it has ended`);
  }
}

/** @throws CacheConfigError for a function that is none, or options out of range. */
export function checkTransaction(fn: unknown, options: TurnOptions = {}): { timeoutMs: number } {
  if (typeof fn !== 'function') throw new CacheConfigError(`transaction: expected a function; got ${describe(fn)}`);
  if (options === null || typeof options !== 'object') {
    throw new CacheConfigError(`options: expected an object; got ${describe(options)}`);
  }
  watchSpelling(options);
  return { timeoutMs: parseTimeout(options.timeout) };
}

/** @throws CacheConfigError for what is no duration. */
export function parseTimeout(timeout: Duration | undefined): number {
  return timeout === undefined ? TIMEOUT_MS : parseDuration(timeout, 'timeout');
}

/** It has passed its deadline. */
export function timedOut(name: string, what: string, timeoutMs: number): CacheTimeoutError {
  return new CacheTimeoutError(`${name}: ${what}: expected its end within ${timeoutMs} ms; nothing of it was stored`);
}

/** One was begun inside of another. */
export function nested(name: string, what: string): CacheError {
  return new CacheError(`${name}: ${what}: expected it to be called outside of another one; it would wait for itself`);
}

/** What cannot be stored in one piece. */
export function tooLarge(name: string, what: string, limit: string, key?: unknown): CacheError {
  const text = `${name}: transaction: expected at most ${limit}; got ${what}`;
  return new CacheError(text, key === undefined ? {} : { key });
}
