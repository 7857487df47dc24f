import { parentPort, workerData } from 'node:worker_threads';
import { createCaches } from 'cachalot';

const twice = (n) => ({ n: 2 * n, made: 'in the worker' });
const config = structuredClone(workerData.config);
config.caches.images.loaders = { twice };

const caches = await createCaches(config, { env: {} });
parentPort.on('message', async ({ close, resize }) => {
  if (resize) await caches.resize(resize);
  if (close) await caches.close();
  parentPort.postMessage('done');
  if (close) parentPort.close();
});
parentPort.postMessage({
  read: caches.images.get('photo'),
  loaded: await caches.images.load('twice', 21),
  own: caches.notes.get('a'),
  budgets: [caches.images.maxBytes, caches.notes.maxBytes],
});
