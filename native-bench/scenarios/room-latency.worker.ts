/**
 * Inserts 1 MiB and a value of another size in turns, as often as it is told, and tells how long the former took.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { loadProduct } from '../harness/in-child.js';
import { createRandom } from '../harness/random.js';
import type { RoomLatencyInput } from './room.js';
import { drawBytes } from './room-workload.js';

const MIB = 2 ** 20;
const { handle, input } = workerData as { handle: never; input: RoomLatencyInput };
const { SharedCache } = await loadProduct(input.product);
const cache = await SharedCache.attach<Uint8Array>(handle);
const random = createRandom(input.seed + 1);
const source = new Uint8Array(16 * MIB).fill(2);
const value = source.subarray(0, MIB);
let next = 0;

parentPort?.on('message', async (inserts: number) => {
  const times: number[] = [];
  for (let done = 0; done < inserts; done++) {
    const start = performance.now();
    await cache.set(`worker:${next++}`, value);
    times.push(performance.now() - start);
    await cache.set(`worker:${next++}`, source.subarray(0, drawBytes('log-uniform', random)));
  }
  parentPort?.postMessage(times);
});
parentPort?.postMessage('ready');
