import { invariant } from '../common/invariant.js';
import {
  HEADER,
  MAX_THREADS,
  SLOT,
  SLOT_DOUBLES,
  SLOT_F64,
  SLOT_WORDS,
  STAT,
  STAT_ROW_DOUBLES,
  TABLE_CLOSED,
  TABLE_SLOT_HIGH,
  type TableGeometry,
  tableGeometry,
} from './layout.js';

type HeaderField = keyof typeof HEADER;
type StatField = keyof typeof STAT;
type SlotField = keyof typeof SLOT;
type SlotDouble = keyof typeof SLOT_F64;

const HIGH = 2 ** 32;

/** A cache's table in shared memory, seen by any thread. Attaching never initialises: fresh shared memory is zero. */
export class CacheTable {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly geometry: TableGeometry;
  /** Int32 and Float64 index of slot 0. */
  readonly slotWords: number;
  readonly slotDoubles: number;

  constructor(
    readonly buffer: SharedArrayBuffer,
    readonly cache: number,
    readonly seed: number,
    slots: number,
  ) {
    this.geometry = tableGeometry(slots);
    invariant(buffer.byteLength >= this.geometry.byteLength, 'a table is as long as its geometry says');
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.slotWords = this.geometry.slotBytes / 4;
    this.slotDoubles = this.geometry.slotBytes / 8;
  }

  static create(cache: number, seed: number, entries: number): CacheTable {
    const geometry = tableGeometry(entries);
    return new CacheTable(new SharedArrayBuffer(geometry.byteLength), cache, seed, geometry.slots);
  }

  get closed(): boolean {
    return this.words[TABLE_CLOSED] !== 0;
  }

  close(): void {
    Atomics.store(this.words, TABLE_CLOSED, 1);
  }

  get slotHigh(): number {
    return Atomics.load(this.words, TABLE_SLOT_HIGH);
  }

  header(field: HeaderField): number {
    return this.doubles[HEADER[field]]!;
  }

  setHeader(field: HeaderField, value: number): void {
    this.doubles[HEADER[field]] = value;
  }

  addHeader(field: HeaderField, delta: number): void {
    this.doubles[HEADER[field]]! += delta;
  }

  /** Float64 index of a thread's stat row. */
  statRow(row: number): number {
    return this.geometry.stats + row * STAT_ROW_DOUBLES;
  }

  /** A statistic, summed over the rows of all threads. O(threads). */
  sumStat(field: StatField): number {
    let sum = 0;
    for (let row = 0; row < MAX_THREADS; row++) sum += this.doubles[this.statRow(row) + STAT[field]]!;
    return sum;
  }

  word(slot: number): number {
    return Atomics.load(this.words, this.slotWords + slot * SLOT_WORDS);
  }

  setWord(slot: number, word: number): void {
    Atomics.store(this.words, this.slotWords + slot * SLOT_WORDS, word);
  }

  int(slot: number, field: SlotField): number {
    return this.words[this.slotWords + slot * SLOT_WORDS + SLOT[field]]!;
  }

  setInt(slot: number, field: SlotField, value: number): void {
    this.words[this.slotWords + slot * SLOT_WORDS + SLOT[field]] = value;
  }

  double(slot: number, field: SlotDouble): number {
    return this.doubles[this.slotDoubles + slot * SLOT_DOUBLES + SLOT_F64[field]]!;
  }

  setDouble(slot: number, field: SlotDouble, value: number): void {
    this.doubles[this.slotDoubles + slot * SLOT_DOUBLES + SLOT_F64[field]] = value;
  }

  /** The insertion number: 53 bits, never the same twice in a process. */
  number(slot: number): number {
    const at = this.slotWords + slot * SLOT_WORDS;
    return (this.words[at + SLOT.numberLow]! >>> 0) + this.words[at + SLOT.numberHigh]! * HIGH;
  }

  setNumber(slot: number, number: number): void {
    this.setInt(slot, 'numberLow', number | 0);
    this.setInt(slot, 'numberHigh', Math.floor(number / HIGH));
  }

  /** Byte offset of a slot's block in its segment. */
  blockOffset(slot: number): number {
    return (this.int(slot, 'unit') >>> 0) * 64;
  }

  /** Copies all of a slot but its word. */
  copySlot(from: number, to: number): void {
    const start = this.slotWords + from * SLOT_WORDS;
    this.words.copyWithin(this.slotWords + to * SLOT_WORDS + 1, start + 1, start + SLOT_WORDS);
  }
}
