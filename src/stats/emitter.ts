import { CacheConfigError, describe } from '../common/error.js';
import { warnOnce } from './warn.js';

export type Listener<T> = (event: T) => unknown;

interface Entry<T> {
  listener: Listener<T>;
  once: boolean;
}

interface EmitterOptions {
  /** Called when a first listener comes or a last one goes. */
  onChange?: () => void;
  /** Stands in warnings for the thing that emits. */
  name?: string;
}

/**
 * Typed events. Who emits asks `heard.<event>` first, a plain boolean, so that nobody listening costs nothing and no
 * event object is made.
 *
 * A listener harms nobody: what it throws, or rejects with, becomes an `error` event, and the others are still told.
 * An `error` that nobody listens to is a warning of the process, once.
 */
export class Emitter<Events extends { error: { error: unknown } }> {
  /** Whether anybody listens. */
  readonly heard: Readonly<Record<keyof Events, boolean>>;
  readonly #heard: Record<keyof Events, boolean>;
  readonly #listeners = new Map<keyof Events, readonly Entry<never>[]>();
  readonly #onChange: (() => void) | undefined;
  readonly #name: string;

  constructor(names: readonly (keyof Events)[], { onChange, name = 'cache' }: EmitterOptions = {}) {
    this.#heard = Object.fromEntries(names.map((event) => [event, false])) as Record<keyof Events, boolean>;
    this.heard = this.#heard;
    this.#onChange = onChange;
    this.#name = name;
  }

  /** @throws CacheConfigError for an event that does not exist and for a listener that cannot be called. */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>, once = false): void {
    this.#check(event, listener);
    this.#update(event, [...this.#entries(event), { listener, once }]);
  }

  /** Takes away the listener's last registration, if there is one. */
  off<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    this.#check(event, listener);
    const entries = this.#entries(event);
    const index = entries.findLastIndex((entry) => entry.listener === listener);
    if (index >= 0) this.#update(event, entries.toSpliced(index, 1));
  }

  /** Tells everybody who listens now, in the order of registration. Never throws. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    const entries = this.#entries(event);
    if (entries.length === 0) {
      if (event === 'error') warnOnce(`${this.#name}: ${String(reasonOf(payload))} (listen to 'error' to handle it)`);
      return;
    }
    for (const entry of entries) {
      if (entry.once) this.#removeOnce(event, entry);
      this.guard(() => entry.listener(payload), event === 'error');
    }
  }

  /**
   * Runs what a user gave us: what it throws or rejects with is reported and goes no further. Nobody waits for what
   * it promises.
   */
  guard(callback: () => unknown, isErrorListener = false): void {
    const report = (error: unknown): void => {
      if (isErrorListener) warnOnce(`${this.#name}: a listener of 'error' failed: ${String(error)}`);
      else this.emit('error', { error } as Events['error']);
    };
    try {
      const result = callback();
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  }

  /** Forgets every listener. */
  clear(): void {
    for (const event of [...this.#listeners.keys()]) this.#update(event, []);
  }

  #entries<E extends keyof Events>(event: E): readonly Entry<Events[E]>[] {
    return (this.#listeners.get(event) ?? []) as readonly Entry<Events[E]>[];
  }

  #removeOnce<E extends keyof Events>(event: E, entry: Entry<Events[E]>): void {
    const entries = this.#entries(event);
    if (entries.includes(entry))
      this.#update(
        event,
        entries.filter((other) => other !== entry),
      );
  }

  #update<E extends keyof Events>(event: E, entries: readonly Entry<Events[E]>[]): void {
    this.#listeners.set(event, entries as readonly Entry<never>[]);
    const heard = entries.length > 0;
    if (heard === this.#heard[event]) return;
    this.#heard[event] = heard;
    this.#onChange?.();
  }

  #check(event: keyof Events, listener: unknown): void {
    if (!Object.hasOwn(this.#heard, event)) {
      const known = Object.keys(this.#heard).join(', ');
      throw new CacheConfigError(`event: expected one of ${known}; got ${describe(event)}`);
    }
    if (typeof listener !== 'function') {
      throw new CacheConfigError(`listener of '${String(event)}': expected a function; got ${describe(listener)}`);
    }
  }
}

function reasonOf(payload: unknown): unknown {
  return payload !== null && typeof payload === 'object' && 'error' in payload ? payload.error : payload;
}
