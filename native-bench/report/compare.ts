/**
 * From samples to statements: every comparison is made within a round, between processes that ran side by side, and
 * only then summed up over the rounds.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { type Estimate, estimate } from '../harness/statistics.js';

/** What a contender measured in the round at hand; NaN when it did not take part. */
export type Lookup = (contender: string, metric: string) => number;

/** The estimate of a quantity computed in each round of a group; undefined when no round has all that it needs. */
export function estimateOf(
  result: ScenarioResult,
  group: string,
  quantity: (of: Lookup) => number,
): Estimate | undefined {
  const values: number[] = [];
  for (let round = 0; round < result.rounds; round++) {
    const samples = result.samples.filter((sample) => sample.round === round && sample.group === group);
    const value = quantity((contender, metric) => {
      const sample = samples.find((candidate) => candidate.contender === contender);
      return sample?.metrics[metric] ?? Number.NaN;
    });
    if (Number.isFinite(value)) values.push(value);
  }
  return values.length === 0 ? undefined : estimate(values);
}

/** One metric of one contender. */
export function metricOf(
  result: ScenarioResult,
  group: string,
  contender: string,
  metric: string,
): Estimate | undefined {
  return estimateOf(result, group, (of) => of(contender, metric));
}

/** How many times the baseline's metric a contender's is. */
export function ratioOf(
  result: ScenarioResult,
  group: string,
  [contender, metric]: readonly [string, string],
  [baseline, baselineMetric]: readonly [string, string],
): Estimate | undefined {
  return estimateOf(result, group, (of) => of(contender, metric) / of(baseline, baselineMetric));
}

/** Groups in the order in which they were measured first. */
export function groupsOf(result: ScenarioResult): string[] {
  return [...new Set(result.samples.map(({ group }) => group))];
}

/** Contenders of a group in the order of the first round. */
export function contendersOf(result: ScenarioResult, group: string): string[] {
  const names = result.samples.filter((sample) => sample.group === group).map(({ contender }) => contender);
  return [...new Set(names)];
}

/** The numbers of threads at which a metric was taken (`known.t4` is `known` at 4), ascending. */
export function threadsOf(result: ScenarioResult, group: string): number[] {
  const counts = new Set<number>();
  for (const { metrics, group: of } of result.samples) {
    if (of !== group) continue;
    for (const name of Object.keys(metrics)) {
      const count = /\.t(\d+)$/.exec(name)?.[1];
      if (count) counts.add(Number(count));
    }
  }
  return [...counts].sort((left, right) => left - right);
}
