import { hashString } from '../common/hash.js';
import { IdTable } from '../struct/id-table.js';
import { BATCH_REQUESTS, type Batch, newBatch } from './batch.js';

/** Two hashes of a key make 64 bits, which stand for it. */
const SEED_LOW = 0x2545f491;
const SEED_HIGH = 0x9e3779b9;

/** Where readers of text put what they find: keys become ids, requests become batches. */
export class RequestSink {
  readonly batch: Batch = newBatch();
  readonly #ids = new IdTable();
  /** id → the size of the last request, for records that do not say it. */
  #sizes: Float64Array = new Float64Array(1024);

  get isFull(): boolean {
    return this.batch.length === BATCH_REQUESTS;
  }

  idOf(key: string): number {
    return this.#ids.idOf(hashString(key, SEED_LOW), hashString(key, SEED_HIGH));
  }

  /** The size of an object as of its last request; 0 before the first. */
  lastSize(id: number): number {
    return this.#sizes[id] ?? 0;
  }

  /** The batch must not be full. */
  add(id: number, size: number, cost = 1): void {
    const { batch } = this;
    batch.ids[batch.length] = id;
    batch.sizes[batch.length] = size;
    batch.costs[batch.length++] = cost;
    if (id >= this.#sizes.length) {
      const sizes = new Float64Array(Math.max(2 * this.#sizes.length, id + 1));
      sizes.set(this.#sizes);
      this.#sizes = sizes;
    }
    this.#sizes[id] = size;
  }
}
