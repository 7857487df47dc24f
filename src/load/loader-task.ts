import type { MessagePort } from 'node:worker_threads';
import type { LoaderTask } from '../arena/protocol.js';

/** A load on its way to a thread of the pool. */
export interface PoolTask {
  /** Absent: nothing to do any more. */
  load?: LoaderTask;
  /** From the worker: anything, once, when it begins. To the worker: anything, once, when it is to stop. */
  port: MessagePort;
  /** What a queue of the user's own is told; it stays in this thread. */
  [queueOptions: symbol]: { priority: number };
}

/** What comes back when it is over: nothing, since the value went to the keeper; or why there is no value. */
export interface PoolOutcome {
  /** Packed by `packError`. */
  failure?: { error: unknown };
}
