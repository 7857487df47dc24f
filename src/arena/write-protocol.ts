/**
 * What threads and the keeper say to each other about values that are written.
 *
 * A large value is written by its thread: that asks for room (`reserve`), is granted a block, writes, and says so
 * (`commit`). A small one lies in its outbox (`store`): the keeper makes room, writes and enters it in one turn.
 */
import type { EntryTerms } from './lifetime.js';

/** A block that was granted. */
export interface Grant {
  reservation: number;
  /** The number of the block within its reservation. */
  block: number;
  segment: number;
  unit: number;
  units: number;
}

/** Where a written record lies within its reservation, and on which terms it is to live. */
export interface WrittenRecord {
  reservation: number;
  /** The block with the trailer, and the units of it that are needed. */
  block: number;
  units: number;
  /** Other blocks that parts lie in. All that are not named are given back. */
  externals: number[];
  trailer: number;
  skeletonLength: number;
  parts: number;
  /** Bytes of the tags, which lie at the end. */
  tagsLength?: number;
  terms: EntryTerms;
  /** How long the value took to make, waiting for a thread not included; 0 when that is not known. */
  loadMs: number;
}

export interface CommitRequest extends WrittenRecord {
  op: 'commit';
  /** The turn of the key that it belongs to: it is entered only if the key has not been changed since. */
  turn?: number;
}

/** Places for several values at once. */
export interface ReserveManyRequest {
  op: 'reserveMany';
  cache: number;
  keys: string[];
  hashes: number[];
  wides: boolean[];
  bytes: number[];
  /** The turn of the transaction that they are for, or 0. */
  turn: number;
  /** Whether only the dead may go for them. */
  spares: boolean;
}

/** A whole record, to be written and entered by the keeper: `reserve` and `commit` in one. */
export interface StoreRequest extends Omit<WrittenRecord, 'reservation' | 'block' | 'units' | 'externals'> {
  op: 'store';
  cache: number;
  key: string;
  hash: number;
  wide: boolean;
  /** What its block must have: its own bytes at least. */
  bytes: number;
  /** Where it lies in the outbox of the thread, and how long it is. */
  start: number;
  byteLength: number;
  /** The flight that it is for, or 0. */
  flight: number;
  /** The turn of the key that it belongs to, or 0: it is entered only if the key has not been changed since. */
  turn: number;
}

/** What becomes of a written record. `outdone`: its turn is to begin anew. */
export interface Committed {
  stored: boolean;
  outdone?: boolean;
}

/** How writing a value ends. `outdone`: the key was changed in the turn that this belongs to. */
export type Published = 'stored' | 'superseded' | 'refused' | 'outdone';

export function outcomeOf({ stored, outdone }: Committed): Published {
  if (outdone) return 'outdone';
  return stored ? 'stored' : 'superseded';
}
