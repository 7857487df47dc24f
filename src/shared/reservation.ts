import { KeeperLostError } from '../arena/keeper-lost.js';
import type { EntryTerms } from '../arena/lifetime.js';
import type { RecordWriter } from '../arena/record-writer.js';
import { encodeValue } from '../codec/index.js';
import { CacheError, describe } from '../common/error.js';

/**
 * Bytes of the cache to write into, before there is a value: read a file into them, decode into them. Until `commit`
 * nobody sees them; `commit` or `abort` must be called, and neither before native calls that write into them are over.
 */
export class Reservation {
  #open = true;
  readonly #writer: RecordWriter;
  readonly #terms: EntryTerms;

  constructor(
    readonly key: string,
    /** In shared memory; undefined bytes at first. Not to be written to after `commit` or `abort`. */
    readonly bytes: Uint8Array,
    writer: RecordWriter,
    terms: EntryTerms,
  ) {
    this.#writer = writer;
    this.#terms = terms;
  }

  /**
   * Publishes the bytes under the key, without a copy. The value is the bytes themselves; or `meta` if that contains a
   * view of them; or, for any other object, `{ ...meta, bytes }`. Whether it was stored: not if the key was deleted or
   * written meanwhile, or the keeper that had granted the bytes has ended.
   *
   * @throws CacheError when it was committed or aborted before; TypeError for a `meta` that is no object, and
   *   CacheSerializationError for one that cannot be stored: then the reservation is as open as it was.
   */
  async commit(meta?: unknown): Promise<boolean> {
    if (meta !== undefined && (meta === null || typeof meta !== 'object')) {
      throw new TypeError(`commit: expected nothing, or an object to store with the bytes; got ${describe(meta)}`);
    }
    this.#assertOpen('commit');
    const value = meta === undefined ? this.bytes : meta;
    let encoded = encodeValue(value, this.key);
    if (!encoded.parts.some((part) => part.buffer === this.bytes.buffer)) {
      encoded = encodeValue({ ...(meta as object), bytes: this.bytes }, this.key);
    }
    this.#open = false;
    try {
      return (await this.#writer.publish(encoded, this.#terms)) === 'stored';
    } catch (error) {
      if (!(error instanceof KeeperLostError)) throw error;
      await this.#writer.abort();
      return false;
    }
  }

  /** Gives the bytes back. */
  async abort(): Promise<void> {
    this.#assertOpen('abort');
    this.#open = false;
    await this.#writer.abort();
  }

  #assertOpen(what: string): void {
    if (!this.#open)
      throw new CacheError(`reservation of '${this.key}': ${what}() after commit() or abort()`, { key: this.key });
  }
}
