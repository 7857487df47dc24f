import { grownCapacity, grownFloat64 } from '../struct/grow.js';
import type { Batch } from './batch.js';

/** What a trace is about, told by one pass: 8 bytes an object. */
export class Footprint {
  requests = 0;
  objects = 0;
  /** The sum of the sizes of the objects; of one that changes its size, the largest. */
  bytes = 0;
  /** object → its largest size, or -1 before its first request. */
  #sizes: Float64Array = new Float64Array(0);

  add({ ids, sizes, length }: Batch): void {
    this.requests += length;
    for (let i = 0; i < length; i++) {
      const id = ids[i]!;
      const size = sizes[i]!;
      if (id >= this.#sizes.length) this.#grow(id + 1);
      const known = this.#sizes[id]!;
      if (known >= size) continue;
      if (known < 0) this.objects++;
      this.bytes += size - Math.max(known, 0);
      this.#sizes[id] = size;
    }
  }

  #grow(needed: number): void {
    const known = this.#sizes.length;
    this.#sizes = grownFloat64(this.#sizes, grownCapacity(known, needed)).fill(-1, known);
  }
}
