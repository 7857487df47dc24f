/**
 * What every in-process cache is asked: the keys, the values, and in which order.
 */

import { createRandom, zipfDraws } from '../harness/random.js';
import type { Window } from '../harness/timing.js';
import type { Value } from '../peers/heap-cache.js';

export interface HeapInput {
  contender: string;
  seed: number;
  product: string;
  window: Window;
  keys: number;
  capacity: number;
  /** Length of the recorded order of keys; a power of two. */
  draws: number;
  /** Which loads; default: all. */
  loads?: readonly string[];
  /** Whether the heap is weighed, too. Default: true. */
  weighs?: boolean;
}

export interface Workload {
  capacity: number;
  /** Known keys: strings that exist and have been hashed before. */
  keys: string[];
  values: Value[];
  /** Keys that are resident, Zipf 0.99 over the capacity. */
  resident: Uint32Array;
  /** All keys, Zipf 0.99. */
  all: Uint32Array;
  /** Whether a request of the mixed load writes: one in ten. */
  writes: Uint8Array;
  /** `draws - 1`, to wrap by. */
  mask: number;
  /** Keys for evicting sets, in a circle so long that each has been evicted when it comes round, even from caches that
   *  keep twice what they are asked to. */
  circle: string[];
}

const FIRST_ID = 1_000_000;
/** More values than this are shared between keys: a cache cannot tell, and ten millions of them need not be made. */
const MOST_VALUES = 2_000_000;
/** From so many entries on the circle is shorter: who keeps twice what he is asked to is not asked for that many. */
const MANY = 1_000_000;

/** A freshly built key, as a server makes it from a request: equal to `keys[id]`, not yet hashed. */
export function freshKey(id: number): string {
  return `user:${FIRST_ID + id}`;
}

export function prepare({ seed, keys, capacity, draws }: HeapInput): Workload {
  const random = createRandom(seed);
  const values = Array.from({ length: Math.min(keys, MOST_VALUES) }, (_, id) => ({ id, name: `name ${id}` }));
  return {
    capacity,
    keys: Array.from({ length: keys }, (_, id) => freshKey(id)),
    values: keys > values.length ? Array.from({ length: keys }, (_, id) => values[id % values.length]!) : values,
    resident: zipfDraws(capacity, 0.99, draws, random),
    all: zipfDraws(keys, 0.99, draws, random),
    writes: Uint8Array.from({ length: draws }, () => (random() < 0.1 ? 1 : 0)),
    mask: draws - 1,
    circle: Array.from({ length: capacity * (capacity < MANY ? 6 : 3) }, (_, id) => `user:${FIRST_ID + keys + id}`),
  };
}
