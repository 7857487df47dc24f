import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../common/bytes.js';
import { POLICY_NAMES } from '../policy/index.js';
import { budgetText, parseBudgets } from './budget.js';
import { drawCharts } from './chart.js';
import { print } from './output.js';
import { Progress } from './progress.js';
import { type Cell, type Simulated, simulateTrace } from './replays.js';
import { withFiles } from './spool.js';
import { formatCount, formatPercent, formatTable } from './table.js';
import {
  COSTS,
  checkTraces,
  countOf,
  listOf,
  parseArguments,
  TRACE_HELP,
  TRACE_OPTIONS,
  traceOptions,
} from './usage.js';

const HELP = `Usage: cachalot simulate <trace…> [options]

Replays recorded requests through the eviction policies of the caches: what would be missed?
A trace is a file, packed with gzip or not, or - for standard input: 8-byte binary records, CSV,
JSON lines, or an access log of nginx, Apache or Squid. It need not fit into memory.

  --max-bytes B,…      budgets: bytes ('512MiB', '2gb', '1048576') or shares of the footprint,
                       the sum of the objects' sizes ('1%', 0.01). Default: 1%,5%,10%
  --policy P,…         ${POLICY_NAMES.join(', ')}. Default: auto,lru
  --cost C,…           what a miss costs: requests, bytes, balanced, or measured, a column of the
                       trace. Default: requests
  --svg FILE           also draw the miss ratios against the budgets
  --json               print JSON instead of a table
  --threads N          replay in N threads, each some of the combinations; what is printed is the
                       same. Default: 1
${TRACE_HELP}
  --help               this text

Traces are replayed from a cold start and charged with their own sizes and nothing else. An object
that is bigger than the budget is a miss and is not taken in.`;

/** `cachalot simulate`. */
export async function simulate(args: string[]): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    ...TRACE_OPTIONS,
    'max-bytes': { type: 'string', multiple: true },
    policy: { type: 'string', multiple: true },
    cost: { type: 'string', multiple: true },
    svg: { type: 'string' },
    json: { type: 'boolean' },
    threads: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) return print(HELP);
  checkTraces('simulate', positionals);
  const grid = {
    policies: listOf('--policy', values.policy, POLICY_NAMES, ['auto', 'lru']),
    costs: listOf('--cost', values.cost, COSTS, ['requests']),
    budgets: parseBudgets(values['max-bytes'] ?? ['1%,5%,10%']),
  };
  const options = traceOptions(values);
  const threads = countOf('--threads', values.threads, 1);
  // Now rather than after a long replay.
  if (values.svg !== undefined) await asPicture(access(dirname(values.svg), constants.W_OK));
  const progress = new Progress();
  const done: Simulated[] = [];
  await withFiles(positionals, async (files) => {
    for (const [i, file] of files.entries()) {
      done.push(await simulateTrace({ name: positionals[i]!, file }, grid, options, { progress, threads }));
    }
  }).finally(() => progress.clear());
  await print(
    values.json ? JSON.stringify({ results: done.flatMap(resultsOf) }, null, 2) : done.map(textOf).join('\n\n'),
  );
  if (values.svg !== undefined) await asPicture(writeFile(values.svg, drawCharts(done)));
}

async function asPicture(written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`--svg: expected a file that can be written; ${reason}`, { cause });
  }
}

/** One line of `--json`. */
interface Result {
  trace: string;
  policy: string;
  cost: string;
  maxBytes: number;
  requests: number;
  requestMissRatio: number;
  byteMissRatio: number;
  costMissRatio: number;
}

function resultsOf({ name, cells }: Simulated): Result[] {
  return cells.map(({ policy, cost, maxBytes, totals }) => {
    const { requests, misses, bytes, missedBytes, cost: costSum, missedCost } = totals;
    return {
      trace: name,
      policy,
      cost,
      maxBytes,
      requests,
      requestMissRatio: ratio(misses, requests),
      byteMissRatio: ratio(missedBytes, bytes),
      costMissRatio: ratio(missedCost, costSum),
    };
  });
}

function textOf({ name, footprint, cells }: Simulated): string {
  const { requests, objects, bytes } = footprint;
  const head = [
    'policy',
    'cost',
    'max bytes',
    'requests missed',
    'bytes missed',
    'cost missed',
    'bytes saved',
    'cost saved',
  ];
  const table = formatTable([head, ...cells.map(rowOf)], [false, false, false, true, true, true, true, true]);
  return `${name}: ${formatCount(requests)} requests of ${formatCount(objects)} objects, ${formatBytes(bytes)} in all\n\n${table}`;
}

function rowOf({ policy, cost, budget, maxBytes, totals }: Cell): string[] {
  const { requests, misses, bytes, missedBytes, cost: costSum, missedCost } = totals;
  return [
    policy,
    cost,
    budgetText(budget, maxBytes),
    formatPercent(ratio(misses, requests)),
    formatPercent(ratio(missedBytes, bytes)),
    formatPercent(ratio(missedCost, costSum)),
    formatBytes(bytes - missedBytes),
    formatCount(costSum - missedCost),
  ];
}

/** The share of nothing is 0. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
