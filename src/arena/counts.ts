import { isUsed } from '../stats/histogram.js';
import { HEADER, HISTOGRAMS, STAT, TABLE_RESETS } from './layout.js';
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

/** Some milliseconds: a keeper that was stopped in the middle of a reset is not waited for. */
const MAX_ATTEMPTS = 500_000;

/** The totals of a cache at one moment, by the place in its header. */
export type Counts = Map<number, number>;

/** All totals since the last reset, summed over threads. O(threads). */
export function readCounts(table: CacheTable): Counts {
  const counts: Counts = new Map(BY_KEEPER.map((field) => [field, table.header(field)]));
  for (const [stat, departed] of BY_THREADS) counts.set(departed, table.sumStat(stat) + table.header(departed));
  return counts;
}

/** How often the statistics were reset. */
function resetsOf(table: CacheTable): number {
  return Atomics.load(table.words, TABLE_RESETS) >>> 1;
}

/** Reads what belongs together: not while a reset is being carried out, which takes the keeper less than a microsecond. */
export function readConsistently<T>(table: CacheTable, read: (resets: number) => T): T {
  for (let attempt = 1; ; attempt++) {
    const before = Atomics.load(table.words, TABLE_RESETS);
    const result = (before & 1) === 0 || attempt === MAX_ATTEMPTS ? read(before >>> 1) : undefined;
    if (result !== undefined && (attempt === MAX_ATTEMPTS || Atomics.load(table.words, TABLE_RESETS) === before)) {
      return result;
    }
  }
}

/**
 * For the keeper: starts all totals anew, less what has been counted since the asker read them as `seen`, after `epoch`
 * resets. Somebody else's reset since then has taken that off already, so all goes. What threads count in histograms
 * meanwhile may be lost.
 */
export function resetCounts(table: CacheTable, epoch: number, seen: Counts): void {
  for (let number = 0; number < HISTOGRAMS; number++) {
    const histogram = table.histogram(number);
    // Untouched memory stays untouched.
    if (isUsed(histogram)) histogram.fill(0);
  }
  const counts = resetsOf(table) === epoch ? seen : readCounts(table);
  Atomics.add(table.words, TABLE_RESETS, 1);
  for (const [field, count] of counts) table.addHeader(field, -count);
  Atomics.add(table.words, TABLE_RESETS, 1);
}
