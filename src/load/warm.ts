import { CacheConfigError, describe } from '../common/error.js';
import { watchSpelling } from './call-options.js';

/** Loads that run at once, unless it is said. */
const CONCURRENCY = 8;
/** Entries stored without a load, after which others have their turn. */
const SLICE = 256;

export type WarmOutcome = 'stored' | 'loaded' | 'skipped' | 'failed';

/** What has become of one key, and how far it has come. */
export interface WarmProgress<K> {
  key: K;
  outcome: WarmOutcome;
  /** What it failed with. */
  error?: unknown;
  /** Keys that are done with, this one included, and all. */
  done: number;
  total: number;
}

export interface WarmOptions<K> {
  /** Loads that run at once. Default: 8. */
  concurrency?: number | undefined;
  /** Told of each key. What it throws becomes an `error` event. */
  onProgress?: ((progress: WarmProgress<K>) => void) | undefined;
  /** Ends it: no further key is begun, loads that run are aborted, and it rejects. */
  signal?: AbortSignal | undefined;
}

/** How many keys were stored or loaded, left out (there already, nothing to store, or no room), and failed. */
export type WarmSummary = Record<WarmOutcome, number>;

/** What warming needs of a cache. */
export interface WarmHost {
  /** Runs what a user gave us. */
  guard(action: () => void): void;
  /** @throws CacheClosedError */
  assertOpen(): void;
}

/** What has become of a load; `full`: there was no room for it, nor will there be for others. */
export type Warmed = 'loaded' | 'skipped' | 'full';

interface Resolved<K> {
  concurrency: number;
  onProgress: ((progress: WarmProgress<K>) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** @throws CacheConfigError for anything out of range or of the wrong type. */
function resolve<K>(options: WarmOptions<K>): Resolved<K> {
  if (options === null || typeof options !== 'object') {
    throw new CacheConfigError(`options: expected an object; got ${describe(options)}`);
  }
  watchSpelling(options);
  const { concurrency = CONCURRENCY, onProgress, signal } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new CacheConfigError(`concurrency: expected a whole number, 1 or more; got ${describe(concurrency)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new CacheConfigError(`onProgress: expected a function; got ${describe(onProgress)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new CacheConfigError(`signal: expected an AbortSignal; got ${describe(signal)}`);
  }
  return { concurrency, onProgress, signal };
}

/** Counts what becomes of each key, and tells of it. */
export class Warming<K> {
  readonly summary: WarmSummary = { stored: 0, loaded: 0, skipped: 0, failed: 0 };
  readonly options: Resolved<K>;
  #done = 0;

  constructor(
    readonly host: WarmHost,
    readonly total: number,
    options: WarmOptions<K> = {},
  ) {
    this.options = resolve(options);
    this.check();
  }

  /** @throws CacheClosedError, and the reason of the signal. */
  check(): void {
    this.host.assertOpen();
    const { signal } = this.options;
    if (signal?.aborted) throw signal.reason;
  }

  /** As `check`, with a turn for others every now and then. */
  async pause(): Promise<void> {
    if (this.#done > 0 && this.#done % SLICE === 0) await new Promise(setImmediate);
    this.check();
  }

  note(key: K, outcome: WarmOutcome, failure?: { error: unknown }): void {
    this.summary[outcome]++;
    this.#done++;
    const { onProgress } = this.options;
    if (!onProgress) return;
    const progress: WarmProgress<K> = { key, outcome, done: this.#done, total: this.total, ...failure };
    this.host.guard(() => onProgress(progress));
  }

  /** Loads keys, so many at once, in their order, until there is no more room. */
  async loadAll(keys: readonly K[], load: (key: K) => Promise<Warmed>): Promise<WarmSummary> {
    let next = 0;
    let isFull = false;
    const one = async (): Promise<void> => {
      while (next < keys.length && !this.options.signal?.aborted) {
        const key = keys[next++] as K;
        try {
          this.host.assertOpen();
          const warmed = isFull ? 'full' : await load(key);
          if (warmed === 'full') isFull = true;
          this.note(key, warmed === 'full' ? 'skipped' : warmed);
        } catch (error) {
          this.note(key, 'failed', { error });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.options.concurrency, keys.length) }, one));
    this.check();
    return this.summary;
  }
}

/** @throws CacheConfigError for what is neither a Map of entries nor keys. */
export function checkWarmable(source: unknown): void {
  if (typeof source === 'object' && source !== null && Symbol.iterator in source) return;
  throw new CacheConfigError(`warm: expected a Map of entries, or keys to load; got ${describe(source)}`);
}

/** The most worthy first: by cost for each byte. */
export function byWorth<T extends { cost: number; size: number }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => b.cost / b.size - a.cost / a.size);
}
