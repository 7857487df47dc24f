import type { Emitter } from '../stats/emitter.js';
import { type CacheEvents, REMOVAL_EVENT, type RemovalReason } from '../stats/event.js';

interface Removal<K, V> {
  key: K;
  value: V;
  size: number;
  reason: RemovalReason;
}

export type RemovalListener<K, V> = (key: K, value: V, reason: RemovalReason) => void | Promise<void>;

/**
 * Removals that have happened and are not told yet. The store notes them while it works; `flush`, at the end of each
 * operation, tells them in order, each once. What a listener removes in turn is told after what is already waiting.
 */
export class Removals<K, V> {
  /** Whether anybody wants to know. Otherwise nothing is noted. */
  isHeard = false;
  readonly #events: Emitter<CacheEvents<K, V>>;
  readonly #listener: RemovalListener<K, V> | undefined;
  #waiting: Removal<K, V>[] = [];
  #isTelling = false;

  constructor(events: Emitter<CacheEvents<K, V>>, listener: RemovalListener<K, V> | undefined) {
    this.#events = events;
    this.#listener = listener;
    this.refresh();
  }

  /** To be called when listeners come and go. */
  refresh(): void {
    const { heard } = this.#events;
    this.isHeard = this.#listener !== undefined || heard.evict || heard.expire || heard.delete || heard.clear;
  }

  note(key: K, value: V, size: number, reason: RemovalReason): void {
    this.#waiting.push({ key, value, size, reason });
  }

  flush(): void {
    if (this.#waiting.length > 0) this.#flush();
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

  #tell(removal: Removal<K, V>): void {
    const listener = this.#listener;
    if (listener) this.#events.guard(() => listener(removal.key, removal.value, removal.reason));
    const event = REMOVAL_EVENT[removal.reason];
    if (event !== undefined && this.#events.heard[event]) this.#events.emit(event, removal);
  }
}
