import type { PolicyName } from '../policy/index.js';
import type { Batch } from '../trace/batch.js';
import { Footprint } from '../trace/footprint.js';
import type { ReplayCost, ReplayTotals } from '../trace/replay.js';
import { sourceBytes } from '../trace/source.js';
import { openTrace, type Trace, type TraceOptions } from '../trace/trace.js';
import { type Budget, budgetBytes } from './budget.js';
import { remark } from './output.js';
import { type CellPlan, collect, deal, newReplays, startReplay } from './parallel.js';
import type { Progress } from './progress.js';
import { UsageError } from './usage.js';

/** What is simulated on each trace: all combinations. */
export interface Grid {
  readonly policies: readonly PolicyName[];
  readonly costs: readonly ReplayCost[];
  readonly budgets: readonly Budget[];
}

/** One combination, replayed. */
export interface Cell extends CellPlan {
  readonly budget: Budget;
  readonly totals: ReplayTotals;
}

/** A trace as the user named it, and as it can be read. */
export interface TraceFile {
  readonly name: string;
  readonly file: string;
}

export interface Simulated {
  readonly name: string;
  readonly footprint: Footprint;
  readonly cells: readonly Cell[];
}

interface Running {
  readonly progress: Progress;
  /** Threads that share the cells, this one included; each reads the trace for itself. Default: 1. */
  readonly threads?: number;
  /** Sees each batch, too. */
  readonly watch?: (batch: Batch) => void;
}

/**
 * Replays a trace through all cells at once: one pass in each thread, and one before it when a budget is a share of the
 * footprint. What comes does not depend on the number of threads.
 */
export async function simulateTrace(
  { name, file }: TraceFile,
  { policies, costs, budgets }: Grid,
  options: TraceOptions,
  { progress, threads = 1, watch = () => undefined }: Running,
): Promise<Simulated> {
  const needsFootprint = budgets.some((budget) => budget.percent !== undefined);
  const footprint = new Footprint();
  const pass = async (step: number, onBatch: Parameters<typeof eachBatch>[2]) => {
    const steps = needsFootprint ? 2 : 1;
    const total = await sourceBytes(file);
    const label = steps === 2 && step === 0 ? `${name}: footprint` : name;
    return eachBatch(file, options, onBatch, (trace, requests) =>
      progress.show(label, total === undefined ? undefined : (step + trace.position / total) / steps, requests),
    );
  };
  if (needsFootprint) await pass(0, (batch) => footprint.add(batch));
  const plans = policies.flatMap((policy) =>
    costs.flatMap((cost) =>
      budgets.map((budget) => ({ policy, cost, budget, maxBytes: budgetBytes(budget, footprint.bytes) })),
    ),
  );
  const [own = [], ...others] = deal(plans, threads);
  const replays = newReplays(own);
  const running = others.map((cells) => startReplay({ file, options, cells: cells.map(planOf) }));
  let trace: Trace;
  let totals: ReplayTotals[];
  try {
    trace = await pass(needsFootprint ? 1 : 0, (batch, open) => {
      if (!open.hasCosts && costs.includes('measured')) {
        throw new UsageError(`--cost measured: expected a trace with a column of costs; ${name} has none`);
      }
      if (!needsFootprint) footprint.add(batch);
      for (const replay of replays) replay.replay(batch);
      watch(batch);
    });
    totals = collect([
      replays.map((replay) => replay.totals),
      ...(await Promise.all(running.map((one) => one.totals))),
    ]);
  } finally {
    for (const one of running) one.stop();
  }
  const cells = plans.map((plan, i): Cell => ({ ...plan, totals: totals[i]! }));
  progress.clear();
  if (trace.skipped > 0) remark(`${name}: lines left out that could not be read: ${trace.skipped}`);
  return { name, footprint, cells };
}

/** What a thread needs to know of a cell. */
function planOf({ policy, cost, maxBytes }: CellPlan): CellPlan {
  return { policy, cost, maxBytes };
}

/** Reads a trace from end to end. */
async function eachBatch(
  file: string,
  options: TraceOptions,
  onBatch: (batch: Batch, trace: Trace) => void,
  onProgress: (trace: Trace, requests: number) => void,
): Promise<Trace> {
  const trace = openTrace(file, options);
  let requests = 0;
  for await (const batch of trace.batches) {
    onBatch(batch, trace);
    requests += batch.length;
    onProgress(trace, requests);
  }
  return trace;
}
