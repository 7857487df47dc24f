/** Below this the clock says nothing, and a cost of 0 would be none. */
export const LEAST_MS = 1e-3;
/** One load that takes longer than so many times the usual is an accident: a collection, a full queue, a lost packet. */
const MOST_TIMES = 8;
/** What the newest load counts against all before it. */
const WEIGHT = 0.3;

/** The load time of an entry, from what it was so far (0: unknown) and the newest measurement: smoothed and clamped. */
export function smoothedLoadTime(soFar: number, measuredMs: number): number {
  const measured = Math.max(measuredMs, LEAST_MS);
  if (soFar === 0) return measured;
  return soFar + WEIGHT * (Math.min(measured, soFar * MOST_TIMES) - soFar);
}

/** How long the value of each entry takes to load, for as long as the entry lives; 0 for what was never loaded. */
export class LoadTimes {
  /** Whether anything was ever loaded: otherwise there is nothing to look up. */
  isUsed = false;
  #ms: Float64Array = new Float64Array(0);

  get(handle: number): number {
    return this.#ms[handle] ?? 0;
  }

  /** A load of the entry took so long. */
  note(handle: number, measuredMs: number): void {
    this.isUsed = true;
    if (handle >= this.#ms.length) this.#grow(handle + 1);
    this.#ms[handle] = smoothedLoadTime(this.#ms[handle]!, measuredMs);
  }

  /** The entry has left. */
  forget(handle: number): void {
    if (handle < this.#ms.length) this.#ms[handle] = 0;
  }

  clear(): void {
    this.isUsed = false;
    this.#ms.fill(0);
  }

  #grow(needed: number): void {
    const grown = new Float64Array(Math.max(64, needed, this.#ms.length * 1.5));
    grown.set(this.#ms);
    this.#ms = grown;
  }
}
