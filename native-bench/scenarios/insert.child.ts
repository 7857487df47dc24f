/**
 * Large values into a full cache, every one evicting another, beside the copy that is the least it takes: from the same
 * sources into shared memory that is already touched. In turns; GB/s.
 */

import { jobInput, loadProduct, report } from '../harness/in-child.js';
import { median } from '../harness/statistics.js';
import { consume, measure, measureAsync } from '../harness/timing.js';
import type { InsertInput } from './latency.js';

const TURNS = 3;
const { bytes, budget, window, product } = jobInput<InsertInput>();
const { SharedCache } = await loadProduct(product);
const room = Math.floor(budget / bytes);
const sources = Array.from({ length: Math.max(2, room >> 2) }, (_, index) => new Uint8Array(bytes).fill(index + 1));
const target = new Uint8Array(new SharedArrayBuffer(room * bytes)).fill(1);
const cache = await SharedCache.create<Uint8Array>({ name: 'insert', maxBytes: budget, policy: 'lru' });

let next = 0;
const kinds = {
  set: async (operations: number): Promise<number> => {
    let stored = 0;
    for (let done = 0; done < operations; done++) {
      if (await cache.set(`key:${next}`, sources[next++ % sources.length]!)) stored++;
    }
    if (stored < operations) throw new Error(`insert: ${operations - stored} of ${operations} values were refused`);
    return stored;
  },
  reserve: async (operations: number): Promise<number> => {
    for (let done = 0; done < operations; done++) {
      const reservation = await cache.reserve(`key:${next}`, bytes);
      reservation.bytes.set(sources[next++ % sources.length]!);
      await reservation.commit();
    }
    return operations;
  },
};

let place = 0;
const copy = (operations: number): number => {
  for (let done = 0; done < operations; done++) {
    target.set(sources[place % sources.length]!, (place % room) * bytes);
    place++;
  }
  return target[(place % room) * bytes]!;
};

// Twice round the whole budget first: every page of the arena is touched, and every insert evicts.
consume(await kinds.set(room * 2));
const rates = { copy: [] as number[], set: [] as number[], reserve: [] as number[] };
for (let turn = 0; turn < TURNS; turn++) {
  rates.copy.push(measure(copy, window));
  rates.set.push(await measureAsync(kinds.set, window));
  rates.reserve.push(await measureAsync(kinds.reserve, window));
}
await cache.close();
const gigabytes = (opsPerSecond: number[]): number => (median(opsPerSecond) * bytes) / 1e9;
report({ 'copy.GBs': gigabytes(rates.copy), 'set.GBs': gigabytes(rates.set), 'reserve.GBs': gigabytes(rates.reserve) });
