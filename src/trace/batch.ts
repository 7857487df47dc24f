/** Requests in a batch: enough to make a step of the stream cheap, few enough to stay in the processor's cache. */
export const BATCH_REQUESTS = 8192;

/**
 * Some requests of a trace, one after the other, as columns. A reader fills the same batch again and again: what is to
 * outlive the next step is copied.
 */
export interface Batch {
  /** Requests in it; the columns may be longer. */
  length: number;
  /** Dense ids of the objects, from 0 in the order of their first requests. */
  readonly ids: Uint32Array;
  /** Bytes of the object as of this request: whole numbers, 0 or more. */
  readonly sizes: Float64Array;
  /** What a miss costs, as the trace says; 1 where it says nothing. */
  readonly costs: Float64Array;
}

export function newBatch(capacity = BATCH_REQUESTS): Batch {
  return {
    length: 0,
    ids: new Uint32Array(capacity),
    sizes: new Float64Array(capacity),
    costs: new Float64Array(capacity).fill(1),
  };
}
