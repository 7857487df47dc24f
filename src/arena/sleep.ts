import { CONTROL_SLEEPS } from './layout.js';

/** Whether the keeper sleeps, as it says itself: who asks for something by a word in shared memory nudges it then. */
export class Sleep {
  readonly #words: Int32Array;
  #count: number;

  constructor(control: SharedArrayBuffer) {
    this.#words = new Int32Array(control);
    // Not the number of a sleep of the keeper before.
    this.#count = (this.#words[CONTROL_SLEEPS]! + 3) | 1;
    Atomics.store(this.#words, CONTROL_SLEEPS, this.#count);
  }

  end(): void {
    if ((this.#count & 1) !== 0) this.#next();
  }

  /** To be said before the last look at what may have been asked meanwhile. */
  begin(): void {
    if ((this.#count & 1) === 0) this.#next();
  }

  #next(): void {
    this.#count = (this.#count + 1) | 0;
    Atomics.store(this.#words, CONTROL_SLEEPS, this.#count);
  }
}
