import { HEADER, hitHistogram, LOAD_HISTOGRAM, MAX_THREADS, missHistogram, STAT } from '../arena/layout.js';
import type { CacheTable } from '../arena/table.js';
import { summarize } from '../stats/histogram.js';
import type { StatsSnapshot } from '../stats/snapshot.js';

/** The statistics of a shared cache, summed over all threads. O(threads). */
export function sharedSnapshot(table: CacheTable, entries: number): StatsSnapshot {
  const hits = table.sumStat(STAT.hits) + table.header(HEADER.departedHits);
  const misses = table.sumStat(STAT.misses) + table.header(HEADER.departedMisses);
  const loads = table.header(HEADER.loads);
  const loadTimeTotal = table.header(HEADER.loadTimeTotal);
  const hitBytes = table.sumStat(STAT.hitBytes) + table.header(HEADER.departedHitBytes);
  const missBytes = table.header(HEADER.missBytes);
  const maxBytes = table.header(HEADER.maxBytes);
  return Object.freeze({
    hits,
    misses,
    gets: hits + misses,
    sets: table.header(HEADER.sets),
    deletes: table.header(HEADER.deletes),
    evictions: table.header(HEADER.evictions),
    expirations: table.header(HEADER.expirations),
    loads,
    loadErrors: table.header(HEADER.loadErrors),
    loadTimeTotal,
    savedTime: loads === 0 ? 0 : (loadTimeTotal / loads) * hits,
    rejected: table.header(HEADER.rejected),
    entries,
    bytes: table.header(HEADER.bytes),
    maxBytes,
    pinnedBytes: table.header(HEADER.limboBytes),
    reservedBytes: table.header(HEADER.reservedBytes),
    fragmentation: table.header(HEADER.fragmentation),
    hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
    byteHitRate: hitBytes + missBytes === 0 ? 0 : hitBytes / (hitBytes + missBytes),
    latency: Object.freeze({
      hit: summarize(rows(table, hitHistogram)),
      miss: summarize(rows(table, missHistogram)),
      load: summarize([table.histogram(LOAD_HISTOGRAM)]),
    }),
  });
}

function rows(table: CacheTable, histogramOf: (row: number) => number): Uint32Array[] {
  return Array.from({ length: MAX_THREADS }, (_, row) => table.histogram(histogramOf(row)));
}
