import { CacheClosedError } from '../common/error.js';
import { type KeyPattern, keyMatcher } from '../common/pattern.js';
import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import { SLOT } from './layout.js';
import { namespaceMark, ownKeys } from './namespace-key.js';

/** So long the keeper does nothing else, in milliseconds; then others have their turn. */
const SLICE_MS = 3;
/** The clock is read once in so many keys. */
const KEYS_A_LOOK = 256;

/** Where, and what. */
export interface Matching {
  path: readonly string[];
  by: KeyPattern;
}

/**
 * # A removal that looks at all keys
 *
 * It takes as many turns of the keeper as it needs, and others are served in between. Still what was there when it began
 * goes, and what was written since stays: what was being written or loaded is superseded in the first turn; entries are
 * visited by their handles, which stay with them when their bytes move; and what is entered meanwhile is noted and passed
 * over, since it may have got a handle that is still to be visited.
 */
export class KeyScan {
  readonly #handles: Iterator<number>;
  readonly #matches: (key: string) => boolean;
  readonly #newer = new Set<number>();
  readonly #mark: number;
  #count = 0;

  constructor(
    readonly house: Household,
    readonly cache: KeeperCache,
    { path, by }: Matching,
    readonly remove: (slot: number) => boolean,
  ) {
    const matches = keyMatcher(by);
    const own = ownKeys(path);
    this.#matches = (inner) => matches(own(inner));
    this.#mark = namespaceMark(path);
    house.flights.supersedeWhere(cache, this.#matches);
    house.reservations.supersedeWhere(cache, this.#matches);
    this.#handles = cache.store.handlesIn(path);
  }

  /** Runs to its end; `done` is told, at once or later, how many fresh entries went, or why it was broken off. */
  run(done: (count: number) => void, fail: (error: Error) => void): void {
    const { store } = this.cache;
    const note = (handle: number) => this.#newer.add(handle);
    const turn = (): void => {
      if (this.cache.closed) {
        fail(new CacheClosedError(`cache '${this.cache.config.name}' has been closed`));
      } else if (this.#isOver()) {
        done(this.#count);
      } else {
        store.onEnter.add(note);
        setImmediate(() => {
          turn();
          this.house.settle();
        });
        return;
      }
      store.onEnter.delete(note);
    };
    turn();
  }

  /** One turn; whether all have been visited. */
  #isOver(): boolean {
    const until = performance.now() + SLICE_MS;
    for (let visited = 1; ; visited++) {
      const { done, value: handle } = this.#handles.next();
      if (done) return true;
      this.#visit(handle);
      if (visited % KEYS_A_LOOK === 0 && performance.now() >= until) return false;
    }
  }

  #visit(handle: number): void {
    const { store, table } = this.cache;
    const slot = store.entered(handle);
    // Most keys of other namespaces need not even be read.
    if (slot < 0 || table.int(slot, SLOT.namespace) !== this.#mark || this.#newer.has(handle)) return;
    if (this.#matches(store.key(slot)) && this.remove(slot)) this.#count++;
  }
}
