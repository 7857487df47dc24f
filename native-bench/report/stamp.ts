/**
 * The end of the README: the machine, the versions, the runs.
 */

import type { Machine } from '../harness/machine.js';
import type { ScenarioResult } from '../harness/scenario.js';
import { median } from '../harness/statistics.js';
import { compact, table } from './format.js';

/** One paragraph for each machine that took part (one, unless results of several were put together), then the runs. */
export function stamps(results: readonly ScenarioResult[]): string[] {
  if (results.length === 0) return ['Nothing yet.'];
  const machines = new Map<string, string[]>();
  for (const { machine, scenario } of results) {
    const text = describe(machine);
    machines.set(text, [...(machines.get(text) ?? []), scenario]);
  }
  const paragraphs = [...machines].map(([text, names]) =>
    machines.size > 1 ? `*${names.join(', ')}*: ${text}` : text,
  );
  const runs = table(
    ['scenario', 'when (UTC)', 'rounds', 'seed', 'window', 'took', 'waiting for a core', 'failed'],
    results.map(run),
  );
  const failures = results.flatMap(({ scenario, failures: list }) =>
    list.map(({ contender, group, reason }) => `* ${scenario}, ${group}, ${contender}: ${reason.split('\n')[0]}`),
  );
  return [...paragraphs, runs, WAITING, [...new Set(failures)].join('\n')];
}

const WAITING = [
  'Waiting for a core: the median share of their time that the measuring threads were ready to run and had no core; near 0 on a quiet machine',
  '(0 where the kernel does not tell). A message or a wake-up costs up to five times more on an idle virtual machine than on a busy one.',
].join('\n');

function describe({ cpu, cores, memoryBytes, kernel, node, v8, compiler, redis, packages }: Machine): string {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  const machine = `${cpu}, ${cores} cores, ${compact(memoryBytes / 2 ** 30)} GiB; ${kernel}; Node ${node}, V8 ${v8}`;
  return `${machine}; ${compiler}; ${redis}.\n${versions.join(', ')}.`;
}

function run({ scenario, startedAt, rounds, seed, window, seconds, samples, failures }: ScenarioResult): string[] {
  const waited = samples.length === 0 ? 0 : median(samples.map(({ waitShare }) => waitShare));
  return [
    scenario,
    startedAt.slice(0, 16).replace('T', ' '),
    String(rounds),
    String(seed),
    `${window.windowMs} ms`,
    `${compact(seconds)} s`,
    `${(waited * 100).toFixed(1)} %`,
    String(failures.length),
  ];
}
