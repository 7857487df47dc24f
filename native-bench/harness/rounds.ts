/**
 * Rounds of fresh processes, interleaved: within a group the first place rotates from round to round, and every other
 * round runs backwards, so that nobody always follows the same neighbour or always meets a cold machine.
 */

import { runJob } from './child.js';
import type { Failure, Job, Plan, Sample } from './scenario.js';

export interface Outcome {
  samples: Sample[];
  failures: Failure[];
}

export type Progress = (text: string) => void;

/** The jobs of one round in their order. */
export function orderOfRound(jobs: readonly Job[], round: number): Job[] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    if (round % (job.every ?? 1) !== 0) continue;
    const group = groups.get(job.group);
    if (group) group.push(job);
    else groups.set(job.group, [job]);
  }
  return [...groups.values()].flatMap((group) => {
    const backwards = round % 2 === 1;
    // Turned by one less when backwards, so that over as many rounds as there are jobs each stands at every place.
    const first = (backwards ? round - 1 : round) % group.length;
    const base = backwards ? [...group].reverse() : group;
    return [...base.slice(first), ...base.slice(0, first)];
  });
}

/** Runs all rounds of a plan, one process at a time. A job that fails is recorded; the others go on. */
export async function runRounds(plan: Plan, progress: Progress): Promise<Outcome> {
  const outcome: Outcome = { samples: [], failures: [] };
  for (let round = 0; round < plan.rounds; round++) {
    for (const job of orderOfRound(plan.jobs, round)) {
      progress(`round ${round + 1}/${plan.rounds}  ${job.group}  ${job.contender}`);
      const where = { round, group: job.group, contender: job.contender };
      try {
        outcome.samples.push({ ...where, ...(await runJob(job)) });
      } catch (error) {
        outcome.failures.push({ ...where, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return outcome;
}
