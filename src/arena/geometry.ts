import { HISTOGRAM_WORDS } from '../stats/histogram.js';
import {
  HISTOGRAMS,
  MAX_SLOTS,
  MAX_THREADS,
  MIN_SLOTS,
  SLOT_BYTES,
  STAT_ROW_DOUBLES,
  TABLE_HEADER_BYTES,
} from './layout.js';

/** Where everything lies in a cache's table. */
export interface TableGeometry {
  readonly slots: number;
  readonly buckets: number;
  /** Float64 index of the first stat row. */
  readonly stats: number;
  /** Int32 index of the first histogram. */
  readonly histograms: number;
  /** Int32 indices of the two indices. */
  readonly indexA: number;
  readonly indexB: number;
  /** Byte offset of slot 0. */
  readonly slotBytes: number;
  readonly byteLength: number;
}

/** The geometry of a table of at least `entries` slots. Untouched pages of it cost nothing. */
export function tableGeometry(entries: number): TableGeometry {
  const slots = Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, Math.ceil(entries)));
  const buckets = 2 ** Math.ceil(Math.log2(slots * 4));
  const statBytes = MAX_THREADS * STAT_ROW_DOUBLES * 8;
  const histograms = TABLE_HEADER_BYTES + statBytes;
  const indexA = histograms + HISTOGRAMS * HISTOGRAM_WORDS * 4;
  const indexB = indexA + buckets * 4;
  const slotBytes = Math.ceil((indexB + buckets * 4) / SLOT_BYTES) * SLOT_BYTES;
  return {
    slots,
    buckets,
    stats: TABLE_HEADER_BYTES / 8,
    histograms: histograms / 4,
    indexA: indexA / 4,
    indexB: indexB / 4,
    slotBytes,
    byteLength: slotBytes + slots * SLOT_BYTES,
  };
}
