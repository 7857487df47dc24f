// A load by a function of this thread, stopped before each message that it sends to the keeper.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedCache } from 'cachalot';
import { stepThrough } from './stepping.mjs';

const cache = await SharedCache.attach(workerData);

parentPort.on('message', async ({ words, byteLength }) => {
  stepThrough(words);
  const load = async () => (byteLength === 0 ? 1 : new Uint8Array(byteLength).fill(1));
  const value = await cache.getOrSet('a', load, { tags: ['t'] });
  parentPort.postMessage({ value });
});
parentPort.postMessage({ ready: true });
