const SLICE_MS = 4;

/** Long work in a thread that has other things to do: between slices of some milliseconds the event loop has its turn. */
export class Turns {
  #until = performance.now() + SLICE_MS;

  /** Whether it is time to `yield`. */
  get isOver(): boolean {
    return performance.now() > this.#until;
  }

  async yield(): Promise<void> {
    await new Promise(setImmediate);
    this.#until = performance.now() + SLICE_MS;
  }
}
