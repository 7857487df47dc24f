import { parentPort, workerData } from 'node:worker_threads';
import { createCaches } from 'cachalot';

const twice = (n) => ({ n: 2 * n, made: 'in the worker' });
const config = structuredClone(workerData.config);
const removed = [];
config.caches.images.loaders = { twice };
config.caches.images.onEvicted = (key, _info, reason) => removed.push(`${key} ${reason}`);

const caches = await createCaches(config, { env: {} });
parentPort.on('message', async ({ close, resize }) => {
  if (resize) await caches.resize(resize);
  if (close) await caches.close();
  // What was removed before the question is told before the answer to any request.
  if (!close) await caches.images.delete('nothing');
  parentPort.postMessage({ removed });
  if (close) parentPort.close();
});
parentPort.postMessage({
  read: caches.images.get('photo'),
  loaded: await caches.images.load('twice', 21),
  own: caches.notes.get('a'),
  budgets: [caches.images.maxBytes, caches.notes.maxBytes],
});
