import type { ArenaClient } from '../arena/client.js';
import { MOMENT_PIN } from '../arena/layout.js';
import type { SharedReader } from '../arena/reader.js';
import { decodeView } from '../codec/index.js';
import { CacheCorruptionError, CacheError } from '../common/error.js';
import { type LeaseWatch, watchLease } from './lease-watch.js';
import { copyRecord } from './record-value.js';

/** What a lease needs of the thread it was taken in. */
export interface Lender {
  readonly reader: SharedReader;
  readonly client: ArenaClient;
  readonly development: boolean;
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
  declare private held: V | undefined;
  declare private released: boolean;
  declare private readonly slot: number;
  declare private readonly pin: number;
  declare private readonly lender: Lender | undefined;
  /** Development mode only. */
  declare private watch: LeaseWatch | undefined;

  private constructor(lender: Lender | undefined, slot: number, pin: number, value: V | undefined) {
    this.held = value;
    this.released = false;
    this.slot = slot;
    this.pin = pin;
    this.lender = lender;
    this.watch = undefined;
  }

  /** A lease of the slot that `lender.reader` has just pinned, and its value, if known. When that was the last pin there is, of an owned copy. */
  static ofPinned<V>(lender: Lender, slot: number, value?: unknown): Lease<V> {
    const { reader } = lender;
    if (reader.pin === MOMENT_PIN) return copyOnOverflow<V>(lender, slot);
    const lease = new Lease<V>(lender, slot, reader.pin, value as V | undefined);
    if (lender.development) lease.watch = watchLease(lease, lender.name, reader.record(slot));
    return lease;
  }

  /** A lease of a value that is nobody else's. */
  static ofOwned<V>(value: V): Lease<V> {
    return new Lease<V>(undefined, -1, MOMENT_PIN, value);
  }

  /**
   * The value, its binary in place. Decoded when first asked for.
   *
   * @throws CacheError in development mode, when the lease has been released.
   */
  get value(): V {
    if (this.held !== undefined && !this.released) return this.held;
    return this.#read();
  }

  /** Whether the bytes are still held. */
  get isReleased(): boolean {
    return this.released;
  }

  /** Gives the bytes back. Idempotent. */
  release(): void {
    if (this.released) return;
    this.released = true;
    if (this.lender === undefined) return;
    const { reader, client } = this.lender;
    this.watch?.end();
    reader.row.unpin(this.pin);
    if (client.row.releaseWanted) client.notify({ op: 'released' });
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #read(): V {
    if (this.released) {
      const name = this.lender?.name ?? 'cache';
      if (this.lender?.development) throw new CacheError(`lease of '${name}': its value was read after release()`);
      if (this.held !== undefined) return this.held;
      throw new CacheError(`lease of '${name}': its value was first read after release()`);
    }
    const { reader } = this.lender!;
    const slot = this.slot;
    let value = reader.remembered(slot);
    if (value === undefined) {
      const decoded = decodeRecord(reader, slot);
      value = decoded.value;
      if (decoded.reusable) reader.remember(slot, value);
    }
    this.held = value as V;
    return this.held;
  }
}

function decodeRecord(reader: SharedReader, slot: number) {
  const record = reader.record(slot);
  if (record === undefined)
    throw new CacheCorruptionError('lease: the segment of its bytes is not known to this thread');
  return decodeView(record.skeleton, record.parts);
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
