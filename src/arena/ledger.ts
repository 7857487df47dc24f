import { CONTROL_LEDGER_HIGH, LEDGER_RECORD_WORDS, LEDGER_RECORDS, LEDGER_START } from './layout.js';

/** Records that are left for holds, which cannot be refused, when blocks have taken all others. */
const LEFT_FOR_HOLDS = LEDGER_RECORDS / 4;

/** What was promised to the thread of a row. */
export type Promised =
  | { kind: 'block'; record: number; row: number; segment: number; unit: number; units: number; reservation: number }
  | { kind: 'hold'; record: number; row: number; ref: number };

/**
 * # The ledger: what the keeper has promised to threads
 *
 * A thread writes into a block that was granted, or is about to pin a slot that it was told of, whatever becomes of the
 * keeper meanwhile. So that a successor does not give such memory to somebody else, each promise is written down in shared
 * memory before the thread hears of it, and struck out before the memory is used for anything else.
 *
 * ```
 *  Int32  0            1         2       3       4 5    6 7
 *      ┌───────────┬─────────┬───────┬────────┬───────┬──────────────────┐
 *      │ row + 1   │ segment │ unit  │ units  │   –   │ reservation, f64 │   a block that was granted
 *      ├───────────┼─────────┼───────┴────────┴───────┴──────────────────┤
 *      │ -(row + 1)│ ref     │                                           │   a slot that is held
 *      └───────────┴─────────┴───────────────────────────────────────────┘
 *       0: the record is free
 * ```
 *
 * The first word is stored last, and alone makes the record: a keeper may end between any two stores.
 */
export class Ledger {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #free: number[] = [];
  #high: number;

  /** Goes on with what is in the buffer. */
  constructor(control: SharedArrayBuffer) {
    this.#words = new Int32Array(control);
    this.#doubles = new Float64Array(control);
    this.#high = Atomics.load(this.#words, CONTROL_LEDGER_HIGH);
    for (let record = 0; record < this.#high; record++) if (this.#words[at(record)] === 0) this.#free.push(record);
  }

  /** Whether no more blocks can be promised now. */
  get isFull(): boolean {
    return this.#high - this.#free.length >= LEDGER_RECORDS - LEFT_FOR_HOLDS;
  }

  /** Writes down that the thread of a row may write into a block. Returns the record. */
  block(row: number, segment: number, unit: number, units: number, reservation: number): number {
    const record = this.#take();
    const words = at(record);
    this.#words[words + 1] = segment;
    this.#words[words + 2] = unit;
    this.#words[words + 3] = units;
    this.#doubles[words / 2 + 3] = reservation;
    Atomics.store(this.#words, words, row + 1);
    return record;
  }

  /** Writes down that a slot stays for the thread of a row. Returns the record, or -1 when all are used. */
  hold(row: number, ref: number): number {
    if (this.#free.length === 0 && this.#high === LEDGER_RECORDS) return -1;
    const record = this.#take();
    this.#words[at(record) + 1] = ref;
    Atomics.store(this.#words, at(record), -(row + 1));
    return record;
  }

  /** Strikes out a record; -1 is none. */
  erase(record: number): void {
    if (record < 0) return;
    Atomics.store(this.#words, at(record), 0);
    this.#free.push(record);
  }

  /** All that is promised. O(records ever used). */
  *promised(): Generator<Promised> {
    for (let record = 0; record < this.#high; record++) {
      const words = at(record);
      const owner = this.#words[words]!;
      if (owner < 0) yield { kind: 'hold', record, row: -owner - 1, ref: this.#words[words + 1]! };
      if (owner <= 0) continue;
      const [segment, unit, units] = [this.#words[words + 1]!, this.#words[words + 2]! >>> 0, this.#words[words + 3]!];
      yield {
        kind: 'block',
        record,
        row: owner - 1,
        segment,
        unit,
        units: units >>> 0,
        reservation: this.#doubles[words / 2 + 3]!,
      };
    }
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const record = this.#high++;
    Atomics.store(this.#words, CONTROL_LEDGER_HIGH, this.#high);
    return record;
  }
}

function at(record: number): number {
  return LEDGER_START + record * LEDGER_RECORD_WORDS;
}
