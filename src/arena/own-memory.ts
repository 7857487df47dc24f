import { type Bells, bellsOf } from './bell.js';
import { LetterSender } from './letter-sender.js';
import { Outbox } from './outbox.js';
import { ThreadRow } from './thread-row.js';

/** What is a thread's own of the control buffer. */
export interface OwnMemory {
  readonly control: SharedArrayBuffer;
  readonly row: ThreadRow;
  readonly outbox: Outbox;
  readonly letters: LetterSender;
  readonly bells: Bells;
}

/** `stored` is told of letters, by their requests. */
export function ownMemory(control: SharedArrayBuffer, row: number, stored: (id: number) => void): OwnMemory {
  return {
    control,
    row: new ThreadRow(control, row),
    outbox: new Outbox(control, row),
    letters: new LetterSender(control, row, stored),
    bells: bellsOf(control, row),
  };
}
