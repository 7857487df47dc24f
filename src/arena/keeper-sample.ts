import { eraseLog, RequestLog, SHARED_LOG_BYTES } from '../advice/request-log.js';
import { usualCostOf } from '../advice/usual-cost.js';
import type { RemovalReason } from '../stats/event.js';
import { HEADER, SLOT, SLOT_F64, STAT } from './layout.js';
import type { CacheConfig } from './protocol.js';
import type { CacheTable } from './table.js';

/** So many requests between two looks at whether a log that rests is to begin again. */
const LOOK_INTERVAL = 4096;

/**
 * The requests of a sample of the keys, written down for `advise` in any thread. The keeper hears of hits when it needs
 * room, and of misses when what was missing is written: a new entry counts as one that was asked for.
 */
export class KeeperSample {
  /** What any thread reads. */
  readonly #table: CacheTable;
  readonly #log: RequestLog;
  readonly #gets: () => number;
  /** When the first deadline was met: times are told from it. */
  #epoch: number | undefined;
  #untilLook = LOOK_INTERVAL;

  constructor(
    table: CacheTable,
    config: CacheConfig,
    /** What any thread reads. One that an earlier keeper has written is begun anew. */
    readonly buffer = new SharedArrayBuffer(SHARED_LOG_BYTES),
  ) {
    eraseLog(buffer);
    this.#table = table;
    const { hits, misses } = STAT;
    this.#gets = () =>
      table.sumStat(hits) +
      table.header(HEADER.departedHits) +
      table.sumStat(misses) +
      table.header(HEADER.departedMisses);
    const { policy } = config;
    this.#log = new RequestLog({ gets: this.#gets, usualCost: usualCostOf(config.cost), buffer, policy });
  }

  /** A hit. */
  use(slot: number): void {
    const hash = this.#hash(slot);
    if (hash >= this.#log.threshold) return;
    this.#log.request(hash, this.#table.double(slot, SLOT_F64.charge), this.#table.double(slot, SLOT_F64.cost));
  }

  /** An entry has been written, for a key that had none or in place of another. */
  write(slot: number, { isNew, now, held }: { isNew: boolean; now: number; held: number }): void {
    const hash = this.#hash(slot);
    if (!this.#isResting()) this.#log.fit(held);
    if (hash >= this.#log.threshold) return;
    const table = this.#table;
    const end = table.double(slot, SLOT_F64.freshUntil);
    if (end !== Number.POSITIVE_INFINITY) this.#epoch ??= now;
    const epoch = this.#epoch;
    if (isNew) this.#log.miss(hash, epoch === undefined ? undefined : now - epoch);
    const deadline = epoch === undefined ? undefined : end - epoch;
    this.#log.write(hash, table.double(slot, SLOT_F64.charge), table.double(slot, SLOT_F64.cost), deadline);
  }

  /** An entry is about to leave. */
  remove(slot: number, reason: RemovalReason): void {
    if (reason === 'evict' || reason === 'pressure' || reason === 'replace') return;
    const hash = this.#hash(slot);
    if (hash < this.#log.threshold) this.#log.remove(hash);
  }

  /** The counts of hits and misses are about to be set to 0. */
  rebase(): void {
    this.#log.rebase();
  }

  #isResting(): boolean {
    const log = this.#log;
    if (log.threshold > 0) return false;
    if (--this.#untilLook > 0) return true;
    this.#untilLook = LOOK_INTERVAL;
    if (this.#gets() < log.wakeAt) return true;
    log.restart();
    return false;
  }

  #hash(slot: number): number {
    return this.#table.int(slot, SLOT.hash) >>> 0;
  }
}
