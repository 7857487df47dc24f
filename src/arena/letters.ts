/**
 * # Letters
 *
 * To post a message takes its sender and the keeper some microseconds each, more than most writes. So a plain write is not
 * posted: its record lies in the box of its thread (outbox.ts), and beside it a slip, one of a ring, that says what is to be
 * done with it. A thread posts nothing but a nudge, and that only while the keeper sleeps; and is nudged only when it sleeps.
 *
 * ```
 *  slips of a row, 128 B each          f64  0 id │ 1 ttl │ 2 idle │ 3 grace │ 4 cost │ 5 jitter │ 6 load ms │ 7 bytes
 *  ┌──────┬──────┬──────┬──────┬───    i32 16 cache │ 17 hash │ 18 wide │ 19 start │ 20 length │ 21 trailer │ 22 skeleton
 *  │ told │ done │ sent │ free │ …       23 parts │ 24 key length │ 25 said before │ 26 outcome (the keeper's)
 *  └──────┴──────┴──────┴──────┴───
 *          ▲      ▲      ▲
 *          │      │      └ ROW_LETTERS_SENT, the thread's
 *          │      └ ROW_LETTERS_PASSED, the keeper's
 *          └ up to here the thread has taken notice: what is before can be used again
 * ```
 *
 * Invariants:
 * * A letter is sent by one store, of the count of letters, behind its record and its slip: a thread that ends before
 *   it has asked for nothing, and one that ends behind it has asked for it as if it had posted it.
 * * Order: a slip says how many messages its thread has posted before. The keeper opens it when it has taken these, and
 *   takes no message before it has opened all letters that were sent earlier. What is gathered is posted before a letter
 *   is sent. So what a thread asks is heard in the order in which it was asked, by whatever way.
 * * The keeper writes the outcome, then all that must be known before an answer (`Keeper.settle`), then the count of
 *   letters passed. What is not simply stored is answered by message, and so is all for who hears of events.
 * * Nobody sleeps over anything. The keeper says that it sleeps, then looks at all counts; a thread counts its letter,
 *   then looks whether the keeper sleeps: one of the two sees the other, and then the thread nudges, once for each time
 *   that the keeper lies down. Just so, a thread says up to which letter it wants to be told, then looks how many have passed;
 *   the keeper counts them, then looks whether somebody wants to be told.
 * * A thread takes notice of what has come to its port before it takes notice of letters passed later.
 * * The keeper ends: letters that were not passed are asked for again, of the next one, which opens none that was sent
 *   before the thread came to it. A row goes to another thread: that goes on counting where the one before has ended.
 */
import { SLIP_BYTES, SLIPS, slipStart } from './layout.js';

/** Float64s of a slip. */
export enum SLIP_F64 {
  id = 0,
  ttlMs = 1,
  idleMs = 2,
  graceMs = 3,
  cost = 4,
  jitter = 5,
  loadMs = 6,
  bytes = 7,
}

/** Int32s of a slip. */
export enum SLIP {
  cache = 16,
  hash = 17,
  wide = 18,
  start = 19,
  byteLength = 20,
  trailer = 21,
  skeletonLength = 22,
  parts = 23,
  keyLength = 24,
  /** How many messages the thread had posted to this keeper. */
  after = 25,
  outcome = 26,
}

/** It is, or will be, answered by a message; or it is stored. */
export const BY_MESSAGE = 0;
export const STORED = 1;

/** The slips of a row, in words; one word is before another by the count of letters modulo 2^32. */
export class Slips {
  readonly ints: Int32Array;
  readonly doubles: Float64Array;

  constructor(control: SharedArrayBuffer, row: number) {
    this.ints = new Int32Array(control, slipStart(row, 0), (SLIPS * SLIP_BYTES) / 4);
    this.doubles = new Float64Array(control, slipStart(row, 0), (SLIPS * SLIP_BYTES) / 8);
  }

  /** The first Int32 of a slip. */
  at(letter: number): number {
    return (letter & (SLIPS - 1)) * (SLIP_BYTES / 4);
  }
}
