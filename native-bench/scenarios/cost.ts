/**
 * Which cost setting saves most time? Loads take what real decodes have just taken on this machine, replayed on a virtual
 * clock, so that all settings meet the same times.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import { COST_CONTENDERS, type CostInput } from './cost-cells.js';
import { measureDecodes } from './decodes.js';
import { SHARES } from './eviction-cells.js';
import { isSized, requestsFrom } from './requests.js';
import { openWorkloads } from './workloads.js';

export const cost: Scenario = {
  name: 'cost',
  isUntimed: true,
  async plan(setting: Setting): Promise<Plan> {
    const { workloads, close } = await openWorkloads(setting);
    const decodes = measureDecodes(setting);
    const shares = setting.smoke ? [0.05] : SHARES;
    const { seed, product } = setting;
    const jobs = workloads
      .filter(({ origin }) => isSized(requestsFrom(origin)))
      .flatMap(({ name, origin }) =>
        COST_CONTENDERS.map(
          (contender): Job => ({
            contender,
            group: name,
            module: 'scenarios/cost.child.js',
            input: { contender, origin, shares, decodes, seed, product } satisfies CostInput,
          }),
        ),
      );
    return { jobs, rounds: 1, close: async () => close() };
  },
};
