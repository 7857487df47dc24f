import type { RemovalReason } from './event.js';
import { LatencyHistogram } from './histogram.js';
import type { StatsSnapshot } from './snapshot.js';

/** What the owner of the counters knows and they do not. */
export interface Holdings {
  entries: number;
  bytes: number;
  maxBytes: number;
  /** Bytes answered by hits since the last reset. */
  hitBytes: number;
  /** Milliseconds of loads that hits have spared since then. */
  savedTime?: number;
  pinnedBytes?: number;
  reservedBytes?: number;
  fragmentation?: number;
}

/** Running totals since the last reset: plain fields, so that counting costs an increment. */
export class Counters {
  hits = 0;
  misses = 0;
  sets = 0;
  deletes = 0;
  evictions = 0;
  expirations = 0;
  loads = 0;
  loadErrors = 0;
  loadTimeTotal = 0;
  rejected = 0;
  /** Bytes of values that were brought in for keys that were absent. */
  missBytes = 0;
  readonly hitLatency = new LatencyHistogram();
  readonly missLatency = new LatencyHistogram();
  readonly loadLatency = new LatencyHistogram();

  #loadsEnded = 0;

  /** Milliseconds that a load takes on average; 0 before the first has ended. */
  get meanLoadTime(): number {
    return this.#loadsEnded === 0 ? 0 : this.loadTimeTotal / this.#loadsEnded;
  }

  /** Notes a load that has ended, well or badly. */
  recordLoad(durationMs: number): void {
    this.#loadsEnded++;
    this.loadTimeTotal += durationMs;
    this.loadLatency.record(durationMs);
  }

  countRemoval(reason: RemovalReason): void {
    if (reason === 'evict' || reason === 'pressure') this.evictions++;
    else if (reason === 'expire') this.expirations++;
    else if (reason === 'delete') this.deletes++;
  }

  reset(): void {
    this.hits = 0;
    this.misses = 0;
    this.sets = 0;
    this.deletes = 0;
    this.evictions = 0;
    this.expirations = 0;
    this.loads = 0;
    this.loadErrors = 0;
    this.loadTimeTotal = 0;
    this.#loadsEnded = 0;
    this.rejected = 0;
    this.missBytes = 0;
    this.hitLatency.reset();
    this.missLatency.reset();
    this.loadLatency.reset();
  }

  snapshot(held: Holdings): StatsSnapshot {
    const gets = this.hits + this.misses;
    const requestedBytes = held.hitBytes + this.missBytes;
    return Object.freeze({
      hits: this.hits,
      misses: this.misses,
      gets,
      sets: this.sets,
      deletes: this.deletes,
      evictions: this.evictions,
      expirations: this.expirations,
      loads: this.loads,
      loadErrors: this.loadErrors,
      loadTimeTotal: this.loadTimeTotal,
      savedTime: held.savedTime ?? 0,
      rejected: this.rejected,
      entries: held.entries,
      bytes: held.bytes,
      maxBytes: held.maxBytes,
      pinnedBytes: held.pinnedBytes ?? 0,
      reservedBytes: held.reservedBytes ?? 0,
      fragmentation: held.fragmentation ?? 0,
      hitRate: gets === 0 ? 0 : this.hits / gets,
      byteHitRate: requestedBytes === 0 ? 0 : held.hitBytes / requestedBytes,
      latency: Object.freeze({
        hit: this.hitLatency.summary(),
        miss: this.missLatency.summary(),
        load: this.loadLatency.summary(),
      }),
    });
  }
}
