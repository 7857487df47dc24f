import { parentPort, threadId, workerData } from 'node:worker_threads';
import type { Estate } from './arena/adoption.js';
import { serveKeeper } from './arena/serve.js';
import { LoaderPools } from './load/pools.js';

async function main(): Promise<void> {
  const { first, estate } = workerData as { first: boolean; estate?: Estate };
  const keeper = await serveKeeper(new LoaderPools(), first, estate);
  parentPort?.postMessage({ thread: keeper });
  // A handle of its own keeps this thread alive, though not the process: who started it has let go of it.
  if (keeper === threadId) parentPort?.ref();
  else process.exit(0);
}

// A failure here, or later in the keeper, ends this thread with an error: who started it is told.
void main();
