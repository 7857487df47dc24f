/**
 * Round trips to the keeper from the main thread or from a worker, and to a bare thread that echoes.
 */

import { MessageChannel, Worker } from 'node:worker_threads';
import { jobInput, loadProduct, report, waitShare } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import type { RoundTripInput } from './latency.js';
import { roundTrips } from './round-trips.js';

const input = jobInput<RoundTripInput>();
const { SharedCache } = await loadProduct(input.product);
const cache = await SharedCache.create<Uint8Array>({ name: 'trips', maxBytes: '16MiB' });
const { port1: near, port2: far } = new MessageChannel();
const echo = new Worker(new URL('./echo.worker.js', import.meta.url), { workerData: far, transferList: [far] });
const metrics = input.from === 'main' ? await roundTrips(cache, near, input.trips) : await fromWorker();
await cache.close();
await echo.terminate();
report(metrics, waitShare());

function fromWorker(): Promise<Metrics> {
  const worker = new Worker(new URL('./round-trip.worker.js', import.meta.url), {
    workerData: { handle: cache.handle, port: near, input },
    transferList: [near],
  });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
