/** A failure that is remembered. */
export interface Failure {
  error: unknown;
  /** Until when callers without a stale value are rejected with it. */
  rejectUntil: number;
  /** Until when callers with a stale value get that. */
  backOffUntil: number;
  /** The number of the load that has failed, where loads have one. */
  flight?: number;
  /** What its value was to bear. */
  tags?: readonly string[];
}

const MAX_FAILURES = 10_000;

/** What failed lately and is not to be tried again at once. Bounded: beyond ten thousand the oldest is forgotten. */
export class Failures<K> {
  readonly #failures = new Map<K, Failure>();

  get size(): number {
    return this.#failures.size;
  }

  get(key: K, now: number): Failure | undefined {
    const failure = this.#failures.get(key);
    if (!failure || Math.max(failure.rejectUntil, failure.backOffUntil) > now) return failure;
    this.#failures.delete(key);
    return undefined;
  }

  set(key: K, failure: Failure): void {
    this.#failures.delete(key);
    if (this.#failures.size >= MAX_FAILURES) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest);
        break;
      }
    }
    this.#failures.set(key, failure);
  }

  delete(key: K): void {
    this.#failures.delete(key);
  }

  /** O(failures). */
  deleteWhere(matches: (key: K, failure: Failure) => boolean): void {
    for (const [key, failure] of this.#failures) if (matches(key, failure)) this.#failures.delete(key);
  }

  clear(): void {
    this.#failures.clear();
  }
}
