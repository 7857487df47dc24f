import { TICK_BITS, TICKS } from './decay.js';

/** Time as a ranking counts it: by uses. A tick is a quarter of an octave, in which a weight loses 16 %. */
export class Clock {
  /** Rises for ever, modulo 2^32. */
  tick = 0;
  /** The tick as a weight. */
  now = 0;
  #halfLife: number;
  /** Uses until the next tick, */
  #left = 0;
  /** and what `uses` will be then. */
  #usesThen = 0;

  /** @param halfLife in uses per entry */
  constructor(halfLife: number) {
    this.#halfLife = halfLife;
  }

  /** From now on: what is left of the present tick is as large a part of it. */
  set halfLife(halfLife: number) {
    const left = Math.round((this.#left * halfLife) / this.#halfLife);
    this.#usesThen += left - this.#left;
    this.#left = left;
    this.#halfLife = halfLife;
  }

  /** Uses so far. */
  get uses(): number {
    return this.#usesThen - this.#left;
  }

  /** One of so many entries is used. O(1). */
  use(count: number): void {
    if (--this.#left < 0) this.#advance(count);
  }

  /** The next tick, or as many as one use is worth where there are few entries. */
  #advance(count: number): void {
    const uses = (this.#halfLife * Math.max(count, 5)) / TICKS;
    this.tick = (this.tick + Math.max(1, Math.round(1 / uses))) | 0;
    this.now = this.tick << TICK_BITS;
    const left = Math.max(0, Math.round(uses) - 1);
    this.#usesThen += left + 1;
    this.#left = left;
  }
}
