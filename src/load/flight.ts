import { bearsAny } from '../common/tags.js';
import { Link } from './chain.js';

/**
 * One run of a load, shared by all who want its result.
 *
 * It is attached while a later change of its key would make its result old news: who asks meanwhile joins it, and its
 * result is stored. Detached, it still answers those who wait.
 */
export class Flight<V> {
  readonly link: Link;
  readonly startedAt = performance.now();
  readonly promise: Promise<V | undefined>;
  isAttached = true;
  isSettled = false;
  /** It goes on although nobody waits: somebody was answered with a stale value, or wants a refresh. */
  isKept = false;
  /** The tags that its value is to bear, as far as is known by now. */
  tags: () => readonly string[] = () => [];
  /** Tags that were removed while it ran: no value with one of them is to be stored. */
  #lostTags: Set<string> | undefined;
  #resolve!: (value: V | undefined) => void;
  #reject!: (error: unknown) => void;
  #controller: AbortController | undefined;
  #waiting = 0;

  constructor(owner: object, key: unknown) {
    this.link = new Link(owner, key);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Each waiter handles the failure for himself; without any, the event `loadError` has told it.
    this.promise.catch(() => undefined);
  }

  get ageMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Made when first asked for: most loads never look. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#controller?.signal.aborted ?? false;
  }

  /** What bears one of these tags was removed. */
  loseTags(tags: readonly string[]): void {
    this.#lostTags ??= new Set();
    for (const tag of tags) this.#lostTags.add(tag);
  }

  /** Whether a value with these tags was removed before it came. */
  hasLost(tags: unknown): boolean {
    return bearsAny(tags, this.#lostTags);
  }

  join(): void {
    this.#waiting++;
  }

  /** Whether that was the last who wanted the result. */
  leave(): boolean {
    return --this.#waiting === 0 && !this.isKept;
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  resolve(value: V | undefined): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.isSettled = true;
    this.link.end();
  }
}

/** The loads of one cache that run now: one per key. */
export class Flights<K, V> {
  readonly #attached = new Map<K, Flight<V>>();
  readonly #running = new Set<Flight<V>>();

  /** How many a caller could join. */
  get size(): number {
    return this.#attached.size;
  }

  get(key: K): Flight<V> | undefined {
    return this.#attached.get(key);
  }

  /** Runs `load`, at once; nobody may be flying for that key. */
  start(key: K, load: (flight: Flight<V>) => Promise<V | undefined>): Flight<V> {
    const flight = new Flight<V>(this, key);
    this.#attached.set(key, flight);
    this.#running.add(flight);
    flight.link
      .run(() => load(flight))
      .then(
        (value) => {
          this.#end(key, flight);
          flight.resolve(value);
        },
        (error: unknown) => {
          this.#end(key, flight);
          flight.reject(error);
        },
      );
    return flight;
  }

  /** The key was changed: the flight is not to store its result, and who asks from now on starts his own. */
  detach(key: K): void {
    const flight = this.#attached.get(key);
    if (!flight) return;
    flight.isAttached = false;
    this.#attached.delete(key);
  }

  /** As `detach`, for those that are to bear one of the tags, now or when their loaders say so. */
  detachTagged(tags: readonly string[]): void {
    for (const [key, flight] of [...this.#attached]) {
      flight.loseTags(tags);
      if (flight.hasLost(flight.tags())) this.detach(key);
    }
  }

  /** As `detach`, for all keys that match. */
  detachWhere(matches: (key: K) => boolean): void {
    for (const key of [...this.#attached.keys()]) if (matches(key)) this.detach(key);
  }

  detachAll(): void {
    for (const key of [...this.#attached.keys()]) this.detach(key);
  }

  /** Nobody is to wait for it any longer: it is detached and aborted, and those who wait are rejected. */
  abandon(flight: Flight<V>, error: unknown): void {
    const key = flight.link.key as K;
    if (this.#attached.get(key) === flight) this.detach(key);
    this.#running.delete(flight);
    flight.isAttached = false;
    flight.reject(error);
    flight.abort(error);
  }

  /** Abandons all. */
  close(error: unknown): void {
    for (const flight of [...this.#running]) this.abandon(flight, error);
  }

  #end(key: K, flight: Flight<V>): void {
    this.#running.delete(flight);
    if (this.#attached.get(key) === flight) this.#attached.delete(key);
  }
}
