/**
 * # Outboxes
 *
 * To have a value written by its own thread takes two questions: one for a block, one to have it entered. A small value
 * is copied faster than the second question is answered. So it goes the way of a letter: each thread has a stretch of the
 * control buffer behind the rows, its outbox, puts the record in there as it is to lie in its block, and says where; the
 * keeper makes room, copies it over and enters it, in one turn. Only the one small copy more is paid for that: no buffer
 * is cloned on the way, and nothing is left to the garbage collector.
 *
 * ```
 *  box of row 0                                        box of row 1
 *  ┌──────────┬─────────────┬─────┬─────────────────┬──────────────┬────
 *  │ record   │ record      │ …   │  free           │              │
 *  └──────────┴─────────────┴─────┴─────────────────┴──────────────┴────
 *   ▲ the first one that is not answered
 * ```
 *
 * Invariants:
 * * Only the thread of a row writes into its box; the keeper only reads it. A record is whole before the message is
 *   posted, or the letter is sent (letters.ts), that names it, so a thread that dies in between has asked for nothing.
 * * It stays as it is until the keeper has answered, which is after the copy or when there will be none; where there is
 *   no room at once, the record waits in the box. A row, and its box, goes to another thread when nothing that its thread
 *   has asked for is waiting any more.
 * * The box outlives the keeper as the rows do: the next one is asked with the same words.
 * * A box that is full, or has a record in it that waits, is in nobody's way: what does not fit in is written by its
 *   thread, with two questions.
 */
import type { EncodedValue } from '../codec/index.js';
import { BOX_BYTES, boxStart, UNIT_BYTES } from './layout.js';

/** What belongs to a value of the usual kind in a record: its key, the rows of its parts, its skeleton. */
const TRAILER_ROOM = 1024;
/**
 * Larger records are written by their thread. While nothing else is asked, up to 64 KiB: there it takes about as long to
 * copy twice as to ask twice. Beside other questions of the thread, up to 8 KiB: who has several under way waits for none
 * of them by itself, and then it is the keeper's time that counts, to which each copy is added.
 */
const MOST_ALONE = 64 * 2 ** 10 + TRAILER_ROOM;
const MOST_BESIDE = 8 * 2 ** 10 + TRAILER_ROOM;
/** And of more parts. */
const MOST_PARTS = 64;

function mostBytes(isAlone: boolean): number {
  return isAlone ? MOST_ALONE : MOST_BESIDE;
}

/** Whether a value may be small enough, before more is known. */
export function isSmall({ skeleton, parts }: EncodedValue, isAlone: boolean): boolean {
  if (parts.length > MOST_PARTS) return false;
  let bytes = skeleton.length;
  for (const { byteLength } of parts) bytes += byteLength;
  return bytes <= mostBytes(isAlone);
}

/** A record in a box. */
interface Letter {
  start: number;
  end: number;
  isAnswered: boolean;
}

/** The thread's side of its box: a ring, given back in the order in which it was taken. */
export class Outbox {
  readonly #bytes: Uint8Array;
  readonly #letters: Letter[] = [];

  constructor(control: SharedArrayBuffer, row: number) {
    this.#bytes = new Uint8Array(control, boxStart(row), BOX_BYTES);
  }

  /**
   * Where so many bytes can be written, or -1 when these are too many, or too many are under way. An empty box begins at
   * its beginning: the memory there is warm.
   */
  take(byteLength: number, isAlone: boolean): number {
    if (byteLength > mostBytes(isAlone)) return -1;
    const first = this.#letters[0];
    const last = this.#letters.at(-1);
    const start = last === undefined ? 0 : this.#behind(first!.start, last.end, byteLength);
    const end = start + Math.ceil(byteLength / UNIT_BYTES) * UNIT_BYTES;
    if (start < 0 || end > BOX_BYTES) return -1;
    this.#letters.push({ start, end, isAnswered: false });
    return start;
  }

  view(start: number, byteLength: number): Uint8Array {
    return this.#bytes.subarray(start, start + byteLength);
  }

  /** The keeper has answered. */
  free(start: number): void {
    const letter = this.#letters.find((one) => one.start === start);
    if (letter !== undefined) letter.isAnswered = true;
    while (this.#letters[0]?.isAnswered) this.#letters.shift();
  }

  #behind(first: number, end: number, byteLength: number): number {
    if (end <= first) return end + byteLength <= first ? end : -1;
    if (end + byteLength <= BOX_BYTES) return end;
    return byteLength <= first ? 0 : -1;
  }
}

/** A record in the box of a row, as the keeper sees it. */
export function boxed(control: SharedArrayBuffer, row: number, start: number, byteLength: number): Uint8Array {
  return new Uint8Array(control, boxStart(row) + start, byteLength);
}
