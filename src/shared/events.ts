import type { ArenaClient } from '../arena/client.js';
import type { CacheNews, CacheTicket } from '../arena/protocol.js';
import { fromWire } from '../arena/wire-error.js';
import { Emitter } from '../stats/emitter.js';
import { CACHE_EVENTS, REMOVAL_EVENT, type RemovalReason } from '../stats/event.js';
import { warnOnce } from '../stats/warn.js';

/** What listeners of a shared cache are told. The bytes of what is removed are gone by then. */
export interface SharedEvent {
  key: string;
  size?: number;
  reason?: RemovalReason;
  durationMs?: number;
  error?: unknown;
}

export interface SharedEvents {
  hit: SharedEvent;
  miss: SharedEvent;
  set: SharedEvent;
  delete: SharedEvent;
  evict: SharedEvent;
  expire: SharedEvent;
  clear: SharedEvent;
  load: SharedEvent;
  loadError: SharedEvent;
  maxSizeExceeded: SharedEvent;
  error: { error: unknown; key?: string };
}

type OnEvicted = (key: string, info: { size: number }, reason: RemovalReason) => void | Promise<void>;

/** Events that the keeper tells of; the others are of the thread's own making. */
const FROM_KEEPER = ['set', 'delete', 'evict', 'expire', 'clear', 'load', 'loadError', 'maxSizeExceeded'] as const;

/** A thread's listeners, told of its own hits and misses and of what happens to the cache in any thread. */
export class SharedNews {
  readonly emitter: Emitter<SharedEvents>;
  #subscribed = false;

  constructor(
    readonly client: ArenaClient,
    readonly ticket: CacheTicket,
    readonly onEvicted: OnEvicted | undefined,
  ) {
    const name = ticket.config.name;
    this.emitter = new Emitter<SharedEvents>(CACHE_EVENTS, { name, onChange: () => void this.#subscribe() });
    if (onEvicted) void this.#subscribe();
  }

  /** Nobody is told any more. */
  close(): void {
    this.emitter.clear();
  }

  /** Told by the keeper. */
  tell(news: readonly CacheNews[], lost: number): void {
    if (lost > 0) warnOnce(`cache '${this.ticket.config.name}': listeners are too slow, ${lost} events were dropped`);
    for (const one of news) this.#tellOne(one);
  }

  #tellOne({ type, key, size, reason, durationMs, error }: CacheNews): void {
    if (type === 'removal') {
      const { onEvicted } = this;
      if (onEvicted) this.emitter.guard(() => onEvicted(key, { size }, reason!));
      const event = REMOVAL_EVENT[reason!];
      if (event && this.emitter.heard[event]) this.emitter.emit(event, { key, size, reason: reason! });
      return;
    }
    if (!this.emitter.heard[type]) return;
    const event: SharedEvent = { key, size };
    if (durationMs !== undefined) event.durationMs = durationMs;
    if (error !== undefined) event.error = fromWire(error);
    this.emitter.emit(type, event);
  }

  // Nobody listening costs nothing: the keeper collects news only for threads that have asked for it.
  async #subscribe(): Promise<void> {
    const listening = this.onEvicted !== undefined || FROM_KEEPER.some((event) => this.emitter.heard[event]);
    if (listening === this.#subscribed) return;
    this.#subscribed = listening;
    const { cache } = this.ticket;
    // A cache that has been closed meanwhile has nothing to tell.
    await this.client.request({ op: 'subscribe', cache, listening }).catch(() => undefined);
  }
}
