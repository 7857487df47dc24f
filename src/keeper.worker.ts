import { parentPort, workerData } from 'node:worker_threads';
import { serveKeeper } from './arena/serve.js';

const thread = await serveKeeper({ start: (_pool, _task, done) => { done(new Error('no pool')); return () => {}; } }, workerData.first);
parentPort?.postMessage({ thread });
setInterval(() => {}, 2 ** 30);
