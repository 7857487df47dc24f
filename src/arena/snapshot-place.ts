import type { CacheTicket } from './protocol.js';

/** What is saved or restored, and where. */
export interface SnapshotPlace {
  ticket: CacheTicket;
  path: string;
  /** The namespace, by the names that lead to it; none for the cache itself. */
  within: readonly string[];
}
