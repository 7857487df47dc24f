import { CacheClosedError } from '../common/error.js';
import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';

/** So long the keeper does nothing else, in milliseconds; then others have their turn. */
const SLICE_MS = 3;
/** The clock is read once in so many entries. */
const ENTRIES_A_LOOK = 64;

/**
 * # A removal that may take long
 *
 * It takes as many turns of the keeper as it needs, and others are served in between. Still what was there when it began
 * goes, and what was written since stays: whoever begins a walk has superseded what was being written or loaded; entries
 * are visited by their handles, which stay with them when their bytes move; and what is entered meanwhile is noted and
 * passed over, since it may have got a handle that is still to be visited.
 */
export class SlotWalk {
  readonly #newer = new Set<number>();
  #count = 0;

  constructor(
    readonly house: Household,
    readonly cache: KeeperCache,
    readonly handles: Iterator<number>,
    /** Called for the slot of each entry; whether it counts. */
    readonly visit: (slot: number) => boolean,
  ) {}

  /** Runs to its end; `done` is told, at once or later, how many have counted, or `fail`, why it was broken off. */
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
    const { store } = this.cache;
    const until = performance.now() + SLICE_MS;
    for (let visited = 1; ; visited++) {
      const { done, value: handle } = this.handles.next();
      if (done) return true;
      const slot = store.entered(handle);
      if (slot >= 0 && !this.#newer.has(handle) && this.visit(slot)) this.#count++;
      if (visited % ENTRIES_A_LOOK === 0 && performance.now() >= until) return false;
    }
  }
}
