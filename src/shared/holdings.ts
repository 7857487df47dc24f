import type { CacheTable } from '../arena/table.js';
import type { LatencySummary } from '../stats/histogram.js';
import type { StatsSnapshot } from '../stats/snapshot.js';

const NO_LATENCY: LatencySummary = Object.freeze({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });

/** The statistics of a shared cache, summed over all threads. O(threads). */
export function sharedSnapshot(table: CacheTable, entries: number): StatsSnapshot {
  const hits = table.sumStat('hits') + table.header('departedHits');
  const misses = table.sumStat('misses') + table.header('departedMisses');
  const loads = table.header('loads');
  const loadTimeTotal = table.header('loadTimeTotal');
  const hitBytes = table.sumStat('hitBytes') + table.header('departedHitBytes');
  const missBytes = table.header('missBytes');
  const maxBytes = table.header('maxBytes');
  return Object.freeze({
    hits,
    misses,
    gets: hits + misses,
    sets: table.header('sets'),
    deletes: table.header('deletes'),
    evictions: table.header('evictions'),
    expirations: table.header('expirations'),
    loads,
    loadErrors: table.header('loadErrors'),
    loadTimeTotal,
    savedTime: loads === 0 ? 0 : (loadTimeTotal / loads) * hits,
    rejected: table.header('rejected'),
    entries,
    bytes: table.header('bytes'),
    maxBytes,
    pinnedBytes: table.header('limboBytes'),
    reservedBytes: table.header('reservedBytes'),
    fragmentation: table.header('fragmentation'),
    hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
    byteHitRate: hitBytes + missBytes === 0 ? 0 : hitBytes / (hitBytes + missBytes),
    latency: Object.freeze({ hit: NO_LATENCY, miss: NO_LATENCY, load: NO_LATENCY }),
  });
}
