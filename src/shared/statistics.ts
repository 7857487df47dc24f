import { advise } from '../advice/advise.js';
import { viewLog } from '../advice/request-log.js';
import { usualCostOf } from '../advice/usual-cost.js';
import { type Counts, readConsistently, readCounts } from '../arena/counts.js';
import {
  HEADER,
  hitHistogram,
  LOAD_HISTOGRAM,
  MAX_THREADS,
  missHistogram,
  READY,
  SLOT_F64,
  STATE_MASK,
} from '../arena/layout.js';
import { forEachWaitingUse, pinnedSlots } from '../arena/row-scan.js';
import { policyOf } from '../policy/module.js';
import type { Advice } from '../stats/advice.js';
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
  /** The number of resets before it: the keeper has not carried it out as long as there are no more. */
  epoch: number;
  /** What it takes off. */
  seen: Totals;
}

/** The statistics of a shared cache, summed over all threads, out of shared memory. */
export class SharedStatistics<V> {
  /** Resets of this thread that the keeper may not have carried out yet: until then they are reckoned in here. */
  #resets: Reset[] = [];

  constructor(readonly reading: Reading<V>) {}

  /** Starts all totals anew, for this thread at once. */
  reset(): void {
    const { client, ticket } = this.reading;
    const { totals: seen, resets } = this.#sinceReset();
    const epoch = resets + this.#resets.length;
    this.#resets.push({ epoch, seen });
    client.request({ op: 'resetStats', cache: ticket.cache, epoch, seen: seen.counts }).catch(() => undefined);
  }

  /** What other budgets would give: worked out in the thread that asks. */
  advise({ maxBytes, hitRate, byteHitRate }: StatsSnapshot): Advice[] {
    const { config, requests } = this.reading.ticket;
    return advise(viewLog(new Uint32Array(requests)), {
      maxBytes,
      maxEntries: config.maxEntries,
      newPolicy: () => policyOf(config.policy),
      usualCost: usualCostOf(config.cost),
      hitRate,
      byteHitRate,
    });
  }

  /** O(threads and their leases). */
  snapshot(entries: number): StatsSnapshot {
    const { table } = this.reading;
    const { counts, hit, miss, load } = this.#sinceReset().totals;
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
      pinnedBytes: table.header(HEADER.limboBytes) + this.#heldBytes(),
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

  /** The totals, and how many resets the keeper has carried out before them. */
  #sinceReset(): { totals: Totals; resets: number } {
    const { all, resets } = readConsistently(this.reading.table, (done) => ({ all: this.#totals(), resets: done }));
    this.#resets = this.#resets.filter(({ epoch }) => epoch >= resets);
    let totals = all;
    for (const { seen } of this.#resets) {
      totals = {
        counts: new Map(
          [...totals.counts].map(([field, count]) => [field, Math.max(0, count - seen.counts.get(field)!)]),
        ),
        hit: less(totals.hit, seen.hit),
        miss: less(totals.miss, seen.miss),
        load: less(totals.load, seen.load),
      };
    }
    return { totals, resets };
  }

  /**
   * Milliseconds of loading that a hit spares, on average over the uses that were noted: those that the keeper has seen,
   * and those that still wait for it. Few are lost, so this times the exact number of hits is what all have spared.
   */
  #savedByUse(uses: number, ms: number): number {
    const { table, client } = this.reading;
    let allUses = uses;
    let allMs = ms;
    forEachWaitingUse(client.row.words, table.cache, (slot) => {
      if (!this.#isReady(slot)) return;
      allUses++;
      allMs += table.loadMs(slot);
    });
    return allUses === 0 ? 0 : allMs / allUses;
  }

  /** Bytes of entries that somebody reads in place. Those of entries that are gone are counted by the keeper. */
  #heldBytes(): number {
    const { table, client } = this.reading;
    let bytes = 0;
    for (const slot of pinnedSlots(client.row.words, table.cache)) {
      if (this.#isReady(slot)) bytes += table.double(slot, SLOT_F64.charge);
    }
    return bytes;
  }

  #isReady(slot: number): boolean {
    const { table } = this.reading;
    return slot < table.slotHigh && (table.word(slot) & STATE_MASK) === READY;
  }
}
