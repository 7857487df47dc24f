import { type Counts, readCounts } from '../arena/counts.js';
import {
  HEADER,
  hitHistogram,
  LOAD_HISTOGRAM,
  MAX_THREADS,
  missHistogram,
  READY,
  STATE_MASK,
} from '../arena/layout.js';
import { forEachWaitingUse } from '../arena/row-scan.js';
import { addUp, type LatencySummary, less, type Records, summaryOf } from '../stats/histogram.js';
import type { StatsSnapshot } from '../stats/snapshot.js';
import type { Reading } from './reading.js';

/** Everything that a reset sets to zero. */
interface Totals {
  counts: Counts;
  hit: Records;
  miss: Records;
  load: Records;
}

interface Reset {
  /** The count of resets at which it was asked for: the totals are from before it as long as that stands. */
  epoch: number;
  before: Totals;
}

/** The statistics of a shared cache, summed over all threads, out of shared memory. */
export class SharedStatistics<V> {
  /** A reset that the keeper may not have carried out yet: until then its totals are taken off here. */
  #reset: Reset | undefined;

  constructor(readonly reading: Reading<V>) {}

  /** Starts all totals anew, for this thread at once. */
  reset(): void {
    const { client, ticket, table } = this.reading;
    const epoch = table.header(HEADER.resets);
    const before = this.#totals();
    // A second one at once goes on from the first: the keeper carries out one of them.
    this.#reset = { epoch, before };
    client.request({ op: 'resetStats', cache: ticket.cache, epoch, seen: before.counts }).catch(() => undefined);
  }

  /** O(threads). */
  snapshot(entries: number): StatsSnapshot {
    const { table } = this.reading;
    const { counts, hit, miss, load } = this.#sinceReset();
    const count = (field: number): number => counts.get(field)!;
    const hits = count(HEADER.departedHits);
    const misses = count(HEADER.departedMisses);
    const hitBytes = count(HEADER.departedHitBytes);
    const missBytes = count(HEADER.missBytes);
    return Object.freeze({
      hits,
      misses,
      gets: hits + misses,
      sets: count(HEADER.sets),
      deletes: count(HEADER.deletes),
      evictions: count(HEADER.evictions),
      expirations: count(HEADER.expirations),
      loads: count(HEADER.loads),
      loadErrors: count(HEADER.loadErrors),
      loadTimeTotal: count(HEADER.loadTimeTotal),
      savedTime: hits * this.#savedByUse(count(HEADER.notedUses), count(HEADER.notedMs)),
      rejected: count(HEADER.rejected),
      entries,
      bytes: table.header(HEADER.bytes),
      maxBytes: table.header(HEADER.maxBytes),
      pinnedBytes: table.header(HEADER.limboBytes),
      reservedBytes: table.header(HEADER.reservedBytes),
      fragmentation: table.header(HEADER.fragmentation),
      hitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
      byteHitRate: hitBytes + missBytes === 0 ? 0 : hitBytes / (hitBytes + missBytes),
      latency: Object.freeze({ hit: summaryOf(hit), miss: summaryOf(miss), load: summaryOf(load) }) satisfies Record<
        string,
        LatencySummary
      >,
    });
  }

  #totals(): Totals {
    const { table } = this.reading;
    const rows = (histogramOf: (row: number) => number): Uint32Array[] =>
      Array.from({ length: MAX_THREADS }, (_, row) => table.histogram(histogramOf(row)));
    return {
      counts: readCounts(table),
      hit: addUp(rows(hitHistogram)),
      miss: addUp(rows(missHistogram)),
      load: addUp([table.histogram(LOAD_HISTOGRAM)]),
    };
  }

  #sinceReset(): Totals {
    const epoch = this.reading.table.header(HEADER.resets);
    const totals = this.#totals();
    if (this.#reset === undefined || this.#reset.epoch !== epoch) return totals;
    const { before } = this.#reset;
    return {
      counts: new Map(
        [...totals.counts].map(([field, count]) => [field, Math.max(0, count - before.counts.get(field)!)]),
      ),
      hit: less(totals.hit, before.hit),
      miss: less(totals.miss, before.miss),
      load: less(totals.load, before.load),
    };
  }

  /**
   * Milliseconds of loading that a hit spares, on average over the uses that were noted: those that the keeper has seen,
   * and those that still wait for it. Few are lost, so this times the exact number of hits is what all have spared.
   */
  #savedByUse(uses: number, ms: number): number {
    const { table, client } = this.reading;
    let allUses = uses;
    let allMs = ms;
    forEachWaitingUse(client.row.control, table.cache, (slot) => {
      if (slot >= table.slotHigh || (table.word(slot) & STATE_MASK) !== READY) return;
      allUses++;
      allMs += table.loadMs(slot);
    });
    return allUses === 0 ? 0 : allMs / allUses;
  }
}
