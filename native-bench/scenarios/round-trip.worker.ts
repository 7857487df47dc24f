/**
 * The asking side, in a worker.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { loadProduct } from '../harness/in-child.js';
import type { RoundTripInput } from './latency.js';
import { roundTrips } from './round-trips.js';

const { handle, port, input } = workerData as { handle: never; port: MessagePort; input: RoundTripInput };
const { SharedCache } = await loadProduct(input.product);
const cache = await SharedCache.attach<Uint8Array>(handle);
const metrics = await roundTrips(cache, port, input.trips);
await cache.close();
parentPort?.postMessage(metrics);
