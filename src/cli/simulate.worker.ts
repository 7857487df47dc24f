import { parentPort, workerData } from 'node:worker_threads';
import { type ReplayAnswer, type ReplayJob, runReplay } from './parallel.js';

function answer(message: ReplayAnswer): void {
  parentPort?.postMessage(message);
}

runReplay(workerData as ReplayJob).then(
  (totals) => answer({ totals }),
  (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
);
