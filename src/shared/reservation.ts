import { type InspectOptions, inspect } from 'node:util';
import { KeeperLostError } from '../arena/keeper-lost.js';
import type { EntryTerms } from '../arena/lifetime.js';
import type { RecordWriter } from '../arena/record-writer.js';
import { encodeValue } from '../codec/index.js';
import { CacheError, describe } from '../common/error.js';
import { LeaseWatches } from './lease-watch.js';

/**
 * Bytes of the cache to write into, before there is a value: read a file into them, decode into them. Until `commit`
 * nobody sees them; `commit` or `abort` must be called, and neither before native calls that write into them are over.
 */
export class Reservation {
  /** What has ended it. */
  #end: 'commit' | 'abort' | undefined;
  readonly #bytes: Uint8Array;
  readonly #writer: RecordWriter;
  readonly #terms: EntryTerms;

  constructor(
    readonly key: string,
    bytes: Uint8Array,
    writer: RecordWriter,
    terms: EntryTerms,
  ) {
    this.#bytes = bytes;
    this.#writer = writer;
    this.#terms = terms;
  }

  /**
   * To write into: shared memory, undefined bytes at first. From the call of `commit` or `abort` on they are the cache's, which
   * cannot take them from views that were kept: whoever writes later changes what others read, or somebody else's value.
   *
   * @throws CacheError after `abort`; after `commit` in development mode.
   */
  get bytes(): Uint8Array {
    if (this.#end === 'abort' || (this.#end === 'commit' && LeaseWatches.areWanted)) {
      this.#assertOpen('bytes', "; they are the cache's then: get() and acquire() read what was stored");
    }
    return this.#bytes;
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
    this.#assertOpen('commit()');
    const bytes = this.#bytes;
    const value = meta === undefined ? bytes : meta;
    let encoded = encodeValue(value, this.key);
    if (!encoded.parts.some((part) => part.buffer === bytes.buffer)) {
      encoded = encodeValue({ ...(meta as object), bytes }, this.key);
    }
    this.#end = 'commit';
    try {
      return (await this.#writer.publish(encoded, this.#terms)) === 'stored';
    } catch (error) {
      if (!(error instanceof KeeperLostError)) throw error;
      await this.#writer.abort();
      return false;
    }
  }

  /** In logs a reservation is its bytes while they are to be written, then what has ended it. */
  [inspect.custom](_depth: number, options: InspectOptions, format: typeof inspect): string {
    const { key } = this;
    return `Reservation ${format(this.#end === undefined ? { key, bytes: this.#bytes } : { key, endedBy: this.#end }, options)}`;
  }

  /** Gives the bytes back. */
  async abort(): Promise<void> {
    this.#assertOpen('abort()');
    this.#end = 'abort';
    await this.#writer.abort();
  }

  #assertOpen(what: string, hint = ''): void {
    if (this.#end === undefined) return;
    throw new CacheError(`reservation of '${this.key}': ${what} after commit() or abort()${hint}`, { key: this.key });
  }
}
