import { after } from '../common/timer.js';

/** What is swept. */
export interface Sweepable {
  /** Removes some of the dead; gives the ms until there may be more: 0 when there are more already, else `Infinity`. */
  sweepSome(): number;
}

// Without an interval of the user's, a sweep follows the one before by this at least: entries that die one after the
// other leave in bunches.
const SPACING_MS = 50;

interface SweeperOptions {
  /** ms between sweeps; `undefined`: by need. */
  interval: number | undefined;
  /** The longest wait, for clocks that do not run like the timers of the process. */
  longestWait: number;
}

/**
 * Removes the dead behind the user's back, with one timer, which keeps neither the process nor the cache alive, and runs
 * only while something can die.
 */
export class Sweeper {
  /** The time, on the cache's clock, of the next sweep; `Infinity` when none is planned. */
  due = Number.POSITIVE_INFINITY;
  readonly #target: WeakRef<Sweepable>;
  readonly #interval: number | undefined;
  readonly #longestWait: number;
  #cancel: (() => void) | undefined;
  #isOn: boolean;
  #lastSweep = Number.NEGATIVE_INFINITY;

  constructor(target: Sweepable, { interval, longestWait }: SweeperOptions) {
    this.#target = new WeakRef(target);
    // Who starts it all the same wants it by need.
    this.#isOn = interval !== Number.POSITIVE_INFINITY;
    this.#interval = this.#isOn ? interval : undefined;
    this.#longestWait = longestWait;
  }

  /** Plans a sweep for a death at `deadAt`, unless an earlier one is planned. */
  plan(deadAt: number, now: number): void {
    if (!this.#isOn || deadAt >= this.due) return;
    if (this.#interval !== undefined) {
      if (this.due === Number.POSITIVE_INFINITY) this.#arm(now, this.#interval);
      return;
    }
    const due = Math.max(deadAt, this.#lastSweep + SPACING_MS);
    if (due < this.due) this.#arm(now, Math.min(due - now, this.#longestWait));
  }

  start(): void {
    this.#isOn = true;
  }

  stop(): void {
    this.#isOn = false;
    this.#disarm();
  }

  #arm(now: number, delayMs: number): void {
    this.#disarm();
    this.due = now + delayMs;
    const due = this.due;
    this.#cancel = after(Math.max(delayMs, 1), () => this.#sweep(due), { ref: false });
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.due = Number.POSITIVE_INFINITY;
  }

  #sweep(due: number): void {
    this.due = Number.POSITIVE_INFINITY;
    this.#lastSweep = due;
    const target = this.#target.deref();
    if (!target || !this.#isOn) return;
    const wait = target.sweepSome();
    if (!this.#isOn || this.due !== Number.POSITIVE_INFINITY || wait === Number.POSITIVE_INFINITY) return;
    if (wait === 0) this.#arm(due, 1);
    else this.#arm(due, this.#interval ?? Math.min(Math.max(wait, SPACING_MS), this.#longestWait));
  }
}
