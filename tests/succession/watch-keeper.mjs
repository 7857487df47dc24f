/** Tells the parent when this thread starts a keeper: then it is the one to be ended. To be imported before the library. */
import { syncBuiltinESMExports } from 'node:module';
import threads, { parentPort } from 'node:worker_threads';

threads.Worker = class extends threads.Worker {
  constructor(file, options) {
    super(file, options);
    if (options?.name === 'cachalot keeper') parentPort.postMessage({ startsKeeper: true });
  }
};
syncBuiltinESMExports();
