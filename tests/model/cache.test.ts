import { describe, it } from 'vitest';
import { CachePair } from './cache-pair.js';
import { randomOptions, step } from './cache-steps.js';
import { Random } from './random.js';

/*
 * Random operations on a Cache beside a plain model, 1 000 000 in all. A failure names the seed of its run: with
 * `MODEL_SEED=<seed>` only that run is made. `MODEL_RUNS=<number>` makes more, or fewer, for each policy.
 */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 100);
const STEPS = 2000;
const BETWEEN_FULL_CHECKS = 40;

async function run(policy: 'auto' | 'lru' | 'lfu' | 'fifo' | 'gdsf', seed: number): Promise<void> {
  const random = new Random(seed);
  const options = randomOptions(random, policy);
  const isTimed = options.heard;
  const pair = new CachePair(options);
  const done: string[] = [];
  try {
    for (let i = 1; i <= STEPS; i++) {
      await step(random, pair, isTimed, done);
      pair.check();
      if (i % BETWEEN_FULL_CHECKS === 0) pair.checkAll();
    }
    await pair.close();
  } catch (error) {
    const last = [
      `MODEL_SEED=${seed}: ${policy} ${JSON.stringify(options)}`,
      `step ${done.length}, after:`,
      ...done.slice(-15),
    ];
    throw new Error(`${last.join('\n')}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

describe('a Cache beside a model', () => {
  const only = process.env['MODEL_SEED'];
  it.each(['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const)(
    '%s: the same after each of 200 000 operations',
    async (policy) => {
      if (only !== undefined) await run(policy, Number(only));
      else for (let i = 0; i < RUNS; i++) await run(policy, 7919 * i + policy.length);
    },
    120_000,
  );
});
