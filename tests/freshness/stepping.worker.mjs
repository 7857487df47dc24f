// A load by a function of this thread, stopped before each message that it sends to the keeper.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedCache } from 'cachalot';
import { stepThrough } from './stepping.mjs';

const cache = await SharedCache.attach(workerData);

parentPort.on('message', async (words) => {
  stepThrough(words);
  const value = await cache.getOrSet('a', async () => 1, { tags: ['t'] });
  parentPort.postMessage({ value });
});
parentPort.postMessage({ ready: true });
