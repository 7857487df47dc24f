import type { Advice } from './advice.js';
import type { StatsSnapshot } from './snapshot.js';

interface StatsSource {
  snapshot(): StatsSnapshot;
  reset(): void;
  advise(): Advice[];
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

  /**
   * What the hit rates would be at ½×, 1×, 2× and 4× the budget, other things being equal. At 1× they are those of the
   * snapshot; the others are estimated from the requests of a sample of the keys since the cache was made, all keys while
   * it is young. With a policy of the user's own they are those of `auto`. 10 to 100 ms, up to 300, under `auto` up to
   * 500; nothing before the call is simulated.
   *
   * Source: SHARDS (Waldspurger et al., FAST 2015), with miniature simulations (ATC 2017).
   */
  advise(): Advice[] {
    return this.#source.advise();
  }

  /** Starts all totals anew; what is held stays. */
  reset(): void {
    this.#source.reset();
  }
}
