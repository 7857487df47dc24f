import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, receiveMessageOnPort, type TransferListItem } from 'node:worker_threads';
import type { LoaderTask } from '../arena/protocol.js';
import { unpackError } from '../arena/wire-error.js';
import { CacheLoadError } from '../common/error.js';
import type { PoolOutcome, PoolTask } from './loader-task.js';
import { PriorityQueue } from './queue.js';

/** How long a loader that was told to stop may take before its thread is killed. */
const STOP_GRACE_MS = 500;
/** A pool grows at most to so many times its threads, for loads that its own loads wait for. */
const MOST_TIMES = 8;

/**
 * A `Piscina` (5 or newer), or what has its calls. It runs the loaders beside its own tasks, with its own threads, queue
 * and limits.
 */
export interface OwnPool {
  run(task: unknown, options?: object): Promise<unknown>;
  on(event: 'workerDestroy', listener: () => void): unknown;
  off(event: 'workerDestroy', listener: () => void): unknown;
  readonly threads: readonly unknown[];
  readonly options: { maxThreads: number };
}

/** One that we have started, and end. */
export interface PoolThreads extends OwnPool {
  on(event: 'workerDestroy' | 'error', listener: (error?: unknown) => void): unknown;
  destroy(): Promise<void>;
}

interface RunOptions {
  transferList: TransferListItem[];
  signal: AbortSignal;
  filename?: string;
  name?: string;
}

/** For the queue that a user has given to his Piscina. */
const QUEUE_OPTIONS = Symbol.for('Piscina.queueOptions');

interface OwnOptions {
  maxThreads: number;
  concurrentTasksPerWorker?: number;
  maxQueue?: number | 'auto';
}

interface Around extends PoolLimits {
  perThread: number;
}

export interface PoolLimits {
  /** Default: one less than there are cores, at least 1 and `minThreads`. */
  maxThreads?: number;
  minThreads?: number;
  maxQueue?: number | 'auto';
}

interface Job {
  readonly task: LoaderTask;
  readonly done: (error?: unknown) => void;
  kill: AbortController;
  port: MessagePort | undefined;
  graceTimer: NodeJS.Timeout | undefined;
  hasBegun: boolean;
  isStopped: boolean;
  isRetried: boolean;
  isOver: boolean;
}

/**
 * Threads that run loaders: a Piscina, and the queue in front of it.
 *
 * Piscina is given no more tasks than it has threads. Its own queue does not bound tasks that can be aborted, and one
 * that waits in it is forgotten when the last thread dies before it was ready.
 *
 * A loader may load through its own pool. Its thread has nothing to do meanwhile, so the pool is lent another one for it,
 * and what a load waits for goes before all that none waits for: threads that all wait for what is in the queue behind
 * them would wait for ever. As many threads are at work as are allowed; only those that wait come on top.
 */
export class Pool {
  /** Whether a thread could not be created: another pool may have more luck. */
  isBroken = false;
  readonly #piscina: OwnPool;
  /** Tasks that a thread runs at once. */
  readonly #perThread: number;
  /** Tasks that may run at once. */
  readonly #maxTasks: number;
  readonly #maxQueue: number;
  readonly #waiting = new PriorityQueue<Job>();
  /** Those of them that a load waits for. */
  readonly #urgent = new Set<Job>();
  /** Threads whose loads wait for others. */
  #lent = 0;
  readonly #running = new Set<Job>();
  #threadError: unknown;
  #isRetired = false;
  /** The module that the threads run, where the pool is not ours: to be named with each task. */
  readonly #filename: string | undefined;
  #destroy: () => void = () => {};
  readonly #onDestroy = () => setImmediate(() => this.#releaseForgotten());

  private constructor(piscina: OwnPool, { maxThreads = 1, maxQueue, perThread }: Around, filename?: string) {
    this.#piscina = piscina;
    this.#perThread = perThread;
    this.#maxTasks = maxThreads * perThread;
    this.#maxQueue = maxQueue === 'auto' ? maxThreads ** 2 : (maxQueue ?? Number.POSITIVE_INFINITY);
    this.#filename = filename;
    this.#piscina.on('workerDestroy', this.#onDestroy);
  }

  /**
   * A pool of our own, started by `start`.
   *
   * @throws when a thread cannot be started with these options.
   */
  static of(limits: PoolLimits, start: (maxThreads: number) => PoolThreads): Pool {
    const maxThreads = limits.maxThreads ?? Math.max(1, limits.minThreads ?? 0, availableParallelism() - 1);
    const piscina = start(maxThreads);
    const pool = new Pool(piscina, { ...limits, maxThreads, perThread: 1 });
    pool.#destroy = () => void piscina.destroy();
    // A thread that has failed between two tasks. Without a listener, this would end the process.
    piscina.on('error', (error) => {
      pool.#threadError = error;
    });
    return pool;
  }

  /** Loads beside the tasks of a user's own pool. `filename` is the module that runs them. It is never destroyed by us. */
  static around(piscina: OwnPool, filename: string): Pool {
    const { maxThreads, concurrentTasksPerWorker: perThread = 1, maxQueue }: OwnOptions = piscina.options;
    const bound = maxQueue === undefined ? {} : { maxQueue };
    return new Pool(piscina, { maxThreads, perThread, ...bound }, filename);
  }

  /** Runs a task when a thread is free. `done` is called once, later, with an error if it failed. */
  start(task: LoaderTask, done: (error?: unknown) => void): () => void {
    const job: Job = {
      task,
      done,
      kill: new AbortController(),
      port: undefined,
      graceTimer: undefined,
      hasBegun: false,
      isStopped: false,
      isRetried: false,
      isOver: false,
    };
    if (this.#running.size < this.#maxTasks) {
      this.#hand(job);
    } else if (this.#waiting.size < this.#maxQueue) {
      this.#waiting.add(job, task.priority ?? 0);
    } else {
      const message = `loader '${task.loader}': expected room in the queue of its pool; got ${this.#waiting.size} loads that wait (maxQueue)`;
      setImmediate(() => this.#end(job, new CacheLoadError(message, { key: task.key })));
    }
    return () => this.#stop(job);
  }

  /** A load of the pool waits for another one (1), or no longer (-1). */
  lend(by: 1 | -1): void {
    this.#lent = Math.max(0, this.#lent + by);
    this.#handOn();
  }

  /** A load waits for that one. */
  hasten(flight: number): void {
    for (const job of this.#waiting) {
      if (job.task.flight !== flight) continue;
      this.#urgent.add(job);
      this.#handOn();
      return;
    }
  }

  /** A load is worth more than was known. */
  prefer(flight: number, priority: number): void {
    for (const job of this.#waiting) {
      if (job.task.flight !== flight || (job.task.priority ?? 0) >= priority) continue;
      job.task.priority = priority;
      this.#waiting.add(job, priority);
      return;
    }
  }

  /** Ends all threads as soon as nothing runs, if they are ours. */
  retire(): void {
    this.#isRetired = true;
    this.#destroyIfIdle();
  }

  /** Hands over what there are threads for. */
  #handOn(): void {
    for (const next of this.#urgent) {
      if (this.#running.size >= this.#maxTasks + this.#lent) break;
      if (this.#running.size >= this.#maxTasks * MOST_TIMES) this.#refuseNested(next);
      else this.#hand(next);
    }
    for (let next = this.#waiting.first(); next && this.#running.size < this.#maxTasks; next = this.#waiting.first()) {
      this.#hand(next);
    }
  }

  #refuseNested(job: Job): void {
    this.#forget(job);
    const { loader, key } = job.task;
    const message = `loader '${loader}': expected loads that wait for one another at most ${MOST_TIMES} deep; got ${this.#running.size} threads of the pool that all wait for more loads`;
    setImmediate(() => this.#end(job, new CacheLoadError(message, { key })));
  }

  /** It waits no longer. Whether it did. */
  #forget(job: Job): boolean {
    this.#urgent.delete(job);
    return this.#waiting.delete(job);
  }

  #hand(job: Job): void {
    this.#forget(job);
    this.#running.add(job);
    // Piscina itself is never given more than it has threads.
    this.#piscina.options.maxThreads = Math.ceil(Math.max(this.#maxTasks, this.#running.size) / this.#perThread);
    const { port1, port2 } = new MessageChannel();
    const { priority = 0, transfer = [] } = job.task;
    const message: PoolTask = { load: job.task, port: port2, [QUEUE_OPTIONS]: { priority } };
    const options: RunOptions = { transferList: [port2, ...transfer], signal: job.kill.signal };
    if (this.#filename !== undefined) Object.assign(options, { filename: this.#filename, name: 'default' });
    try {
      job.port = port1;
      (this.#piscina.run(message, options) as Promise<PoolOutcome>).then(
        ({ failure }) => this.#end(job, failure && (unpackError(failure.error) ?? threw(failure.error))),
        (error: unknown) => this.#fail(job, error),
      );
    } catch (error) {
      // No thread can be created. Piscina has kept the task, and if that were aborted or the pool destroyed, it would
      // reject a promise that nobody holds. So it is emptied: should a thread take it up one day, there is nothing to do.
      delete message.load;
      job.port = undefined;
      this.isBroken = true;
      setImmediate(() => this.#end(job, error));
    }
  }

  /** The thread is gone, or could not be had. */
  #fail(job: Job, error: unknown): void {
    if (job.isOver) return;
    const hasBegun = begun(job);
    // It may still be in Piscina's queue.
    job.kill.abort();
    const isHandedOver = (job.task.transfer?.length ?? 0) > 0;
    if (hasBegun || job.isStopped || job.isRetried || isHandedOver) {
      this.#end(job, error);
      return;
    }
    // The thread died of what it had run before, or could not start: once more, in another one.
    job.isRetried = true;
    job.kill = new AbortController();
    job.port?.close();
    this.#hand(job);
  }

  #end(job: Job, error?: unknown): void {
    if (job.isOver) return;
    job.isOver = true;
    this.#running.delete(job);
    clearTimeout(job.graceTimer);
    job.port?.close();
    this.#handOn();
    job.done(error);
    this.#destroyIfIdle();
  }

  #stop(job: Job): void {
    if (job.isStopped || job.isOver) return;
    job.isStopped = true;
    if (this.#forget(job)) {
      const error = new DOMException('This operation was aborted', 'AbortError');
      setImmediate(() => this.#end(job, error));
      return;
    }
    job.port?.postMessage('stop');
    job.graceTimer = setTimeout(() => job.kill.abort(), STOP_GRACE_MS);
  }

  /** Fails tasks that no thread will take: threads that die before they are ready leave them lying. */
  #releaseForgotten(): void {
    let missing = this.#running.size - this.#piscina.threads.length * this.#perThread;
    for (const job of [...this.#running].reverse()) {
      if (missing <= 0) return;
      if (begun(job)) continue;
      missing--;
      const error = this.#threadError ?? new Error('a thread of the pool has ended before it was ready');
      this.#end(job, error);
      job.kill.abort();
    }
  }

  #destroyIfIdle(): void {
    if (!this.#isRetired || this.isBroken || this.#running.size > 0 || this.#waiting.size > 0) return;
    this.#piscina.off('workerDestroy', this.#onDestroy);
    this.#destroy();
  }
}

function threw(nothing: unknown): Error {
  return new Error(`it threw ${nothing}`);
}

/** Asked only where it matters: the port is read, not listened to. */
function begun(job: Job): boolean {
  job.hasBegun ||= job.port !== undefined && receiveMessageOnPort(job.port) !== undefined;
  return job.hasBegun;
}
