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
  /** A deadline beyond this has not passed, as long as `uses` lasts. `Infinity` when there is no reading to use. */
  horizon = Number.POSITIVE_INFINITY;
  /** How often the last reading may still be used; whoever uses it takes one. */
  uses = 0;
  readonly #clock: Clock;
  readonly #isOwn: boolean;
  #reading = 0;
  #readings = 0;
  #armed = false;

  constructor(clock: Clock, isOwn: boolean) {
    this.#clock = clock;
    this.#isOwn = isOwn;
  }

  /** The time, exactly. */
  now(): number {
    const time = this.#clock.now();
    if (this.#isOwn) this.#keep(time);
    return time;
  }

  /** The time as it was at most 32 calls ago in this turn of the event loop. */
  recent(): number {
    if (this.uses === 0) return this.now();
    this.uses--;
    return this.#reading;
  }

  #keep(time: number): void {
    if (!this.#armed) {
      if (++this.#readings < READINGS_BEFORE_REUSE) return;
      this.#armed = true;
      setImmediate(() => this.#forget()).unref();
    }
    this.#reading = time;
    this.horizon = time + MARGIN_MS;
    this.uses = USES;
  }

  #forget(): void {
    this.#armed = false;
    this.#readings = 0;
    this.uses = 0;
    this.horizon = Number.POSITIVE_INFINITY;
  }
}
