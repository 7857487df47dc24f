/**
 * `npm run bench`: sets up, runs the scenarios, writes results, charts and README.
 */

import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './harness/machine.js';
import { type Options, parseOptions, USAGE } from './harness/options.js';
import { readResults, writeResult } from './harness/results.js';
import { runRounds } from './harness/rounds.js';
import type { Failure, Plan, Scenario, ScenarioResult, Setting } from './harness/scenario.js';
import { build, installPeers, prepareTools, productToMeasure, type Tools } from './harness/setup.js';
import { writeReport } from './report/readme.js';
import { scenarios } from './scenarios/index.js';

const BENCH = new URL('./', import.meta.url);

try {
  const names = scenarios.map(({ name }) => name);
  const options = parseOptions(process.argv.slice(2), names);
  if (options.help) process.stdout.write(`${USAGE}\nScenarios: ${names.join(', ')}.\n`);
  else await main(options);
} catch (error) {
  // Whoever runs a benchmark wants to know what is missing, not where in the harness it was noticed.
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function main(chosen: Options): Promise<void> {
  const folder = chosen.out ?? fileURLToPath(new URL(chosen.smoke ? '.cache/smoke' : '.', BENCH));
  mkdirSync(folder, { recursive: true });
  const results = chosen.report ? [] : await measureAll(chosen, folder);
  writeReport(folder, readResults(folder));
  say(`results and README are in ${folder}`);
  if (chosen.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  const failures = new Set(
    results.flatMap(({ scenario, failures: list }) => list.map((one) => describeFailure(scenario, one))),
  );
  for (const failure of failures) say(failure);
  if (failures.size > 0) process.exitCode = 1;
}

/** Runs the chosen scenarios; each result is on disk before the next is begun. */
async function measureAll(chosen: Options, folder: string): Promise<ScenarioResult[]> {
  installPeers(say);
  if (chosen.build) build(say);
  const product = productToMeasure(chosen.product).href;
  const tools = prepareTools(say);
  for (const tool of [tools.ceiling, tools.redis]) if ('missing' in tool) say(tool.missing);
  const setting = settingFor(chosen, product, tools);
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    if (!isChosen(scenario, chosen)) continue;
    const result = await measureScenario(scenario, chosen, setting, tools);
    writeResult(folder, result);
    results.push(result);
  }
  return results;
}

function isChosen({ name, isLong = false }: Scenario, { scenarios: asked, smoke }: Options): boolean {
  return asked.length > 0 ? asked.includes(name) : smoke || !isLong;
}

async function measureScenario(
  scenario: Scenario,
  chosen: Options,
  setting: Setting,
  { versions }: Tools,
): Promise<ScenarioResult> {
  const start = Date.now();
  const whole = await scenario.plan(setting);
  const plan = narrow(whole, chosen);
  say(`${scenario.name}: ${plan.jobs.length} jobs, ${plan.rounds} rounds`);
  try {
    // The figures of a trial run mean nothing anyway.
    const lanes = chosen.smoke || scenario.isUntimed ? availableParallelism() : 1;
    const outcome = await runRounds(plan, progress, lanes);
    return {
      scenario: scenario.name,
      startedAt: new Date(start).toISOString(),
      seconds: (Date.now() - start) / 1000,
      seed: chosen.seed,
      smoke: chosen.smoke,
      window: setting.window,
      rounds: plan.rounds,
      machine: describeMachine(BENCH, versions),
      ...outcome,
      samples: [...(plan.known ?? []), ...outcome.samples],
    };
  } finally {
    await plan.close?.();
    progress('');
  }
}

function settingFor({ smoke, seed, traces, full }: Options, product: string, { ceiling, redis }: Tools): Setting {
  const cores = availableParallelism();
  return {
    smoke,
    seed,
    window: smoke ? { windowMs: 8, warmupMs: 6 } : { windowMs: 220, warmupMs: 150 },
    product,
    threads: [...new Set([1, 2, smoke ? 2 : cores])].filter((count) => count <= cores),
    traces,
    full,
    ceiling,
    redis,
  };
}

function narrow(plan: Plan, { only, groups, rounds }: Options): Plan {
  const begins = (name: string, prefixes: string[]) =>
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  const jobs = plan.jobs.filter((job) => begins(job.contender, only) && begins(job.group, groups));
  return { ...plan, jobs, rounds: rounds ?? plan.rounds };
}

/** Without the round: who fails in every round is told once. */
function describeFailure(scenario: string, { group, contender, reason }: Failure): string {
  return `FAILED ${scenario}, ${group}, ${contender}: ${reason}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else if (text) process.stderr.write(`  ${text}\n`);
}
