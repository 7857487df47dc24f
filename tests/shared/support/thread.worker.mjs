// Runs what it is sent, in a thread of its own: see threads.ts.
import { parentPort, Worker, workerData } from 'node:worker_threads';
import * as cachalot from 'cachalot';

const { SharedCache } = cachalot;
const state = {};

parentPort.on('message', async ({ id, code, args }) => {
  try {
    // The text of a function of a test.
    const run = new Function(`return (${code});`)();
    parentPort.postMessage({ id, result: await run({ SharedCache, cachalot, state, Worker, workerData }, ...args) });
  } catch (error) {
    parentPort.postMessage({ id, error: { name: error.name, message: error.message, code: error.code } });
  }
});
