import { randomFrom } from '../support/random.mjs';

/** Numbers that look random and are the same for the same seed. */
export class Random {
  constructor(seed) {
    /** From 0 to just below 1. */
    this.next = randomFrom(seed);
  }

  /** A whole number from 0 to `below - 1`. */
  int(below) {
    return Math.floor(this.next() * below);
  }

  between(least, most) {
    return least + this.next() * (most - least);
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** A size in bytes, each order of magnitude as likely as the others; a multiple of 4. */
  size(least, most) {
    return Math.ceil((least * (most / least) ** this.next()) / 4) * 4;
  }

  /** One of the names of an object, by the weights that are its values. */
  pick(weights) {
    const names = Object.keys(weights);
    let left = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    return names.at(-1);
  }
}
