import type { Random } from './random.js';

/**
 * The choices of one run, each among some that are numbered: drawn, or all there are, one run after the other. Of those
 * that make somebody wait, only so many in a run are other than 0, and runs with few of them come first: what is wrong is
 * nearly always found with one or two (Musuvathi and Qadeer, Iterative context bounding, 2007).
 */
export class Choices {
  taken: number[] = [];
  /** Of the run that is over, or under way: how many choices make somebody wait. */
  waits = 0;
  /** So many may, in this round. */
  #bound = 0;
  /** Whether a choice was not there in this round, for this. */
  #wasCut = false;
  #of: number[] = [];
  /** For choices whose number is not known beforehand: what is known by now. */
  #caps: (number | undefined)[] = [];
  #at = 0;

  constructor(readonly random: Random | undefined) {}

  get bound(): number {
    return this.#bound;
  }

  choose(of: number): number {
    return of === 1 ? 0 : this.#take(of);
  }

  /** How long somebody is to wait: 0 is not at all. */
  wait(): number {
    if (this.waits >= this.#bound) {
      this.#wasCut = true;
      return 0;
    }
    const chosen = this.#take(this.#caps[this.#at] ?? Number.POSITIVE_INFINITY);
    if (chosen > 0) this.waits++;
    return chosen;
  }

  /** Where the last choice stands among those of the run. */
  get last(): number {
    return this.#at - 1;
  }

  /** What was chosen at this place has not come about, and nor will anything larger. */
  cap(place: number): void {
    this.#caps[place] = this.#of[place] = this.taken[place]! + 1;
  }

  /** Anew, from the first. */
  reset(): void {
    this.taken = [];
    this.#bound = 0;
    this.#begin();
  }

  /** On to the next run; whether there is one. */
  next(): boolean {
    this.taken.length = Math.min(this.taken.length, this.#at);
    while (this.taken.length > 0) {
      const last = this.taken.length - 1;
      this.#caps.length = Math.min(this.#caps.length, this.taken.length);
      if (++this.taken[last]! < this.#of[last]!) {
        this.#at = this.waits = 0;
        return true;
      }
      this.taken.pop();
    }
    if (!this.#wasCut) return false;
    this.#bound++;
    this.#begin();
    return true;
  }

  #begin(): void {
    this.#of = [];
    this.#caps = [];
    this.#at = this.waits = 0;
    this.#wasCut = false;
  }

  #take(of: number): number {
    const at = this.#at++;
    if (at === this.taken.length) this.taken.push(this.random?.below(of) ?? 0);
    this.#of[at] = of;
    return Math.min(this.taken[at]!, of - 1);
  }
}
