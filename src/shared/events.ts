import type { ArenaClient } from '../arena/client.js';
import { placedKey, withinPrefix } from '../arena/namespace-key.js';
import type { CacheNews, CacheTicket, WireError } from '../arena/protocol.js';
import { fromWire } from '../arena/wire-error.js';
import { CacheError } from '../common/error.js';
import { namespaceLabel } from '../common/namespace.js';
import { Emitter } from '../stats/emitter.js';
import { CACHE_EVENTS, REMOVAL_EVENT, type RemovalReason } from '../stats/event.js';
import { WeakValues } from '../struct/weak-values.js';
import type { OnEvicted } from './options.js';
import type { Scope } from './scope.js';

/** What listeners of a shared cache are told. The bytes of what is removed are gone by then. */
export interface SharedEvent {
  key: string;
  /** The namespace that the key lives in, where it is not the cache's own. */
  namespace?: string;
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
  /** One for each entry that left; of a cache that held nothing, one without a key. */
  clear: SharedEvent | { namespace?: string; key?: undefined; size?: undefined; reason?: undefined };
  load: SharedEvent;
  loadError: SharedEvent;
  maxSizeExceeded: SharedEvent;
  error: { error: unknown; key?: string };
}

/** Of a view of a namespace. */
interface Above {
  parent: SharedNews;
  scope: Scope;
}

/** Events that the keeper tells of; the others are of the thread's own making. */
const FROM_KEEPER = ['set', 'delete', 'evict', 'expire', 'clear', 'load', 'loadError', 'maxSizeExceeded'] as const;

/** A thread's listeners, told of its own hits and misses and of what happens to the cache in any thread. */
export class SharedNews {
  readonly emitter: Emitter<SharedEvents>;
  readonly #root: SharedNews;
  /** Those of namespaces, by what their keys begin with: all that are held, and those that somebody listens to. */
  readonly #views = new WeakValues<SharedNews>();
  readonly #heardViews = new Map<string, SharedNews>();
  #subscribed = false;
  #isClosed = false;
  /** Events that the listeners of this thread were too slow for. */
  #lost = 0;

  constructor(
    readonly client: ArenaClient,
    readonly ticket: CacheTicket,
    readonly onEvicted: OnEvicted | undefined,
    above?: Above,
  ) {
    const name = ticket.config.name;
    this.#root = above ? above.parent.#root : this;
    this.emitter = new Emitter<SharedEvents>(CACHE_EVENTS, {
      name,
      onChange: () => (above ? this.#root.#hear(above.scope.within, this) : void this.#subscribe()),
      parent: above?.parent.emitter,
      namespace: above?.scope.label,
    });
    if (onEvicted) void this.#subscribe();
  }

  /** The news of a namespace within: those who listen there hear what is its own, and here it is heard, too. */
  view(scope: Scope): SharedNews {
    const known = this.#root.#views.get(scope.within);
    if (known) return known;
    const view = new SharedNews(this.client, this.ticket, undefined, { parent: this, scope });
    this.#root.#views.add(scope.within, view);
    return view;
  }

  /** Nobody is told any more. */
  close(): void {
    this.#isClosed = true;
    for (const { emitter } of this.#heardViews.values()) emitter.clear();
    this.emitter.clear();
    void this.#subscribe();
  }

  /** Told by the keeper. */
  tell(news: readonly CacheNews[], lost: number): void {
    if (lost > 0) this.#announce(lost);
    for (const one of news) this.#tellOne(one);
  }

  #announce(lost: number): void {
    this.#lost += lost;
    const text = `cache '${this.ticket.config.name}': expected listeners to keep up with the cache; ${lost} events were dropped (${this.#lost} in all)`;
    this.emitter.emit('error', { error: new CacheError(text) });
  }

  /** Told by the keeper of what has failed there. */
  tellFault(error: WireError, warns: boolean): void {
    if (warns || this.emitter.heard.error) this.emitter.emit('error', { error: fromWire(error) });
  }

  #tellOne(news: CacheNews): void {
    const { type } = news;
    const { path, key } = placedKey(news.key);
    const emitter = this.#emitterOf(path);
    const place = path.length === 0 ? { key } : { key, namespace: namespaceLabel(path) };
    if (type === 'removal') {
      const { onEvicted } = this;
      const { namespace } = place;
      const { size, reason } = news;
      if (onEvicted)
        emitter.guard(() => onEvicted(key, namespace === undefined ? { size } : { size, namespace }, reason));
      const event = REMOVAL_EVENT[reason];
      if (event && emitter.heard[event]) emitter.emit(event, { ...place, size, reason });
      return;
    }
    if (!emitter.heard[type]) return;
    if (type === 'clear') {
      emitter.emit(type, path.length === 0 ? {} : { namespace: namespaceLabel(path) });
      return;
    }
    const event: SharedEvent = { ...place };
    if ('size' in news) event.size = news.size;
    if ('durationMs' in news) event.durationMs = news.durationMs;
    if ('error' in news) event.error = fromWire(news.error);
    emitter.emit(type, event);
  }

  /** Of the innermost namespace on the way to a key that somebody listens to, else the cache's. */
  #emitterOf(path: readonly string[]): Emitter<SharedEvents> {
    for (let depth = this.#heardViews.size > 0 ? path.length : 0; depth > 0; depth--) {
      const view = this.#heardViews.get(withinPrefix(path.slice(0, depth)));
      if (view) return view.emitter;
    }
    return this.emitter;
  }

  /** Listeners of a namespace have come or gone. */
  #hear(within: string, view: SharedNews): void {
    if (view.emitter.hasListeners) this.#heardViews.set(within, view);
    else this.#heardViews.delete(within);
    void this.#subscribe();
  }

  // Nobody listening costs nothing: the keeper collects news only for threads that have asked for it.
  async #subscribe(): Promise<void> {
    const heard = [this, ...this.#heardViews.values()].map(({ emitter }) => emitter.heard);
    const isHeard = this.onEvicted !== undefined || heard.some((one) => FROM_KEEPER.some((event) => one[event]));
    const listening = isHeard && !this.#isClosed;
    if (listening === this.#subscribed) return;
    this.#subscribed = listening;
    // A cache that has been closed meanwhile has nothing to tell.
    await this.client.listen(this.ticket.cache, this, listening).catch(() => undefined);
  }
}
