/**
 * `npm run bench:compare -- BASE.js [--pairs 30]`: the plain hits of this build beside those of another one, in
 * alternating pairs of fresh processes. A difference below its interval is a tie, and is called so.
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runRounds } from './harness/rounds.js';
import type { Job, Metrics } from './harness/scenario.js';
import { build, productToMeasure } from './harness/setup.js';
import { estimate, verdict } from './harness/statistics.js';

const BASE = 'base';
const THIS = 'this';

const { values, positionals } = parseArgs({
  options: { pairs: { type: 'string', default: '30' } },
  allowPositionals: true,
});
const [base] = positionals;
if (base === undefined) throw new TypeError('expected the path of the build to compare with, as dist/index.js');
const pairs = Number(values.pairs);
if (!Number.isSafeInteger(pairs) || pairs < 1)
  throw new TypeError(`--pairs: expected a whole number; got '${values.pairs}'`);

build(say);
const jobs: Job[] = [
  { contender: BASE, url: productToMeasure(resolve(base)).href },
  { contender: THIS, url: productToMeasure(undefined).href },
].map(({ contender, url }) => ({
  contender,
  group: 'hits',
  module: 'scenarios/hits.child.js',
  nodeFlags: ['--expose-gc'],
  input: { product: url },
}));
const { samples, failures } = await runRounds({ jobs, rounds: pairs }, say);
for (const { contender, reason } of failures) say(`${contender}: ${reason}`);

const [before = [], after = []] = [BASE, THIS].map((contender) => samples.filter((one) => one.contender === contender));
const rows = Object.keys(after[0]?.metrics ?? {}).map((name) => compare(name, before, after));
process.stdout.write(`${['load', 'base M/s', 'this M/s', 'ratio', 'interval', ''].join('\t')}\n`);
for (const row of rows) process.stdout.write(`${row.join('\t')}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;

function compare(name: string, base: readonly { metrics: Metrics }[], made: readonly { metrics: Metrics }[]): string[] {
  const ratios = made.map(({ metrics }, pair) => metrics[name]! / base[pair]!.metrics[name]!);
  const ratio = estimate(ratios);
  const [old, own] = [base, made].map((list) => estimate(list.map(({ metrics }) => metrics[name]! / 1e6)).median);
  return [
    name,
    old!.toFixed(2),
    own!.toFixed(2),
    ratio.median.toFixed(3),
    `${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}`,
    verdict(ratio),
  ];
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
