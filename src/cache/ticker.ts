import type { Clock } from '../common/clock.js';

/**
 * Time for the hot paths. Reading a clock costs as much as several look-ups, so a reading may stand for a while, under
 * conditions that keep it harmless: only with the process's own clock (one that a user gives is read each time), for a
 * limited number of uses, within one turn of the event loop, and only to decide what it cannot get wrong: that an
 * entry whose deadline lies a good second ahead is fresh.
 */
const MARGIN_MS = 1_000;
const USES = 32;
// A turn with fewer readings than this is not worth a callback at its end.
const READINGS_BEFORE_REUSE = 8;

export class Ticker {
  /** The last reading. In an array, since a number handed from function to function may cost an allocation each time. */
  readonly time: Float64Array = new Float64Array(1);
  /** A deadline beyond this has not passed, as long as `uses` lasts. `Infinity` when there is no reading to use. */
  horizon = Number.POSITIVE_INFINITY;
  /** How often the last reading may still be used; whoever uses it takes one. */
  uses = 0;
  /** Called when the last reading may not be used any more: with the turn, and when there is a newer one. */
  onOutdated: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #isOwn: boolean;
  #readings = 0;
  #armed = false;

  constructor(clock: Clock, isOwn: boolean) {
    this.#clock = clock;
    this.#isOwn = isOwn;
  }

  /** The time, exactly. */
  now(): number {
    const time = this.#clock.now();
    this.time[0] = time;
    if (this.#isOwn) this.#keep(time);
    return time;
  }

  /** Sees to it that the last reading is one of this turn of the event loop, and at most 32 calls old. */
  refresh(): void {
    if (this.uses > 0) this.uses--;
    else this.now();
  }

  /** Whether a deadline has surely not passed, by a reading that may still be used. */
  isBefore(deadline: number): boolean {
    return this.uses > 0 && deadline > this.horizon;
  }

  #keep(time: number): void {
    if (!this.#armed) {
      if (++this.#readings < READINGS_BEFORE_REUSE) return;
      this.#armed = true;
      setImmediate(() => this.#forget()).unref();
    }
    this.onOutdated();
    this.horizon = time + MARGIN_MS;
    this.uses = USES;
  }

  #forget(): void {
    this.#armed = false;
    this.#readings = 0;
    this.onOutdated();
    this.uses = 0;
    this.horizon = Number.POSITIVE_INFINITY;
  }
}
