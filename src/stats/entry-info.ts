/** What is known about an entry. Times are in ms. */
export interface EntryInfo {
  /** Bytes charged. */
  size: number;
  /** The TTL that it was given; `Infinity` without one. */
  ttl: number;
  /** Until it is no longer fresh; 0 when it is stale. */
  remainingTtl: number;
  /** Since it was written, refreshed or touched. */
  age: number;
  /** Hits since it was written. */
  hits: number;
  /** What a miss of it costs. */
  cost: number;
  tags: readonly string[];
  /** Past its TTL, within its grace. */
  stale: boolean;
}
