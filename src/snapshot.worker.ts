import { parentPort, workerData } from 'node:worker_threads';
import { ArenaClient } from './arena/client.js';
import { runSnapshotJob, type SnapshotJob } from './arena/snapshot-job.js';
import { toWire } from './arena/wire-error.js';

async function run(job: SnapshotJob): Promise<number> {
  const client = await ArenaClient.connect(job.keeper, { survives: false });
  try {
    return await runSnapshotJob(client, job);
  } finally {
    client.leave();
  }
}

run(workerData as SnapshotJob).then(
  (count) => parentPort?.postMessage({ count }),
  (error: unknown) => parentPort?.postMessage({ error: toWire(error) }),
);
