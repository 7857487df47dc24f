import { describe, it } from 'vitest';
import { CachePair } from './cache-pair.js';
import { randomOptions, step } from './cache-steps.js';
import { Random } from './random.js';
import { POLICIES, type PolicyName, runSeeds, takeSteps } from './steps.js';

/*
 * Random operations on a Cache beside a plain model, 1 000 000 in all. A failure names the seed of its run: with
 * `MODEL_SEED=<seed>` only that run is made. `MODEL_RUNS=<number>` makes more, or fewer, for each policy.
 */
const RUNS = 100;

async function run(policy: PolicyName, seed: number): Promise<void> {
  const random = new Random(seed);
  const options = randomOptions(random, policy);
  const pair = new CachePair(options);
  await takeSteps(pair, (done) => step(random, pair, options.heard, done), {
    count: 2000,
    betweenFullChecks: 40,
    label: `MODEL_SEED=${seed}: ${policy} ${JSON.stringify(options)}`,
  });
}

describe('a Cache beside a model', () => {
  it.each(POLICIES)('%s: the same after each of 200 000 operations', (policy) => runSeeds(policy, RUNS, run), 120_000);
});
