import { randomBytes } from 'node:crypto';
import { type Clock, monotonicClock } from '../common/clock.js';

export const CLOCK_ID_BYTES = 16;

/** When something was noted, on two clocks: the cache's own, by its name, and the wall's. */
export interface TimeStamp {
  /** Names the clock that `now` was read from, in hexadecimal: no two clocks have one name. */
  readonly clock: string;
  /** ms on that clock. */
  readonly now: number;
  /** ms since 1970 on the wall clock. */
  readonly wall: number;
}

const names = new WeakMap<Clock, string>();

/** The name of a clock: the same for as long as it lives, and nobody else's. */
function nameOf(clock: Clock): string {
  let name = names.get(clock);
  if (name === undefined) {
    name = newClockName();
    names.set(clock, name);
  }
  return name;
}

function newClockName(): string {
  return randomBytes(CLOCK_ID_BYTES).toString('hex');
}

export function timeStamp(clock: Clock = monotonicClock): TimeStamp {
  return { clock: nameOf(clock), now: clock.now(), wall: Date.now() };
}

/**
 * ms from one stamp to a later one: by the clock, when both were read from the same; else, in another process or
 * thread, by the wall clock, which may have been set back meanwhile: then no time has passed.
 */
export function elapsed(from: TimeStamp, to: TimeStamp): number {
  const ms = from.clock === to.clock ? to.now - from.now : to.wall - from.wall;
  return Math.max(0, ms);
}
