import { type Bells, bellsOf } from './bell.js';
import { Outbox } from './outbox.js';
import { ThreadRow } from './thread-row.js';

/** What is a thread's own of the control buffer. */
export interface OwnMemory {
  readonly control: SharedArrayBuffer;
  readonly row: ThreadRow;
  readonly outbox: Outbox;
  readonly bells: Bells;
}

export function ownMemory(control: SharedArrayBuffer, row: number): OwnMemory {
  return { control, row: new ThreadRow(control, row), outbox: new Outbox(control, row), bells: bellsOf(control, row) };
}
