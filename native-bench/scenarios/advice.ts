/**
 * Is the advice true? What `stats.advise()` says of half, twice and four times a budget, beside what caches of these
 * budgets then really do with the same requests.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import { ADVISED_POLICIES, type AdviceInput, advised, KINDS } from './advice-cells.js';
import { SHARES } from './eviction-cells.js';
import { openWorkloads } from './workloads.js';

/** Four caches of each budget see all requests: on a busy machine that takes its time. */
const DEADLINE_MS = 900_000;

export const advice: Scenario = {
  name: 'advice',
  isUntimed: true,
  isLong: true,
  async plan(setting: Setting): Promise<Plan> {
    const { smoke, product } = setting;
    const { workloads, close } = await openWorkloads(setting);
    const jobs = workloads.flatMap(({ name, origin }) =>
      KINDS.flatMap((kind) =>
        ADVISED_POLICIES.filter((policy) => !smoke || policy === 'auto').map(
          (policy): Job => ({
            contender: advised(kind, policy),
            group: name,
            module: 'scenarios/advice.child.js',
            input: {
              kind,
              policy,
              origin,
              shares: smoke || kind === 'SharedCache' ? [0.05] : SHARES,
              sharedRequests: smoke ? 500 : 40_000,
              product,
            } satisfies AdviceInput,
            deadlineMs: DEADLINE_MS,
          }),
        ),
      ),
    );
    return { jobs, rounds: 1, close: async () => close() };
  },
};
