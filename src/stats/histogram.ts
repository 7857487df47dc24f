/** Percentiles of one kind of duration, in milliseconds; zeros while nothing has been recorded. */
export interface LatencySummary {
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

// A value in nanoseconds falls into the octave of its highest bit; each octave is cut into 2^SUB_BITS equal parts, so
// that a bucket is at most 1/16 of its value wide. 42 octaves reach 73 minutes; what is longer counts as that long.
const SUB_BITS = 4;
const SUB_COUNT = 2 ** SUB_BITS;
const OCTAVES = 42;
const LONGEST_NS = 2 ** OCTAVES - 1;
const BUCKETS = (OCTAVES - SUB_BITS + 1) * SUB_COUNT;

/** A log-linear histogram of durations: 2.5 KB, made at the first record; a record costs some nanoseconds. */
export class LatencyHistogram {
  #buckets: Uint32Array | undefined;
  #count = 0;
  #max = 0;

  record(durationMs: number): void {
    this.#buckets ??= new Uint32Array(BUCKETS);
    this.#buckets[bucketOf(durationMs * 1e6)]!++;
    this.#count++;
    if (durationMs > this.#max) this.#max = durationMs;
  }

  reset(): void {
    this.#buckets = undefined;
    this.#count = 0;
    this.#max = 0;
  }

  summary(): LatencySummary {
    const [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map((share) => this.#quantile(share)) as [
      number,
      number,
      number,
      number,
    ];
    return Object.freeze({ p50, p90, p99, p999, max: this.#max });
  }

  /** The upper edge of the bucket in which that share of the records is reached, never above the largest record. */
  #quantile(share: number): number {
    if (!this.#buckets) return 0;
    const wanted = Math.ceil(this.#count * share);
    let seen = 0;
    let bucket = 0;
    for (; bucket < BUCKETS - 1; bucket++) {
      seen += this.#buckets[bucket]!;
      if (seen >= wanted) break;
    }
    return Math.min(upperEdge(bucket) / 1e6, this.#max);
  }
}

function bucketOf(nanoseconds: number): number {
  const value = Math.min(Math.floor(nanoseconds), LONGEST_NS);
  if (!(value >= SUB_COUNT)) return Math.max(value, 0) || 0;
  const octave = Math.floor(Math.log2(value));
  return (octave - SUB_BITS + 1) * SUB_COUNT + Math.floor(value / 2 ** (octave - SUB_BITS)) - SUB_COUNT;
}

function upperEdge(bucket: number): number {
  if (bucket < SUB_COUNT) return bucket + 1;
  const octave = Math.floor(bucket / SUB_COUNT) + SUB_BITS - 1;
  return ((bucket % SUB_COUNT) + SUB_COUNT + 1) * 2 ** (octave - SUB_BITS);
}
