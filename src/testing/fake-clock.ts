import type { Clock } from '../common/clock.js';
import { type Duration, parseDuration } from '../common/duration.js';
import { CacheConfigError, describe } from '../common/error.js';

/** A clock that stands still until it is told to go on: for tests of what expires. */
export class FakeClock implements Clock {
  #now: number;

  /** Starts at `now` ms. Default: 0. */
  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Goes on by a duration. */
  advance(duration: Duration): void {
    this.#now += parseDuration(duration, 'duration', { zero: true });
  }

  /** Goes on to a time, in ms; never back. */
  set(now: number): void {
    if (!(now >= this.#now)) {
      throw new CacheConfigError(`now: expected a time in ms from ${this.#now} on; got ${describe(now)}`);
    }
    this.#now = now;
  }
}
