import { CONTROL_SLEEPS, ROW_LETTERS_PASSED, ROW_LETTERS_SENT, ROW_LETTERS_WANTED, rowStart, SLIPS } from './layout.js';
import { SLIP, SLIP_F64, Slips, STORED } from './letters.js';
import type { StoreRequest } from './write-protocol.js';

/** The thread's side of its letters: see letters.ts. */
export class LetterSender {
  readonly #words: Int32Array;
  readonly #slips: Slips;
  readonly #row: number;
  readonly #ids: number[] = [];
  #sent: number;
  /** Those that this thread has taken notice of. */
  #noticed: number;
  /** Up to which it has asked to be told. */
  #wanted: number;
  /** The sleep in which the keeper was nudged. */
  #nudgedIn = 0;

  constructor(
    control: SharedArrayBuffer,
    row: number,
    /** Told which requests are answered: what they have asked for is stored. */
    readonly stored: (id: number) => void,
  ) {
    this.#words = new Int32Array(control);
    this.#slips = new Slips(control, row);
    this.#row = rowStart(row);
    this.#sent = this.#words[this.#row + ROW_LETTERS_SENT]!;
    this.#noticed = this.#sent;
    this.#wanted = this.#sent;
  }

  /** Whether one is not answered, as far as this thread has taken notice. */
  get isOpen(): boolean {
    return this.#noticed !== this.#sent;
  }

  /** Whether there is a slip for one more. */
  get hasRoom(): boolean {
    return ((this.#sent - this.#noticed) | 0) < SLIPS;
  }

  /** Sends one whose record lies in the box; `after` so many messages. */
  send(id: number, request: StoreRequest, after: number): void {
    const { ints, doubles } = this.#slips;
    const at = this.#slips.at(this.#sent);
    const at64 = at >> 1;
    const { terms } = request;
    doubles[at64 + SLIP_F64.id] = id;
    doubles[at64 + SLIP_F64.ttlMs] = terms.ttlMs;
    doubles[at64 + SLIP_F64.idleMs] = terms.idleMs;
    doubles[at64 + SLIP_F64.graceMs] = terms.graceMs;
    doubles[at64 + SLIP_F64.cost] = terms.cost;
    doubles[at64 + SLIP_F64.jitter] = terms.jitter ?? 0;
    doubles[at64 + SLIP_F64.loadMs] = request.loadMs;
    doubles[at64 + SLIP_F64.bytes] = request.bytes;
    ints[at + SLIP.cache] = request.cache;
    ints[at + SLIP.hash] = request.hash;
    ints[at + SLIP.wide] = request.wide ? 1 : 0;
    ints[at + SLIP.start] = request.start;
    ints[at + SLIP.byteLength] = request.byteLength;
    ints[at + SLIP.trailer] = request.trailer;
    ints[at + SLIP.skeletonLength] = request.skeletonLength;
    ints[at + SLIP.parts] = request.parts;
    ints[at + SLIP.keyLength] = request.key.length;
    ints[at + SLIP.after] = after;
    this.#ids[this.#sent & (SLIPS - 1)] = id;
    this.#sent = (this.#sent + 1) | 0;
    Atomics.store(this.#words, this.#row + ROW_LETTERS_SENT, this.#sent);
  }

  /** Whether the keeper sleeps, and was not nudged since it lay down: then it has to be, now. */
  get mustNudge(): boolean {
    const sleeps = Atomics.load(this.#words, CONTROL_SLEEPS);
    if ((sleeps & 1) === 0 || sleeps === this.#nudgedIn) return false;
    this.#nudgedIn = sleeps;
    return true;
  }

  /** How many have passed. */
  get passed(): number {
    return Atomics.load(this.#words, this.#row + ROW_LETTERS_PASSED);
  }

  /** Takes notice of those that have passed, after whatever has come to the port before. */
  notice(passed: number): void {
    while (((passed - this.#noticed) | 0) > 0) {
      const letter = this.#noticed;
      const outcome = this.#slips.ints[this.#slips.at(letter) + SLIP.outcome];
      this.#noticed = (letter + 1) | 0;
      if (outcome === STORED) this.stored(this.#ids[letter & (SLIPS - 1)]!);
    }
  }

  /** Asks to be told when all that were sent so far have passed, unless it has asked already: how many have, if they have. */
  want(): number | undefined {
    if (!this.isOpen || ((this.#wanted - this.#noticed) | 0) > 0) return undefined;
    this.#wanted = this.#sent;
    Atomics.store(this.#words, this.#row + ROW_LETTERS_WANTED, this.#wanted);
    const { passed } = this;
    return ((passed - this.#wanted) | 0) < 0 ? undefined : passed;
  }

  /** The keeper has ended. Before there is another one, which knows nothing of what was sent. */
  restart(): void {
    this.#noticed = this.#sent;
    this.#wanted = this.#sent;
    this.#nudgedIn = 0;
  }
}
