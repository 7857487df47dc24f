import type { Emitter } from '../stats/emitter.js';
import { type CacheEvents, REMOVAL_EVENT, type RemovalReason } from '../stats/event.js';

interface Removal<K, V> {
  /** Those of the namespace that the key lived in. */
  events: Emitter<CacheEvents<K, V>>;
  event: { key: K; value: V; size: number; reason: RemovalReason };
}

export type RemovalListener<K, V> = (
  key: K,
  value: V,
  reason: RemovalReason,
  namespace?: string,
) => void | Promise<void>;

/**
 * Removals that have happened and are not told yet. The store notes them while it works; `flush`, at the end of each
 * operation, tells them in order, each once. What a listener removes in turn is told after what is already waiting.
 */
export class Removals<K, V> {
  /** Whether anybody wants to know. Otherwise nothing is noted. */
  isHeard = false;
  readonly #events: Emitter<CacheEvents<K, V>>;
  /** Those of namespaces that somebody listens to. */
  readonly #others = new Set<Emitter<CacheEvents<K, V>>>();
  readonly #listener: RemovalListener<K, V> | undefined;
  #waiting: Removal<K, V>[] = [];
  #isTelling = false;

  constructor(events: Emitter<CacheEvents<K, V>>, listener: RemovalListener<K, V> | undefined) {
    this.#events = events;
    this.#listener = listener;
    this.refresh();
  }

  /** To be called when listeners come and go: those of the whole cache, or of a namespace. */
  refresh(events = this.#events): void {
    if (events !== this.#events) {
      if (events.hasListeners && hearsRemovals(events)) this.#others.add(events);
      else this.#others.delete(events);
    }
    this.isHeard = this.#listener !== undefined || hearsRemovals(this.#events) || this.#others.size > 0;
  }

  note(events: Emitter<CacheEvents<K, V>>, key: K, value: V, size: number, reason: RemovalReason): void {
    this.#waiting.push({ events, event: { key, value, size, reason } });
  }

  flush(): void {
    if (this.#waiting.length > 0) this.#flush();
  }

  /** Runs what may throw by a user's fault, where nobody is there to hear of it but the listeners of `error`. */
  guard(act: () => void): void {
    this.#events.guard(act);
  }

  /** Forgets what is not told yet. */
  forget(): void {
    this.#waiting = [];
  }

  #flush(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const removal of batch) this.#tell(removal);
    }
    this.#isTelling = false;
  }

  #tell({ events, event }: Removal<K, V>): void {
    const listener = this.#listener;
    if (listener) {
      const { key, value, reason } = event;
      const { namespace } = events;
      events.guard(() =>
        namespace === undefined ? listener(key, value, reason) : listener(key, value, reason, namespace),
      );
    }
    const name = REMOVAL_EVENT[event.reason];
    if (name !== undefined && events.heard[name]) events.emit(name, event);
  }
}

function hearsRemovals<K, V>({ heard }: Emitter<CacheEvents<K, V>>): boolean {
  return heard.evict || heard.expire || heard.delete || heard.clear;
}
