import { BOX_BYTES, boxStart, ROW_LETTERS_PASSED, ROW_LETTERS_SENT, ROW_LETTERS_WANTED, rowStart } from './layout.js';
import { BY_MESSAGE, SLIP, SLIP_F64, Slips, STORED } from './letters.js';
import { keyOffset } from './record.js';
import type { StoreRequest } from './write-protocol.js';

/** The keeper's side of the letters of a thread: see letters.ts. */
export class LetterReader {
  readonly #words: Int32Array;
  readonly #slips: Slips;
  readonly #start: number;
  readonly #box: Buffer;
  /** Messages of the thread that were taken. */
  #taken = 0;
  #opened: number;
  #passed: number;
  /** Up to which the thread was told. */
  #told: number;

  constructor(
    control: SharedArrayBuffer,
    readonly row: number,
  ) {
    this.#words = new Int32Array(control);
    this.#slips = new Slips(control, row);
    this.#start = rowStart(row);
    this.#box = Buffer.from(control, boxStart(row), BOX_BYTES);
    this.#opened = Atomics.load(this.#words, this.#start + ROW_LETTERS_SENT);
    this.#passed = this.#opened;
    this.#told = this.#opened;
    Atomics.store(this.#words, this.#start + ROW_LETTERS_PASSED, this.#passed);
  }

  /** A message is taken: to be called when all letters are opened that were sent before it. */
  noteMessage(): void {
    this.#taken = (this.#taken + 1) | 0;
  }

  /** Whether there is one to be opened now. */
  get hasNext(): boolean {
    if (Atomics.load(this.#words, this.#start + ROW_LETTERS_SENT) === this.#opened) return false;
    return ((this.#slips.ints[this.#slips.at(this.#opened) + SLIP.after]! - this.#taken) | 0) <= 0;
  }

  /** Opens the next one, which is there. */
  open(): { id: number } & StoreRequest {
    const { ints, doubles } = this.#slips;
    const at = this.#slips.at(this.#opened);
    const at64 = at >> 1;
    const start = ints[at + SLIP.start]!;
    const trailer = ints[at + SLIP.trailer]!;
    const skeletonLength = ints[at + SLIP.skeletonLength]!;
    const parts = ints[at + SLIP.parts]!;
    const wide = ints[at + SLIP.wide] === 1;
    const keyAt = start + trailer + keyOffset(parts, skeletonLength);
    const length = ints[at + SLIP.keyLength]!;
    return {
      id: doubles[at64 + SLIP_F64.id]!,
      op: 'store',
      cache: ints[at + SLIP.cache]!,
      key: wide
        ? this.#box.toString('utf16le', keyAt, keyAt + 2 * length)
        : this.#box.toString('latin1', keyAt, keyAt + length),
      hash: ints[at + SLIP.hash]!,
      wide,
      bytes: doubles[at64 + SLIP_F64.bytes]!,
      start,
      byteLength: ints[at + SLIP.byteLength]!,
      flight: 0,
      turn: 0,
      trailer,
      skeletonLength,
      parts,
      tagsLength: 0,
      terms: {
        ttlMs: doubles[at64 + SLIP_F64.ttlMs]!,
        idleMs: doubles[at64 + SLIP_F64.idleMs]!,
        graceMs: doubles[at64 + SLIP_F64.graceMs]!,
        cost: doubles[at64 + SLIP_F64.cost]!,
        jitter: doubles[at64 + SLIP_F64.jitter]!,
      },
      loadMs: doubles[at64 + SLIP_F64.loadMs]!,
    };
  }

  /** The one that was opened is stored, or is, or will be, answered by message. */
  close(isStored: boolean): void {
    this.#slips.ints[this.#slips.at(this.#opened) + SLIP.outcome] = isStored ? STORED : BY_MESSAGE;
    this.#opened = (this.#opened + 1) | 0;
  }

  /** Lets the thread see what has become of its letters: how many have passed, if it is to be told, else `undefined`. */
  publish(): number | undefined {
    if (this.#passed === this.#opened) return undefined;
    this.#passed = this.#opened;
    Atomics.store(this.#words, this.#start + ROW_LETTERS_PASSED, this.#passed);
    const wanted = Atomics.load(this.#words, this.#start + ROW_LETTERS_WANTED);
    if (((wanted - this.#told) | 0) <= 0 || ((this.#passed - wanted) | 0) < 0) return undefined;
    this.#told = this.#passed;
    return this.#passed;
  }
}
