import { Piscina } from 'piscina';
import type { PoolConfig } from '../arena/protocol.js';
import type { PoolThreads } from './pool.js';

const IDLE_MS = 10_000;

/**
 * A Piscina of ours.
 *
 * @throws when a thread cannot be started with these options.
 */
export function startThreads(filename: string, maxThreads: number, options: PoolConfig): PoolThreads {
  const { minThreads = 0, idleTimeout = IDLE_MS, maxQueue: _, ...others } = options;
  return new Piscina({
    ...others,
    filename,
    minThreads,
    maxThreads,
    idleTimeout,
    // An idle thread must hear messages, and its heap must be collected: not so while it waits in Atomics.wait.
    atomics: 'async',
    concurrentTasksPerWorker: 1,
    recordTiming: false,
  });
}
