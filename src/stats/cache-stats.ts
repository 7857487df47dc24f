import type { StatsSnapshot } from './snapshot.js';

interface StatsSource {
  snapshot(): StatsSnapshot;
  reset(): void;
}

/** The statistics of one cache. */
export class CacheStats {
  readonly #source: StatsSource;

  constructor(source: StatsSource) {
    this.#source = source;
  }

  /** The totals since the last reset, and what is held now. Can be read after `close`. */
  snapshot(): StatsSnapshot {
    return this.#source.snapshot();
  }

  /** Starts all totals anew; what is held stays. */
  reset(): void {
    this.#source.reset();
  }
}
