/**
 * The other end of a job: what a measured process uses to learn its input and to report.
 */

import { readFileSync } from 'node:fs';
import { MARK, type Metrics } from './scenario.js';
import { consumed } from './timing.js';

/** The job's input, as its scenario wrote it. */
export function jobInput<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

/** Prints the metrics, and how long the measuring threads had to wait for a core. To be called once, last. */
export function report(metrics: Metrics, waited: number = waitShare()): void {
  process.stdout.write(`checksum ${consumed()}\n${MARK}${JSON.stringify({ metrics, waitShare: waited })}\n`);
}

/** Share of this thread's time that it was ready to run and had no core; 0 where the kernel does not tell. */
export function waitShare(): number {
  const { running, waiting } = threadTimes();
  return waiting / Math.max(1, running + waiting);
}

/** How long this thread has run, and was ready to run and had no core, in ns; zeros where the kernel does not tell. */
export function threadTimes(): { running: number; waiting: number } {
  try {
    const [running = 0, waiting = 0] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ').map(Number);
    return { running, waiting };
  } catch {
    return { running: 0, waiting: 0 }; // Not Linux: the report says 0, and the README tells what 0 means.
  }
}

/** The package under test, with its types, from the build that the job names. */
export async function loadProduct(url: string): Promise<typeof import('../../src/index.js')> {
  return import(url);
}

/** A peer by name, in the shape that its adapter needs: the peers are installed beside the harness only. */
export async function loadPeer<Shape>(name: string): Promise<Shape> {
  return import(name);
}

/** A full collection, so that what is measured next starts clean. Needs --expose-gc. */
export function collect(): void {
  if (!globalThis.gc) throw new Error('collect: expected Node to run with --expose-gc');
  globalThis.gc();
  globalThis.gc();
}
