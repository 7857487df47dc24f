/** When the keeper removes the dead of a cache behind everybody's back: by need, at an interval, or not at all. */
export class Sweeping {
  #isOn: boolean;
  #last = Number.NEGATIVE_INFINITY;

  /** ms between two sweeps; `undefined`: by need. `Infinity`: none. */
  constructor(readonly intervalMs: number | undefined) {
    this.#isOn = intervalMs !== Number.POSITIVE_INFINITY;
  }

  set(isOn: boolean): void {
    this.#isOn = isOn;
  }

  /** When the next one is due, if the first entry ends at `deadline`. */
  due(deadline: number, now: number): number {
    if (!this.#isOn || deadline === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const { intervalMs = 0 } = this;
    if (intervalMs === 0 || intervalMs === Number.POSITIVE_INFINITY) return deadline;
    // The interval runs while there is something to wait for.
    if (this.#last === Number.NEGATIVE_INFINITY) this.#last = now;
    return Math.max(deadline, this.#last + intervalMs);
  }

  /** Whether it is to be carried out now; then it counts as carried out. */
  begin(deadline: number, now: number): boolean {
    if (this.due(deadline, now) > now) return false;
    this.#last = now;
    return true;
  }
}
