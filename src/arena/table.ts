import { invariant } from '../common/invariant.js';
import { HISTOGRAM_WORDS } from '../stats/histogram.js';
import { type TableGeometry, tableGeometry } from './geometry.js';
import {
  MAX_THREADS,
  NUMBER_HIGH,
  SLOT,
  SLOT_DOUBLES,
  SLOT_WORDS,
  STAT_ROW_DOUBLES,
  TABLE_CHANGES,
  TABLE_CLOSED,
  TABLE_SLOT_HIGH,
} from './layout.js';

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

  /** Odd while entries change that are to be seen together; another number afterwards. */
  get changes(): number {
    return Atomics.load(this.words, TABLE_CHANGES);
  }

  /** To be called before and after such a change. */
  markChange(): void {
    Atomics.add(this.words, TABLE_CHANGES, 1);
  }

  /** A Float64 of the header, by `HEADER`. */
  header(field: number): number {
    return this.doubles[field]!;
  }

  setHeader(field: number, value: number): void {
    this.doubles[field] = value;
  }

  addHeader(field: number, delta: number): void {
    this.doubles[field]! += delta;
  }

  /** Float64 index of a thread's stat row. */
  statRow(row: number): number {
    return this.geometry.stats + row * STAT_ROW_DOUBLES;
  }

  /** A statistic, summed over the rows of all threads. O(threads). */
  sumStat(field: number): number {
    let sum = 0;
    for (let row = 0; row < MAX_THREADS; row++) sum += this.doubles[this.statRow(row) + field]!;
    return sum;
  }

  /** The words of a histogram, by its number. */
  histogram(number: number): Uint32Array {
    const at = (this.geometry.histograms + number * HISTOGRAM_WORDS) * 4;
    return new Uint32Array(this.buffer, at, HISTOGRAM_WORDS);
  }

  word(slot: number): number {
    return Atomics.load(this.words, this.slotWords + slot * SLOT_WORDS + SLOT.word);
  }

  setWord(slot: number, word: number): void {
    Atomics.store(this.words, this.slotWords + slot * SLOT_WORDS + SLOT.word, word);
  }

  /** An Int32 of a slot, by `SLOT`. */
  int(slot: number, field: number): number {
    return this.words[this.slotWords + slot * SLOT_WORDS + field]!;
  }

  setInt(slot: number, field: number, value: number): void {
    this.words[this.slotWords + slot * SLOT_WORDS + field] = value;
  }

  /** A Float64 of a slot, by `SLOT_F64`. */
  double(slot: number, field: number): number {
    return this.doubles[this.slotDoubles + slot * SLOT_DOUBLES + field]!;
  }

  setDouble(slot: number, field: number, value: number): void {
    this.doubles[this.slotDoubles + slot * SLOT_DOUBLES + field] = value;
  }

  /** Hits that the value of a slot has had: counted up to 2^31 - 1. */
  setHits(slot: number, hits: number): void {
    this.setInt(slot, SLOT.hits, Math.min(hits, 2 ** 31 - 1));
  }

  /** How long the value of an entry takes to load, up to half an hour; 0 if it was never loaded. */
  loadMs(slot: number): number {
    return this.int(slot, SLOT.loadMicros) / 1000;
  }

  setLoadMs(slot: number, ms: number): void {
    this.setInt(slot, SLOT.loadMicros, Math.min(Math.ceil(ms * 1000), 2 ** 31 - 1));
  }

  /** The insertion number: 53 bits, never the same twice in a process. */
  number(slot: number): number {
    return this.int(slot, SLOT.numberLow) + this.int(slot, SLOT.numberHigh) * NUMBER_HIGH;
  }

  setNumber(slot: number, number: number): void {
    this.setInt(slot, SLOT.numberLow, number % NUMBER_HIGH);
    this.setInt(slot, SLOT.numberHigh, Math.floor(number / NUMBER_HIGH));
  }

  /** Byte offset of a slot's block in its segment. */
  blockOffset(slot: number): number {
    return (this.int(slot, SLOT.unit) >>> 0) * 64;
  }

  /** Copies all of a slot but its word. */
  copySlot(from: number, to: number): void {
    const start = this.slotWords + from * SLOT_WORDS;
    this.words.copyWithin(this.slotWords + to * SLOT_WORDS + 1, start + 1, start + SLOT_WORDS);
  }
}
