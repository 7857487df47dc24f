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

/** Words of a histogram: its buckets, and the largest duration, a Float64. */
export const HISTOGRAM_WORDS = BUCKETS + 2;

/**
 * A log-linear histogram of durations: 2.5 KB, made at the first record, or in given memory, which other threads may
 * then read; a record costs some nanoseconds.
 */
export class LatencyHistogram {
  #words: Uint32Array | undefined;
  #max: Float64Array | undefined;

  /** `words`: `HISTOGRAM_WORDS` of them, 8-byte aligned, zero, and written by this histogram alone. */
  constructor(words?: Uint32Array) {
    this.#words = words;
  }

  record(durationMs: number): void {
    this.#words ??= new Uint32Array(HISTOGRAM_WORDS);
    this.#max ??= largest(this.#words);
    this.#words[bucketOf(durationMs * 1e6)]!++;
    if (durationMs > this.#max[0]!) this.#max[0] = durationMs;
  }

  reset(): void {
    this.#words?.fill(0);
  }

  summary(): LatencySummary {
    return summaryOf(addUp(this.#words ? [this.#words] : []));
  }
}

/** What one or several histograms hold together. */
export interface Records {
  buckets: Float64Array;
  max: number;
}

/** Whether anything was recorded. */
export function isUsed(words: Uint32Array): boolean {
  return words[0] !== 0 || largest(words)[0] !== 0;
}

/** Several histograms as one. */
export function addUp(histograms: readonly Uint32Array[]): Records {
  const buckets = new Float64Array(BUCKETS);
  let max = 0;
  for (const words of histograms) {
    // Most threads have never recorded anything: nothing of theirs is touched.
    if (!isUsed(words)) continue;
    max = Math.max(max, largest(words)[0]!);
    for (let bucket = 0; bucket < BUCKETS; bucket++) buckets[bucket]! += words[bucket]!;
  }
  return { buckets, max };
}

/** What has come to records since they were `before`. The largest may be an earlier one. */
export function less(records: Records, before: Records): Records {
  const buckets = records.buckets.map((count, bucket) => Math.max(0, count - before.buckets[bucket]!));
  return { buckets, max: buckets.some((count) => count > 0) ? records.max : 0 };
}

/** The percentiles. */
export function summaryOf({ buckets, max }: Records): LatencySummary {
  const count = buckets.reduce((sum, records) => sum + records, 0);
  const quantile = (share: number) => quantileOf(buckets, count * share, max);
  return Object.freeze({
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max,
  });
}

function largest(words: Uint32Array): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset + BUCKETS * 4, 1);
}

/** The upper edge of the bucket in which so many records are reached, never above the largest record. */
function quantileOf(buckets: Float64Array, wanted: number, max: number): number {
  let seen = 0;
  let bucket = 0;
  for (; bucket < BUCKETS - 1; bucket++) {
    seen += buckets[bucket]!;
    if (seen >= Math.ceil(wanted)) break;
  }
  return Math.min(upperEdge(bucket) / 1e6, max);
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
