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

/**
 * Runs all rounds of a plan, so many processes at a time: one, where anything is timed. A job that fails is recorded; the
 * others go on. The samples stand in the order of the jobs, whichever ends first.
 */
export async function runRounds(plan: Plan, progress: Progress, lanes = 1): Promise<Outcome> {
  const outcomes: (Sample | Failure)[] = [];
  const jobs = Array.from({ length: plan.rounds }, (_, round) =>
    orderOfRound(plan.jobs, round).map((job) => ({ job, round })),
  ).flat();
  let next = 0;
  const runLane = async () => {
    for (let at = next++; at < jobs.length; at = next++) {
      const { job, round } = jobs[at]!;
      progress(`round ${round + 1}/${plan.rounds}  ${job.group}  ${job.contender}`);
      const where = { round, group: job.group, contender: job.contender };
      try {
        outcomes[at] = { ...where, ...(await runJob(job)) };
      } catch (error) {
        outcomes[at] = { ...where, reason: error instanceof Error ? error.message : String(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, runLane));
  return {
    samples: outcomes.filter((outcome) => 'metrics' in outcome),
    failures: outcomes.filter((outcome) => 'reason' in outcome),
  };
}
