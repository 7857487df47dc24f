/**
 * `npm run bench:compare -- BASE.js [--pairs 30]`: the plain hits of this build beside those of another one, or, with
 * `--peer NAME [--ours NAME] [--entries N]`, one of our caches beside another contender at the loads of `heap`: in
 * alternating pairs of fresh processes. A difference below its interval is a tie, and is called so.
 */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runRounds } from './harness/rounds.js';
import type { Job } from './harness/scenario.js';
import { build, installPeers, productToMeasure } from './harness/setup.js';
import { estimate, verdict } from './harness/statistics.js';
import { contenders } from './peers/index.js';
import { pairJobs } from './scenarios/pairs.js';

const { values, positionals } = parseArgs({
  options: {
    pairs: { type: 'string', default: '30' },
    peer: { type: 'string' },
    ours: { type: 'string', default: 'cachalot lru' },
    entries: { type: 'string', default: '50000' },
  },
  allowPositionals: true,
});
const pairs = wholeNumber('--pairs', values.pairs);
const jobs = values.peer === undefined ? jobsOfBuilds(positionals[0]) : jobsOfPeer(values.peer, values.ours);
const { samples, failures } = await runRounds({ jobs, rounds: pairs }, say);
for (const { contender, reason } of failures) say(`${contender}: ${reason}`);

// The first stands for what is compared with.
const names = jobs.map(({ contender }) => contender);
const [before = [], after = []] = names.map((name) => samples.filter(({ contender }) => contender === name));
const rows = Object.keys(after[0]?.metrics ?? {})
  .filter((name) => !/missed$|hitRate$/.test(name))
  .map(compare);
process.stdout.write(`${['load', `${names[0]} M/s`, `${names[1]} M/s`, 'ratio', 'interval', ''].join('\t')}\n`);
for (const row of rows) process.stdout.write(`${row.join('\t')}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;

function jobsOfBuilds(base: string | undefined): Job[] {
  if (base === undefined) {
    throw new TypeError('expected the path of the build to compare with, as dist/index.js, or --peer and a name');
  }
  build(say);
  return [
    { contender: 'base', url: productToMeasure(resolve(base)).href },
    { contender: 'this', url: productToMeasure(undefined).href },
  ].map(({ contender, url }) => ({
    contender,
    group: 'hits',
    module: 'scenarios/hits.child.js',
    nodeFlags: ['--expose-gc'],
    input: { product: url },
  }));
}

function jobsOfPeer(peer: string, ours: string): Job[] {
  for (const [option, name] of Object.entries({ '--peer': peer, '--ours': ours })) {
    if (Object.hasOwn(contenders, name)) continue;
    throw new TypeError(`${option}: expected one of ${Object.keys(contenders).join(', ')}; got '${name}'`);
  }
  if (peer === ours) throw new TypeError(`--peer: expected another one than '${ours}'`);
  const capacity = wholeNumber('--entries', values.entries);
  installPeers(say);
  build(say);
  const setting = { seed: 1, product: productToMeasure(undefined).href, window: { windowMs: 220, warmupMs: 150 } };
  const draws = capacity < 1_000_000 ? 1 << 19 : 1 << 21;
  return pairJobs({ ours: peer, other: ours }, { name: values.entries, capacity, draws }, setting);
}

/** Within the pairs that both have ended. */
function compare(name: string): string[] {
  const both = after.flatMap(({ round, metrics }) => {
    const beside = before.find((sample) => sample.round === round);
    return beside ? [[beside.metrics[name]!, metrics[name]!] as const] : [];
  });
  const ratio = estimate(both.map(([base, made]) => made / base));
  const [old, own] = [0, 1].map((side) => estimate(both.map((pair) => pair[side]! / 1e6)).median);
  return [
    name,
    old!.toFixed(2),
    own!.toFixed(2),
    ratio.median.toFixed(3),
    `${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}`,
    verdict(ratio),
  ];
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new TypeError(`${option}: expected a whole number; got '${text}'`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
