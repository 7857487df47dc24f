import { grownInt32 } from './grow.js';

/** Parts of a millisecond that are told at first: more than clocks tell truly. */
const FIRST_SCALE = 64;
const LARGEST = 2 ** 31 - 1;

/**
 * A time for each handle in 4 bytes: a whole number of ticks since the first time that was noted. A tick is a 64th of a
 * millisecond, and twice as long each time the numbers no longer suffice: after nine hours, eighteen, … So it is a
 * millisecond after 24 days, and of what is then that old nobody asks for less. O(1); O(n) when the tick changes.
 */
export class Times {
  #ticks: Int32Array = new Int32Array(0);
  #epoch = Number.NaN;
  #scale = FIRST_SCALE;

  get(handle: number): number {
    return this.#epoch + this.#ticks[handle]! / this.#scale;
  }

  set(handle: number, timeMs: number): void {
    const ticks = (timeMs - this.#epoch) * this.#scale;
    if (ticks <= LARGEST && ticks >= -LARGEST) this.#ticks[handle] = ticks;
    else this.#setAfar(handle, timeMs);
  }

  /** For handles below `capacity`. */
  grow(capacity: number): void {
    this.#ticks = grownInt32(this.#ticks, capacity);
  }

  clear(): void {
    this.#ticks = new Int32Array(0);
    this.#epoch = Number.NaN;
    this.#scale = FIRST_SCALE;
  }

  #setAfar(handle: number, timeMs: number): void {
    if (Number.isNaN(this.#epoch)) this.#epoch = timeMs;
    while (Math.abs(timeMs - this.#epoch) * this.#scale > LARGEST) this.#coarsen();
    this.#ticks[handle] = (timeMs - this.#epoch) * this.#scale;
  }

  #coarsen(): void {
    this.#scale /= 2;
    for (let handle = 0; handle < this.#ticks.length; handle++) this.#ticks[handle]! >>= 1;
  }
}
