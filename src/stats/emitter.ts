import { CacheConfigError, describe } from '../common/error.js';
import { warnOnce } from './warn.js';

export type Listener<T> = (event: T) => unknown;

interface Entry<T> {
  listener: Listener<T>;
  once: boolean;
}

interface EmitterOptions<Events extends { error: { error: unknown } }> {
  /** Called when a first listener comes or a last one goes. */
  onChange?: () => void;
  /** Stands in warnings for the thing that emits. */
  name?: string;
  /** Who is told, after those who listen here, of all that happens here. */
  parent?: Emitter<Events> | undefined;
  /** Is added to what is told. */
  namespace?: string | undefined;
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
  readonly #parent: Emitter<Events> | undefined;
  readonly namespace: string | undefined;

  constructor(
    names: readonly (keyof Events)[],
    { onChange, name = 'cache', parent, namespace }: EmitterOptions<Events> = {},
  ) {
    this.#heard = Object.fromEntries(names.map((event) => [event, false])) as Record<keyof Events, boolean>;
    this.heard = parent === undefined ? this.#heard : heardByEither(this.#heard, parent);
    this.#onChange = onChange;
    this.#name = name;
    this.#parent = parent;
    this.namespace = namespace;
  }

  /** Whether anybody listens here, and not above only. */
  get hasListeners(): boolean {
    return Object.values(this.#heard).includes(true);
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
  emit<E extends keyof Events>(event: E, given: Events[E]): void {
    const entries = this.#entries(event);
    const { namespace } = this;
    const payload = namespace === undefined || hasNamespace(given) ? given : Object.assign({}, given, { namespace });
    // An error that was heard here is no warning above.
    const parent = event === 'error' && entries.length > 0 && !this.#parent?.heard.error ? undefined : this.#parent;
    if (entries.length === 0 && parent === undefined) {
      if (event === 'error') warnOnce(`${this.#name}: ${String(reasonOf(payload))} (listen to 'error' to handle it)`);
      return;
    }
    for (const entry of entries) {
      if (entry.once) this.#removeOnce(event, entry);
      this.guard(() => entry.listener(payload), event === 'error');
    }
    parent?.emit(event, payload);
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

function heardByEither<E extends PropertyKey>(
  own: Readonly<Record<E, boolean>>,
  { heard }: { readonly heard: Readonly<Record<E, boolean>> },
): Readonly<Record<E, boolean>> {
  const either = { ...own };
  for (const event of Object.keys(own) as E[]) {
    Object.defineProperty(either, event, { get: () => own[event] || heard[event] });
  }
  return either;
}

/** Whether it comes from a namespace further down. */
function hasNamespace(payload: unknown): boolean {
  return payload !== null && typeof payload === 'object' && 'namespace' in payload;
}

function reasonOf(payload: unknown): unknown {
  return payload !== null && typeof payload === 'object' && 'error' in payload ? payload.error : payload;
}
