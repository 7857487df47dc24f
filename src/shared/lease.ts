import type { ArenaClient } from '../arena/client.js';
import { MOMENT_PIN, NO_PIN } from '../arena/layout.js';
import type { SharedReader } from '../arena/reader.js';
import type { ThreadRow } from '../arena/thread-row.js';
import { decodeView } from '../codec/index.js';
import { CacheCorruptionError, CacheError } from '../common/error.js';
import { type EndingStream, isThenable, whenOver } from './lease-end.js';
import type { LeaseWatches } from './lease-watch.js';
import { copyRecord } from './record-value.js';

/** What a lease needs of the thread it was taken in. */
export interface Lender {
  readonly row: ThreadRow;
  readonly reader: SharedReader;
  readonly client: ArenaClient;
  /** Development mode only. */
  readonly watches: LeaseWatches | undefined;
  readonly name: string;
}

/**
 * A value read in place. Its bytes neither move nor change hands before `release`; what is then still read through
 * `value` may be anything. Release in a `finally`, or declare it with `using`. A lease is good in its own thread only.
 *
 * What is plain in the value is frozen and may be the same object for several leases; its typed arrays are views of
 * shared memory, which some APIs refuse: those need `SharedCache.get`.
 */
export class Lease<V> {
  // Declared, and set by the constructor alone: initialisers run as a function of their own, at each lease.
  /** The value, once it is decoded. */
  declare private held: V | undefined;
  /** The pin that holds the bytes; `NO_PIN` when there is none, or none any more. */
  declare private pin: number;
  declare private readonly lender: Lender | undefined;

  private constructor(lender: Lender | undefined, pin: number, value: V | undefined) {
    this.held = value;
    this.pin = pin;
    this.lender = lender;
  }

  /**
   * A lease of the slot that `lender.reader` has just pinned, and its value, if known. When that was the last pin there
   * is, a lease of an owned copy.
   */
  static ofPinned<V>(lender: Lender, slot: number, value?: V): Lease<V> {
    const { pin } = lender.reader;
    if (pin === MOMENT_PIN) return copyOnOverflow<V>(lender, slot);
    const lease = new Lease<V>(lender, pin, value);
    if (lender.watches !== undefined) lender.watches.begin(lease, lender.reader.record(slot));
    return lease;
  }

  /** A lease of a value that is nobody else's. */
  static ofOwned<V>(value: V): Lease<V> {
    return new Lease<V>(undefined, OWNED, value);
  }

  /**
   * The value, its binary in place. Decoded when first asked for.
   *
   * @throws CacheError when the lease has been released: always in development mode, else if the value was not read
   *   before.
   */
  get value(): V {
    return this.held !== undefined ? this.held : this.read();
  }

  /** Whether it has been released. */
  get isReleased(): boolean {
    return this.pin === NO_PIN;
  }

  /**
   * Gives the bytes back. Idempotent.
   *
   * @throws CacheError in development mode, when somebody has written through the lease.
   */
  release(): void {
    const { pin } = this;
    this.pin = NO_PIN;
    if (pin < 0) return;
    const lender = this.lender!;
    const { row, watches } = lender;
    const complaint = watches === undefined ? undefined : this.endWatch(watches);
    row.unpin(pin);
    if (row.releaseWanted) lender.client.notify({ op: 'released' });
    if (complaint !== undefined) throw complaint;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Releases when a stream or a response has sent, closed, failed or been broken off, whichever is first; at once, if that
   * is over already. Give it what the bytes are written to: `response.end(lease.releaseWhen(response).value)`. A lease that
   * waits for its stream is not lost.
   */
  releaseWhen(stream: EndingStream): this;
  /**
   * Releases when a promise is settled, and passes it on: `await lease.releaseWhen(writeFile(path, lease.value))`. It is
   * passed on after the release.
   *
   * @throws CacheConfigError for what is neither a stream nor a promise: then nothing is released.
   */
  releaseWhen<T>(work: PromiseLike<T>): Promise<T>;
  releaseWhen(what: EndingStream | PromiseLike<unknown>): this | Promise<unknown> {
    if (isThenable(what)) return this.releaseAfter(what);
    whenOver(what, () => this.releaseQuietly());
    return this;
  }

  private async releaseAfter<T>(work: PromiseLike<T>): Promise<T> {
    let result: T;
    try {
      result = await work;
    } catch (error) {
      // What has failed is told, not what else came to light.
      this.releaseQuietly();
      throw error;
    }
    this.release();
    return result;
  }

  /** Where nobody could catch the complaint of the development mode, it is a warning. */
  private releaseQuietly(): void {
    try {
      this.release();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  private endWatch(watches: LeaseWatches): CacheError | undefined {
    this.held = undefined;
    return watches.end(this);
  }

  private read(): V {
    const { lender, pin } = this;
    if (lender === undefined || pin === NO_PIN) {
      const story = lender?.watches?.story(this) ?? '';
      throw new CacheError(
        `lease of '${lender?.name}': expected its value to be read before release(); it was read after${story}`,
      );
    }
    const { reader } = lender;
    this.held = decodeRecord(reader, reader.pinnedSlot(pin)) as V;
    return this.held;
  }
}

/** The pin of a lease that never had one. */
const OWNED = -2;

function decodeRecord(reader: SharedReader, slot: number): unknown {
  const record = reader.record(slot);
  if (record === undefined)
    throw new CacheCorruptionError('lease: the segment of its bytes is not known to this thread');
  return decodeView(record.skeleton, record.parts).value;
}

function copyOnOverflow<V>(lender: Lender, slot: number): Lease<V> {
  const { reader } = lender;
  try {
    reader.notePinOverflow();
    return Lease.ofOwned(copyRecord(reader.record(slot)) as V);
  } finally {
    reader.unpin();
  }
}
