import { type InspectOptions, inspect } from 'node:util';
import { NO_PIN } from '../arena/layout.js';
import type { SharedReader } from '../arena/reader.js';
import { decodeView } from '../codec/index.js';
import { CacheCorruptionError, CacheError } from '../common/error.js';
import { type EndingStream, isThenable, whenOver } from './lease-end.js';

/** The pin of a lease that never had one. */
export const OWNED = -2;

/** What a lease needs of the thread it was taken in. */
export interface Lender {
  readonly reader: SharedReader;
  readonly name: string;
  /** Gives the pin of a lease back. */
  takeBack(pin: number, lease: Lease<unknown>): void;
  /** What is known of where a lease was taken and released. */
  story(lease: Lease<unknown>): string;
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

  /** Its value is to be decoded anew, or not at all. */
  static forget(lease: Lease<unknown>): void {
    lease.held = undefined;
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
    if (pin >= 0) this.lender!.takeBack(pin, this);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** In logs a lease is its value while it may be read, and nothing of how it is held. */
  [inspect.custom](_depth: number, options: InspectOptions, format: typeof inspect): string {
    return `Lease ${format(this.isReleased ? { isReleased: true } : { value: this.value }, options)}`;
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

  private read(): V {
    const { lender, pin } = this;
    if (lender === undefined || pin === NO_PIN) {
      const story = lender?.story(this) ?? '';
      throw new CacheError(
        `lease of '${lender?.name}': expected its value to be read before release(); it was read after${story}`,
      );
    }
    const { reader } = lender;
    this.held = decodeRecord(reader, reader.pinnedSlot(pin)) as V;
    return this.held;
  }
}

/** A lease of what a pin holds, and its value, if known; or, with the pin `OWNED`, of a value that is nobody else's. */
export const NewLease = Lease as unknown as new <V>(lender: Lender, pin: number, value: V | undefined) => Lease<V>;

function decodeRecord(reader: SharedReader, slot: number): unknown {
  const record = reader.record(slot);
  if (record === undefined)
    throw new CacheCorruptionError('lease: the segment of its bytes is not known to this thread');
  return decodeView(record.skeleton, record.parts).value;
}
