/**
 * Who misses least: our policies and lru-cache on seeded workloads and on all traces of a folder, at shares of the
 * footprint. Nothing is random and no clock is read: one round says it all.
 */

import type { Job, Plan, Sample, Scenario, Setting } from '../harness/scenario.js';
import { type Best, readReferences } from '../traces/reference.js';
import { type EvictionInput, LRU_CACHE, missMetric, OUR_POLICIES, REFERENCE, SHARES } from './eviction-cells.js';
import { openWorkloads } from './workloads.js';

export const eviction: Scenario = {
  name: 'eviction',
  isUntimed: true,
  async plan(setting: Setting): Promise<Plan> {
    const { workloads, references, close } = await openWorkloads(setting);
    const contenders = [...OUR_POLICIES.map((policy) => `cachalot ${policy}`), LRU_CACHE];
    const shares = setting.smoke ? [0.05] : SHARES;
    const jobs = workloads.flatMap(({ name, origin }) =>
      contenders.map(
        (contender): Job => ({
          contender,
          group: name,
          module: 'scenarios/eviction.child.js',
          input: { contender, origin, shares, product: setting.product } satisfies EvictionInput,
        }),
      ),
    );
    const names = new Set(workloads.map(({ name }) => name));
    const known = samplesOf(
      readReferences(references).filter(
        ({ trace, share }) => names.has(trace) && shares.some((asked) => asked === share),
      ),
    );
    return { jobs, rounds: 1, known, close: async () => close() };
  },
};

/** One sample for each policy that is the best somewhere on a trace. */
export function samplesOf(bests: readonly Best[]): Sample[] {
  const samples = new Map<string, Sample>();
  for (const { trace, share, by, policy, missRatio } of bests) {
    const contender = `${REFERENCE}${policy}`;
    const key = `${trace} ${policy}`;
    const sample = samples.get(key) ?? { round: 0, group: trace, contender, metrics: {}, waitShare: 0 };
    sample.metrics[missMetric(by, share)] = missRatio;
    samples.set(key, sample);
  }
  return [...samples.values()];
}
