/** A sequence of small numbers, as two of 32 bits that tell it from others. */
export class Digest {
  high = 0;
  low = 0;

  note(what: number): void {
    this.high = Math.imul(this.high ^ what, 0x9e3779b1) ^ (this.high >>> 15);
    this.low = Math.imul(this.low ^ what, 0x85ebca6b) ^ (this.low >>> 13);
  }

  reset(): void {
    this.high = this.low = 0;
  }
}

/**
 * Tells schedules apart by what everybody has met: in which order messages came, which store each load has found, and
 * which loads each store has come after. Two that differ in nothing but the order of accesses to different places are the
 * same one here.
 */
export class Signature {
  /** Of each place: how often it was stored to; and, where threads store, how often the keeper has loaded it. */
  readonly #stores = new Map<number, number>();
  readonly #loads = new Map<number, number>();
  readonly #threads: Digest[] = [];
  readonly #keeper = new Digest();

  reset(threads: number): void {
    this.#stores.clear();
    this.#loads.clear();
    while (this.#threads.length < threads) this.#threads.push(new Digest());
    this.#threads.length = threads;
    for (const digest of this.#threads) digest.reset();
    this.#keeper.reset();
  }

  /** Something that is the keeper's, or everybody's. */
  note(what: number): void {
    this.#keeper.note(what);
  }

  /** A thread does something else than an access. */
  mark(thread: number, what: number): void {
    this.#threads[thread]!.note(what);
  }

  access(thread: number, place: number, isStore: boolean): void {
    const stores = this.#stores.get(place) ?? 0;
    const digest = this.#threads[thread]!;
    if (isStore) {
      this.#stores.set(place, stores + 1);
      digest.note(0x10000 + (this.#loads.get(place) ?? 0));
    } else digest.note(stores);
  }

  keeper(isStore: boolean, from: number, to: number): void {
    const map = isStore ? this.#stores : this.#loads;
    for (let place = from; place < to; place++) map.set(place, (map.get(place) ?? 0) + 1);
  }

  /** Both halves of it. */
  sum(): Digest {
    const sum = new Digest();
    sum.note(this.#keeper.high);
    sum.note(this.#keeper.low);
    for (const { high, low } of this.#threads) {
      sum.note(high);
      sum.note(low);
    }
    return sum;
  }
}
