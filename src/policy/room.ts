import { FRACTION } from '../common/fraction.js';

/** Bytes that a ranking holds when it is full, and how they are divided between its window and the others. */
export class Room {
  /** Follows the bytes held when somebody has to go. */
  full = FRACTION;
  window = FRACTION;
  main = FRACTION;
  #windowShare: number;

  constructor(windowShare: number) {
    this.#windowShare = windowShare;
  }

  set windowShare(share: number) {
    this.#windowShare = share;
    this.#divide();
  }

  /** So much is held, and somebody has to go. */
  follow(bytes: number): void {
    const spare = this.full - bytes;
    if (spare === 0) return;
    if (spare < 0) this.full = bytes;
    else this.full -= spare / 32;
    this.#divide();
  }

  #divide(): void {
    this.window = this.#windowShare * this.full;
    this.main = this.full - this.window;
  }
}
