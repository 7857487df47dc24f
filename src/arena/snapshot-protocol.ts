/** What threads that save and restore a cache ask of the keeper. */
import type { TimeStamp } from '../snapshot/time.js';

export interface SaveBegun {
  save: number;
  savedAt: TimeStamp;
}

export interface Restored {
  id: number;
  /** When it was asked for. */
  now: TimeStamp;
}

/** What there is room for, in a cache that has been cleared for a restoration. */
export interface RoomForAll {
  bytes: number;
  entries: number;
}

// Entries go by the hundred, so their numbers are columns: an object for each would cost more than all that is done with it.

/** Blocks that are asked for, each for an entry. */
export interface WantedBlocks {
  keys: string[];
  hashes: Int32Array;
  wide: Uint8Array;
  bytes: Float64Array;
}

/** What is granted of a block, side by side; a reservation of 0 means that there is no room. */
export const GRANT = { reservation: 0, segment: 1, unit: 2 } as const;
export const GRANT_NUMBERS = 3;

/** What is told of an entry whose record is written, side by side. */
export const WRITTEN = {
  reservation: 0,
  units: 1,
  trailer: 2,
  skeletonLength: 3,
  parts: 4,
  tagsLength: 5,
  ttl: 6,
  idleTtl: 7,
  grace: 8,
  cost: 9,
  age: 10,
  /** Until it is no longer fresh; 0 or less when it is stale. */
  left: 11,
  hits: 12,
} as const;
export const WRITTEN_NUMBERS = 13;

export type SnapshotRequest =
  /** → SaveBegun */
  | { step: 'beginSave'; cache: number; within: readonly string[] }
  /** → Int32Array of slots, held until the next are asked for, or the thread leaves; empty at the end */
  | { step: 'nextSlots'; save: number }
  /** → Restored, when those before have ended */
  | { step: 'beginRestore'; cache: number; within: readonly string[] }
  /** The old content goes. → RoomForAll */
  | { step: 'clear'; restoration: number }
  /** → Float64Array of GRANT_NUMBERS for each block */
  | { step: 'reserve'; restoration: number; blocks: WantedBlocks }
  /** `tags` of those that have any, by their place. → how many were entered */
  | { step: 'enter'; restoration: number; written: Float64Array; tags: [number, readonly string[]][] }
  /** After a failure, what was brought in goes again. */
  | { step: 'endRestore'; restoration: number; failed: boolean };
