/**
 * Four kinds of round trip, in turns of a few, so that all meet the same machine.
 */

import type { MessagePort } from 'node:worker_threads';
import type { SharedCache } from '../../src/index.js';
import type { Metrics } from '../harness/scenario.js';
import { quantile } from '../harness/statistics.js';

const TURN = 50;

/** Median and 99th percentile in microseconds of each kind. */
export async function roundTrips(cache: SharedCache<Uint8Array>, port: MessagePort, trips: number): Promise<Metrics> {
  const small = new Uint8Array(64).fill(1);
  let next = 0;
  const kinds: Record<string, () => Promise<unknown>> = {
    pingPong: pingPong(port),
    set: () => cache.set(`key:${next++ % 1000}`, small),
    claim: async () => {
      const reservation = await cache.reserve(`claim:${next++}`, 64);
      // Given back outside the measured time: a claim is answered when it is granted.
      return () => reservation.abort();
    },
    getOrSet: () => cache.getOrSet(`load:${next++}`, () => small),
  };
  const times = new Map<string, number[]>(Object.keys(kinds).map((name) => [name, []]));
  const warmup = Math.min(200, trips);
  for (let done = -warmup; done < trips; done += TURN) {
    for (const [name, trip] of Object.entries(kinds)) {
      for (let turn = 0; turn < TURN; turn++) {
        const start = performance.now();
        const after = await trip();
        if (done >= 0) times.get(name)!.push((performance.now() - start) * 1000);
        if (typeof after === 'function') await after();
      }
    }
  }
  port.close();
  const metrics: Metrics = {};
  for (const [name, list] of times) {
    metrics[`${name}.p50us`] = quantile(list, 0.5);
    metrics[`${name}.p99us`] = quantile(list, 0.99);
  }
  return metrics;
}

function pingPong(port: MessagePort): () => Promise<unknown> {
  let settle: () => void;
  port.on('message', () => settle());
  return () =>
    new Promise<void>((resolve) => {
      settle = resolve;
      port.postMessage(0);
    });
}
