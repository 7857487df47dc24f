import type { LatencySummary } from './histogram.js';

/** The state of a cache's statistics at one instant. Frozen. Times are in milliseconds, rates are fractions. */
export interface StatsSnapshot {
  /** Reads answered with a fresh value. */
  readonly hits: number;
  /** Reads that were not, callers that joined a running load included. */
  readonly misses: number;
  /** `hits + misses`. */
  readonly gets: number;
  /** Values stored, those of loads included. */
  readonly sets: number;
  /** Entries that went by `delete` and its kin. */
  readonly deletes: number;
  /** Entries that went for room. */
  readonly evictions: number;
  /** Entries that went because their time was over. */
  readonly expirations: number;
  /** Runs of a factory or loader, retries not counted. */
  readonly loads: number;
  /** Those of them that failed. */
  readonly loadErrors: number;
  /** Time spent in loads. */
  readonly loadTimeTotal: number;
  /** What the loads would have taken that hits have spared: the hits of each loaded entry times its usual load time. */
  readonly savedTime: number;
  /** Values refused for their size. */
  readonly rejected: number;
  /** Fresh entries. */
  readonly entries: number;
  /** Bytes held, what is stale or dead included. */
  readonly bytes: number;
  /** The bound. */
  readonly maxBytes: number;
  /**
   * Bytes that leases hold, each entry's once, however many hold it: of entries, which are among `bytes`, and of what is gone,
   * which is kept until it is released and is not.
   */
  readonly pinnedBytes: number;
  /** Bytes set aside for values that are being made. */
  readonly reservedBytes: number;
  /** The share of the free bytes that is unusable for being in small pieces. */
  readonly fragmentation: number;
  /** `hits / gets`; 0 before the first read. */
  readonly hitRate: number;
  /** Bytes answered from the cache, as a share of these and of the bytes that had to be brought in. */
  readonly byteHitRate: number;
  readonly latency: {
    /** Answering from the cache, measured on a sample. */
    readonly hit: LatencySummary;
    /** Answering otherwise: for `getOrSet` and its kin the whole wait of the caller. */
    readonly miss: LatencySummary;
    /** Running a factory or loader. */
    readonly load: LatencySummary;
  };
}
