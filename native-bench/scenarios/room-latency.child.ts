/**
 * Inserts of 1 MiB into a full cache whose values are of all sizes: how long each takes, and how late the main thread's
 * event loop is meanwhile. First a worker inserts 1 MiB and something else in turns while the main thread does nothing;
 * then the main thread inserts itself, with the worker beside it.
 */

import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { jobInput, loadProduct, report } from '../harness/in-child.js';
import { createRandom } from '../harness/random.js';
import { quantile } from '../harness/statistics.js';
import type { RoomLatencyInput } from './room.js';
import { drawBytes } from './room-workload.js';

const MIB = 2 ** 20;
const IDLE_MS = 3000;
const input = jobInput<RoomLatencyInput>();
const { budget, inserts, seed, product } = input;
const { SharedCache } = await loadProduct(product);
const cache = await SharedCache.create<Uint8Array>({ name: 'room', maxBytes: budget, policy: 'lru' });
const random = createRandom(seed);
const source = new Uint8Array(16 * MIB).fill(1);

// Twice round the budget: all of it is touched, and in disorder.
for (let bytes = 0, id = 0; bytes < 2 * budget; id++) {
  const size = drawBytes('log-uniform', random);
  await cache.set(`first:${id}`, source.subarray(0, size));
  bytes += size;
}

const worker = new Worker(new URL('./room-latency.worker.js', import.meta.url), {
  workerData: { handle: cache.handle, input },
});
await once(worker, 'message');
const idle = await lateness(() => sleep(IDLE_MS));
const fromWorker: number[] = [];
const beside = await lateness(async () => {
  worker.postMessage(inserts);
  const [times] = (await once(worker, 'message')) as [number[]];
  fromWorker.push(...times);
});
const fromMain: number[] = [];
const own = await lateness(async () => {
  worker.postMessage(inserts / 2);
  const done = once(worker, 'message');
  const value = source.subarray(0, MIB);
  for (let id = 0; id < inserts / 2; id++) {
    const start = performance.now();
    await cache.set(`main:${id}`, value);
    fromMain.push(performance.now() - start);
  }
  await done;
});
await worker.terminate();
await cache.close();
report({
  ...quantiles('worker', fromWorker),
  ...quantiles('main', fromMain),
  'idle.ms': idle,
  'beside.ms': beside,
  'own.ms': own,
  'above.ms': beside - idle,
});

/** The 99th percentile of the event loop's delay while something goes on, in milliseconds. */
async function lateness(during: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await during();
  delay.disable();
  return delay.percentile(99) / 1e6;
}

function quantiles(name: string, times: readonly number[]): Record<string, number> {
  const at = (share: number): number => quantile(times, share);
  return { [`${name}.p50ms`]: at(0.5), [`${name}.p99ms`]: at(0.99), [`${name}.p999ms`]: at(0.999) };
}
