import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Which load runs inside which, and which waits for which, so that a load that would wait for itself, by whatever way
 * round, is told at once instead of never.
 *
 * The storage is touched by misses only. A resource that a load creates and that outlives it (a timer, a connection)
 * keeps the frame, not the load: an ended load is let go.
 */
const storage = shared();

interface Registry {
  [name: symbol]: AsyncLocalStorage<Frame> | undefined;
}

/** One for all copies of this module in a thread: a loader may import another one than the thread that runs it. */
function shared(): AsyncLocalStorage<Frame> {
  const registry = globalThis as Registry;
  const name = Symbol.for('cachalot.loads');
  registry[name] ??= new AsyncLocalStorage<Frame>();
  return registry[name];
}

interface Frame {
  link: Link | undefined;
}

export class Link {
  readonly owner: object;
  readonly key: unknown;
  /** Its number in the process, where it has one. */
  flight = 0;
  readonly #parent: Link | undefined;
  readonly #waitsFor = new Set<Link>();
  readonly #frame: Frame;

  /** A load of `key` in `owner`, started by the load that runs now, if one does. */
  constructor(owner: object, key: unknown) {
    this.owner = owner;
    this.key = key;
    this.#parent = storage.getStore()?.link;
    this.#frame = { link: this };
  }

  run<T>(action: () => T): T {
    return storage.run(this.#frame, action);
  }

  end(): void {
    this.#frame.link = undefined;
  }

  /**
   * The load that runs now is going to wait for this one: gives the function that ends the wait, or `undefined` when
   * this one waits, directly or not, for the load that runs now.
   */
  await(): (() => void) | undefined {
    const waiting = storage.getStore()?.link;
    if (!waiting) return nothing;
    if (this.#reaches(waiting, new Set())) return undefined;
    waiting.#waitsFor.add(this);
    return () => waiting.#waitsFor.delete(this);
  }

  /** The number of the load that runs now, or of that which has started it; 0 outside of loads. */
  static currentFlight(): number {
    for (let link = storage.getStore()?.link; link !== undefined; link = link.#parent) {
      if (link.#frame.link && link.flight > 0) return link.flight;
    }
    return 0;
  }

  /** Whether the load that runs now is one of `key` in `owner`, or was started by one, however long the chain. */
  static isInside(owner: object, key: unknown): boolean {
    for (let link = storage.getStore()?.link; link !== undefined; link = link.#parent) {
      if (link.#frame.link && link.owner === owner && Object.is(link.key, key)) return true;
    }
    return false;
  }

  #reaches(target: Link, seen: Set<Link>): boolean {
    if (this === target) return true;
    seen.add(this);
    for (const next of this.#waitsFor) if (!seen.has(next) && next.#reaches(target, seen)) return true;
    return false;
  }
}

function nothing(): void {}
