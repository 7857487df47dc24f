import { HEADER, STAT } from './layout.js';
import type { CacheTable } from './table.js';

/** What the keeper counts, in the table's header. */
const BY_KEEPER = [
  HEADER.sets,
  HEADER.deletes,
  HEADER.evictions,
  HEADER.expirations,
  HEADER.loads,
  HEADER.loadErrors,
  HEADER.loadTimeTotal,
  HEADER.rejected,
  HEADER.missBytes,
  HEADER.notedUses,
  HEADER.notedMs,
] as const;

/** What each thread counts in a row of its own, and where the counts of threads go that have ended. */
const BY_THREADS = [
  [STAT.hits, HEADER.departedHits],
  [STAT.misses, HEADER.departedMisses],
  [STAT.pinOverflows, HEADER.departedOverflows],
  [STAT.hitBytes, HEADER.departedHitBytes],
] as const;

/** The totals of a cache at one moment, by the place in its header. */
export type Counts = Map<number, number>;

/** All totals since the last reset, summed over threads. O(threads). */
export function readCounts(table: CacheTable): Counts {
  const counts: Counts = new Map(BY_KEEPER.map((field) => [field, table.header(field)]));
  for (const [stat, departed] of BY_THREADS) counts.set(departed, table.sumStat(stat) + table.header(departed));
  return counts;
}

/** For the keeper: begins anew, less what has been counted since `seen` was read. */
export function subtractCounts(table: CacheTable, seen: Counts): void {
  for (const [field, count] of seen) table.addHeader(field, -count);
}
