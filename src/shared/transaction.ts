import { type BatchItem, giveBack, writeBatch } from '../arena/batch.js';
import { HEADER } from '../arena/layout.js';
import { decodeValue } from '../codec/index.js';
import { CacheClosedError, CacheError } from '../common/error.js';
import { Link } from '../load/chain.js';
import type { EntryOptions } from '../load/context.js';
import {
  checkTransaction,
  nested,
  Session,
  type TransactionFunction,
  type TransactionHost,
  type TurnOptions,
  timedOut,
  tooLarge,
} from '../transaction/session.js';
import { bounded } from '../transaction/turns.js';
import { checkKey } from './options.js';
import type { Reading } from './reading.js';

/** What transactions, and updates, need of the cache that they belong to. */
export interface TurnHost<V> {
  readonly reading: Reading<V>;
  /** @throws CacheClosedError */
  assertOpen(): void;
  read(key: string): V | undefined;
  has(key: string): boolean;
  preSet(key: string, value: V, options?: EntryOptions): V;
  postGet(key: string, value: V): V;
  /**
   * A value, as `preSet` has left it, ready to be written.
   *
   * @throws what `set` throws.
   */
  item(key: string, value: V, options: EntryOptions): BatchItem;
}

/** A turn that has come. */
interface TurnOf {
  turn: number;
  /** What is called in it is called by this. */
  link: Link;
  /** Work that is stopped at the deadline, or when the cache is closed, unless it has called off the clock. */
  within: <T>(work: (callOff: () => void) => Promise<T>, onStop?: () => void) => Promise<T>;
}

/**
 * The transactions of one thread. The keeper grants turns, in order, to all threads; what a transaction writes is reserved
 * and written when it is through, and then entered by one message, in one turn of the keeper.
 */
export class SharedTransactions<V> {
  readonly #host: TurnHost<V>;
  readonly #running = new Set<(error: unknown) => void>();

  constructor(host: TurnHost<V>) {
    this.#host = host;
  }

  async run<T>(fn: TransactionFunction<string, V, T>, options?: TurnOptions): Promise<T> {
    const { timeoutMs } = checkTransaction(fn, options);
    return this.inTurn('', timeoutMs, ({ turn, link, within }) => {
      const session = new Session(this.#sessionHost());
      const work = async (callOff: () => void): Promise<T> => {
        try {
          const result = await link.run(() => fn(session));
          const changes = session.finish();
          // From here on it is the keeper who knows whether it was in time.
          callOff();
          if (changes.size > 0) await this.#commit(turn, changes);
          return result;
        } finally {
          session.end();
        }
      };
      return within(work, () => session.end());
    });
  }

  /**
   * Waits for a turn, of the cache or of a key, and does what is to be done in it: the keeper grants it for so long.
   *
   * @throws CacheError when it would wait for itself; CacheClosedError.
   */
  async inTurn<T>(key: string, timeoutMs: number, body: (turn: TurnOf) => Promise<T>): Promise<T> {
    const { client, ticket, scope, name } = this.#host.reading;
    this.#host.assertOpen();
    const what = key === '' ? 'transaction' : 'update';
    const inner = key === '' ? '' : scope.inner(key);
    const id = `${ticket.cache} ${inner}`;
    if (Link.isInside(client, id)) throw nested(name, what);
    const link = new Link(client, id);
    const turn = await this.#unlessClosed(
      client.request<number>({ op: 'turn', cache: ticket.cache, key: inner, timeoutMs }),
    );
    const deadline = performance.now() + timeoutMs;
    const within: TurnOf['within'] = async (work, onStop = () => undefined) => {
      const rest = Math.max(1, deadline - performance.now());
      const { promise, stop } = bounded({
        work,
        timeoutMs: rest,
        onStop,
        timedOut: () => timedOut(name, what, timeoutMs),
      });
      this.#running.add(stop);
      return promise.finally(() => this.#running.delete(stop));
    };
    try {
      this.#host.assertOpen();
      return await body({ turn, link, within });
    } finally {
      link.end();
      client.notify({ op: 'endTurn', turn });
    }
  }

  /** Who waits for a turn is not to wait for those of others when the cache is closed here. */
  async #unlessClosed(asked: Promise<number>): Promise<number> {
    let stop = (_error: unknown): void => {};
    const closed = new Promise<never>((_, reject) => {
      stop = reject;
    });
    this.#running.add(stop);
    try {
      return await Promise.race([asked, closed]);
    } catch (error) {
      // One that comes all the same is nobody's.
      asked.then(
        (turn) => this.#host.reading.client.notify({ op: 'endTurn', turn }),
        () => undefined,
      );
      throw error;
    } finally {
      this.#running.delete(stop);
    }
  }

  /** The cache has been closed, or this thread has left it. */
  close(): void {
    const error = new CacheClosedError(`cache '${this.#host.reading.name}' has been closed`);
    for (const stop of this.#running) stop(error);
  }

  #sessionHost(): TransactionHost<string, V, BatchItem> {
    const { reading, read, has, preSet, postGet, item } = this.#host;
    const { name, table } = reading;
    return {
      name,
      read: (key) => read(key),
      has: (key) => has(key),
      prepare: (key, value, options = {}) => {
        checkKey(key);
        const write = item(key, preSet(key, value, options), options);
        const maxBytes = table.header(HEADER.maxEntryBytes);
        if (write.charge > maxBytes) throw tooLarge(name, `${write.charge}`, `${maxBytes} bytes for a value`, key);
        return write;
      },
      show: (key, { encoded: { skeleton, parts } }) => postGet(key, decodeValue(skeleton, parts, 'copy') as V),
    };
  }

  async #commit(turn: number, changes: ReadonlyMap<string, BatchItem | undefined>): Promise<void> {
    const { reading } = this.#host;
    const { client, ticket, table, name } = reading;
    const { cache } = ticket;
    const items = [...changes.values()].filter((item) => item !== undefined);
    const removed = [...changes].flatMap(([key, item]) => (item === undefined ? [reading.place(key)] : []));
    const bytes = items.reduce((sum, { charge }) => sum + charge, 0);
    const [maxBytes, { maxEntries }] = [table.header(HEADER.maxBytes), ticket.config];
    if (bytes > maxBytes) throw tooLarge(name, `${bytes}`, `${maxBytes} bytes in all`);
    if (items.length > maxEntries) throw tooLarge(name, `${items.length}`, `${maxEntries} entries`);
    const records = items.length === 0 ? [] : await writeBatch(client, ticket, items, { turn });
    const written = records.filter((record) => record !== undefined);
    if (written.length < items.length) {
      await giveBack(client, items, written);
      throw new CacheError(`${name}: transaction: expected room for ${bytes} bytes; others hold the cache`);
    }
    const keys = removed.map(({ key }) => key);
    const hashes = removed.map(({ hash }) => hash);
    await client.request({ op: 'finish', cache, turn, records: written, keys, hashes });
  }
}
