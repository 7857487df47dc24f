/**
 * One way to read across threads, measured: stores the values, then for each mode and each number of threads starts
 * that many fresh threads, lets them read together, and adds up their rates.
 */

import { Worker } from 'node:worker_threads';
import { jobInput, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { transportCalled } from '../transports/index.js';
import type { ReadInput, Served } from '../transports/transport.js';
import type { ThreadInput, ThreadReport } from './read.worker.js';

const input = jobInput<ReadInput>();
const served = await transportCalled(input.transport).serve(input);
const metrics: Metrics = {};
const shares: number[] = [];
for (const mode of input.modes) {
  for (const count of input.threads) {
    const reports = await readTogether(served, mode, count);
    metrics[`${mode}.t${count}`] = reports.reduce((sum, { opsPerSecond }) => sum + opsPerSecond, 0);
    metrics[`${mode}.core.t${count}`] = reports.reduce((sum, { opsPerCoreSecond }) => sum + opsPerCoreSecond, 0);
    shares.push(...reports.map(({ waitShare }) => waitShare));
  }
}
await served.close();
report(metrics, shares.reduce((sum, share) => sum + share, 0) / shares.length);

function readTogether(store: Served, mode: string, count: number): Promise<ThreadReport[]> {
  const barrier = new SharedArrayBuffer(4);
  return Promise.all(
    Array.from({ length: count }, (_, thread) => readInThread(store, { input, mode, thread, count, barrier })),
  );
}

function readInThread(store: Served, shared: Omit<ThreadInput, 'data'>): Promise<ThreadReport> {
  const { data, ports = [] } = store.forThread();
  const workerData: ThreadInput = { ...shared, data };
  return new Promise((resolve, reject) => {
    let answer: ThreadReport | undefined;
    const worker = new Worker(new URL('./read.worker.js', import.meta.url), { workerData, transferList: ports });
    worker.on('message', (message: ThreadReport) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (answer) resolve(answer);
      else reject(new Error(`read: thread ${shared.thread} ended without a report`));
    });
  });
}
