import { Worker } from 'node:worker_threads';
import { CacheError } from '../common/error.js';
import { createPolicy, type PolicyName } from '../policy/index.js';
import { Replay, type ReplayCost, type ReplayTotals } from '../trace/replay.js';
import { openTrace, type TraceOptions } from '../trace/trace.js';

/** What one cell replays. */
export interface CellPlan {
  readonly policy: PolicyName;
  readonly cost: ReplayCost;
  readonly maxBytes: number;
}

/** What a thread is to replay: cells that share one reading of the trace. */
export interface ReplayJob {
  readonly file: string;
  readonly options: TraceOptions;
  readonly cells: readonly CellPlan[];
}

/** What it answers: the totals of the cells in their order, or what went wrong. */
export type ReplayAnswer = { totals: ReplayTotals[] } | { error: string };

/** A thread that replays. */
export interface RunningReplay {
  readonly totals: Promise<ReplayTotals[]>;
  stop(): void;
}

export function newReplays(cells: readonly CellPlan[]): Replay[] {
  return cells.map(({ policy, cost, maxBytes }) => new Replay(createPolicy(policy), maxBytes, cost));
}

/** Replays a trace through some cells: what a thread does. */
export async function runReplay({ file, options, cells }: ReplayJob): Promise<ReplayTotals[]> {
  const replays = newReplays(cells);
  for await (const batch of openTrace(file, options).batches) for (const replay of replays) replay.replay(batch);
  return replays.map(({ totals }) => totals);
}

/** Starts a thread for a job. To be stopped when its answer is wanted no more. */
export function startReplay(job: ReplayJob): RunningReplay {
  const worker = new Worker(new URL('./simulate.worker.js', import.meta.url), { workerData: job });
  const totals = new Promise<ReplayTotals[]>((resolve, reject) => {
    worker.once('message', (answer: ReplayAnswer) => {
      if ('totals' in answer) resolve(answer.totals);
      else reject(new CacheError(answer.error));
    });
    worker.once('error', reject);
    // Whoever has answered has settled before: this is for those who end without a word.
    worker.once('exit', (code) => reject(new CacheError(`${job.file}: a replaying thread ended with ${code}`)));
  });
  // Told to who awaits it, later.
  totals.catch(() => undefined);
  return { totals, stop: () => void worker.terminate() };
}

/** Deals cells to so many threads, by turns: neighbours are alike, so each gets as much of what takes long. */
export function deal<T>(cells: readonly T[], threads: number): T[][] {
  const hands: T[][] = Array.from({ length: Math.max(1, Math.min(threads, cells.length)) }, () => []);
  for (const [index, cell] of cells.entries()) hands[index % hands.length]!.push(cell);
  return hands;
}

/** The other way round: what was dealt, in the first order. */
export function collect<T>(hands: readonly (readonly T[])[]): T[] {
  const count = hands.reduce((sum, hand) => sum + hand.length, 0);
  return Array.from({ length: count }, (_, index) => hands[index % hands.length]![Math.floor(index / hands.length)]!);
}
