import { tracingChannel } from 'node:diagnostics_channel';

/** What subscribers to the channels `tracing:cachalot:load:*` are given. Node adds `result` or `error` when it has ended. */
export interface LoadTrace {
  /** The name of the cache. */
  cache: string;
  key: unknown;
  /** The name of the loader that runs in the pool; absent for a function. */
  loader?: string;
}

const loads = tracingChannel<unknown, LoadTrace>('cachalot:load');

/**
 * Runs a load, and tells whoever subscribes to the tracing channel `cachalot:load`, in the thread in which it runs. With
 * no subscriber it costs one look.
 */
export function traced<T>(trace: () => LoadTrace, run: () => Promise<T>): Promise<T> {
  return loads.hasSubscribers ? loads.tracePromise(run, trace()) : run();
}
