import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ArenaClient } from '../arena/client.js';
import type { CacheTicket, WireError } from '../arena/protocol.js';
import type { SnapshotJob } from '../arena/snapshot-job.js';
import type { Restored, SnapshotRequest } from '../arena/snapshot-protocol.js';
import { fromWire } from '../arena/wire-error.js';
import { CacheError } from '../common/error.js';

/** What the thread of a job says at its end. */
type Outcome = { count: number } | { error: WireError };

/** Writes a cache to a file, in a thread of its own; how many entries. */
export function saveShared(
  { keeper }: ArenaClient,
  ticket: CacheTicket,
  path: string,
  within: readonly string[],
): Promise<number> {
  return runJob({ keeper, ticket, path: resolve(path), within });
}

/** Replaces what a cache holds by a file, in a thread of its own; how many entries it has brought. */
export async function restoreShared(
  client: ArenaClient,
  ticket: CacheTicket,
  path: string,
  within: readonly string[],
): Promise<number> {
  const file = resolve(path);
  const ask = <T>(request: SnapshotRequest): Promise<T> => client.request<T>({ op: 'snapshot', request });
  const restoration = await ask<Restored>({ step: 'beginRestore', cache: ticket.cache, within });
  let failed = true;
  try {
    const count = await runJob({ keeper: client.keeper, ticket, path: file, within, restoration });
    failed = false;
    return count;
  } finally {
    await ask({ step: 'endRestore', restoration: restoration.id, failed });
  }
}

function runJob(job: SnapshotJob): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const worker = new Worker(new URL('./snapshot.worker.js', import.meta.url), {
      name: 'cachalot snapshot',
      execArgv: [],
      workerData: job,
      stdin: false,
    });
    worker.on('message', (outcome: Outcome) => {
      if ('count' in outcome) resolve(outcome.count);
      else reject(fromWire(outcome.error));
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(new CacheError(`${job.path}: the thread that saves and restores has ended before it was done (${code})`));
    });
  });
}
