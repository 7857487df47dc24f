import { type Advised, advise as adviseOn, estimateRates } from '../advice/advise.js';
import { kneeOf } from '../advice/knee.js';
import { RequestLog } from '../advice/request-log.js';
import { usualCostOf } from '../advice/usual-cost.js';
import { formatBytes } from '../common/bytes.js';
import { hashNumber } from '../common/hash.js';
import { createPolicy, POLICY_NAMES } from '../policy/index.js';
import type { Advice } from '../stats/advice.js';
import type { Batch } from '../trace/batch.js';
import type { ReplayCost } from '../trace/replay.js';
import type { TraceOptions } from '../trace/trace.js';
import { parseBudgets } from './budget.js';
import { print } from './output.js';
import { Progress } from './progress.js';
import { type Cell, type Grid, type Simulated, simulateTrace, type TraceFile } from './replays.js';
import { withFiles } from './spool.js';
import { formatCount, formatPercent, formatTable } from './table.js';
import {
  COSTS,
  checkTraces,
  listOf,
  parseArguments,
  TRACE_HELP,
  TRACE_OPTIONS,
  traceOptions,
  UsageError,
} from './usage.js';

const HELP = `Usage: cachalot advise <trace…> [options]

What would half, twice and four times a budget give, and where is the knee of the curve: the budget
beyond which more bytes bring less? The budget itself is replayed as it is, the others are estimated
from the requests of a hashed sample of the keys. For traces see cachalot simulate --help.

  --max-bytes B        the budget: bytes ('512MiB') or a share of the footprint ('1%', 0.01).
                       Default: 10%
  --policy P,…         ${POLICY_NAMES.join(', ')}. Default: auto
  --cost C,…           requests, bytes, balanced or measured. Default: requests
  --json               print JSON instead of a table
${TRACE_HELP}
  --help               this text`;

/** Requests that are kept of a trace: 2 MiB for each cost. */
const RECORDS = 1 << 18;
const SEED = 0x2545f491;
/** Points of the curve from a thousandth of the footprint to all of it, and how many to a doubling. */
const CURVE_START = 1 / 1024;
const POINTS_PER_DOUBLING = 2;

/** `cachalot advise`. */
export async function advise(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    ...TRACE_OPTIONS,
    'max-bytes': { type: 'string' },
    policy: { type: 'string', multiple: true },
    cost: { type: 'string', multiple: true },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) return print(HELP);
  checkTraces('advise', positionals);
  const budgets = parseBudgets([values['max-bytes'] ?? '10%']);
  if (budgets.length > 1) throw new UsageError(`--max-bytes: expected one budget; got '${values['max-bytes']}'`);
  const grid: Grid = {
    policies: listOf('--policy', values.policy, POLICY_NAMES, ['auto']),
    costs: listOf('--cost', values.cost, COSTS, ['requests']),
    budgets,
  };
  const options = traceOptions(values);
  const progress = new Progress();
  const done: Advisory[] = [];
  await withFiles(positionals, async (files) => {
    for (const [i, file] of files.entries()) {
      done.push(...(await adviseTrace({ name: positionals[i]!, file }, grid, options, progress)));
    }
  }).finally(() => progress.clear());
  await print(values.json ? JSON.stringify({ results: done.map(resultOf) }, null, 2) : done.map(textOf).join('\n\n'));
}

/** What is told of one policy and cost on one trace. */
interface Advisory {
  readonly simulated: Simulated;
  readonly cell: Cell;
  /** The share of the keys that was followed. */
  readonly sampleRate: number;
  readonly advice: readonly Advice[];
  readonly curve: readonly Omit<Advice, 'factor'>[];
  readonly knee: Omit<Advice, 'factor'> | undefined;
}

async function adviseTrace(
  trace: TraceFile,
  grid: Grid,
  options: TraceOptions,
  progress: Progress,
): Promise<Advisory[]> {
  const logs = new Map(grid.costs.map((cost) => [cost, newLog(cost)]));
  const simulated = await simulateTrace(trace, grid, options, {
    progress,
    watch: (batch) => {
      for (const [cost, log] of logs) note(log, batch, cost === 'measured' ? undefined : usualCostOf(cost));
    },
  });
  const most = Math.max(1, simulated.footprint.bytes);
  return simulated.cells.map((cell): Advisory => {
    const { requests, misses, bytes, missedBytes } = cell.totals;
    const advised: Advised = {
      maxBytes: cell.maxBytes,
      maxEntries: Number.POSITIVE_INFINITY,
      newPolicy: () => createPolicy(cell.policy),
      usualCost: usualCostOf(cell.cost),
      hitRate: requests === 0 ? 0 : 1 - misses / requests,
      byteHitRate: bytes === 0 ? 0 : 1 - missedBytes / bytes,
    };
    const view = logs.get(cell.cost)!.view();
    const curve = estimateRates(view, advised, curveBudgets(most));
    return {
      simulated,
      cell,
      sampleRate: view.rate,
      advice: adviseOn(view, advised),
      curve,
      knee: kneeOf(curve),
    };
  });
}

function newLog(cost: ReplayCost): RequestLog {
  return new RequestLog({ gets: () => 0, usualCost: usualCostOf(cost), capacity: RECORDS });
}

function note(log: RequestLog, { ids, sizes, costs, length }: Batch, costOf?: (size: number) => number): void {
  for (let i = 0; i < length; i++) {
    const hash = hashNumber(ids[i]!, SEED);
    if (hash >= log.threshold) continue;
    const size = sizes[i]!;
    log.request(hash, size, costOf === undefined ? costs[i]! : costOf(size));
  }
}

function curveBudgets(footprint: number): number[] {
  const points = Math.log2(1 / CURVE_START) * POINTS_PER_DOUBLING;
  const budgets = Array.from({ length: points + 1 }, (_, i) =>
    Math.floor(footprint * CURVE_START * 2 ** (i / POINTS_PER_DOUBLING)),
  );
  return [...new Set(budgets.filter((budget) => budget > 0))];
}

function resultOf({ simulated, cell, sampleRate, advice, curve, knee }: Advisory) {
  return {
    trace: simulated.name,
    policy: cell.policy,
    cost: cell.cost,
    maxBytes: cell.maxBytes,
    requests: cell.totals.requests,
    sampleRate,
    advice,
    knee: knee ?? null,
    curve,
  };
}

function textOf({ simulated, cell, sampleRate, advice, knee }: Advisory): string {
  const { requests, objects, bytes } = simulated.footprint;
  const rows = advice.map(({ factor, maxBytes, hitRate, byteHitRate }) => [
    factor === 0.5 ? '½ ×' : `${factor} ×`,
    formatBytes(maxBytes),
    formatPercent(hitRate),
    formatPercent(byteHitRate),
  ]);
  const lines = [
    `${simulated.name}: ${formatCount(requests)} requests of ${formatCount(objects)} objects, ${formatBytes(bytes)} in all`,
    `policy ${cell.policy}, cost ${cell.cost}, ${formatPercent(sampleRate)} of the keys followed`,
    '',
    formatTable([['budget', 'max bytes', 'requests hit', 'bytes hit'], ...rows], [false, true, true, true]),
    '',
    knee === undefined
      ? 'no knee: more bytes bring as much everywhere'
      : `knee at ${formatBytes(knee.maxBytes)}: ${formatPercent(knee.hitRate)} of the requests hit; beyond it more bytes bring less`,
  ];
  return lines.join('\n');
}
