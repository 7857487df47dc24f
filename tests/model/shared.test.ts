import { describe, it, vi } from 'vitest';
import { KeeperHere } from './here.js';
import { Random } from './random.js';
import { SharedPair } from './shared-pair.js';
import { sharedStep } from './shared-steps.js';
import { POLICIES, type PolicyName, runSeeds, takeSteps } from './steps.js';

/*
 * Random operations on a SharedCache beside a plain model, with the keeper in this thread and time standing still between
 * the steps. `MODEL_SEED` and `MODEL_RUNS` as for Cache.
 */
const RUNS = 8;

const { time, line } = vi.hoisted(() => ({ time: { now: 1000 }, line: { client: undefined as unknown } }));

vi.mock('../../src/common/clock.js', () => {
  const monotonicNow = () => time.now;
  return { monotonicNow, monotonicClock: { now: monotonicNow } };
});
vi.mock('../../src/shared/thread.js', () => ({ connectThread: async () => line.client }));

let names = 0;

async function run(policy: PolicyName, seed: number): Promise<void> {
  const random = new Random(seed);
  const here = new KeeperHere(() => time.now);
  line.client = here.client;
  const options = {
    name: `model ${++names}`,
    policy,
    maxBytes: random.int(16, 64) * 1024,
    ...(random.chance(0.4) ? { ttl: random.int(1, 100) } : {}),
    ...(random.chance(0.2) ? { idleTtl: random.int(1, 50) } : {}),
    ...(random.chance(0.4) ? { grace: random.int(1, 50) } : {}),
    ...(random.chance(0.3) ? { maxEntries: random.int(2, 20) } : {}),
  };
  const pair = await SharedPair.create(options, here, time);
  await takeSteps(pair, (done) => sharedStep(random, pair, done), {
    count: 500,
    betweenFullChecks: 25,
    label: `MODEL_SEED=${seed}: ${policy} ${JSON.stringify(options)}`,
  });
}

describe('a SharedCache beside a model', () => {
  it.each(POLICIES)(
    '%s: the same after each operation',
    async (policy) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      await runSeeds(policy, RUNS, run);
      vi.useRealTimers();
    },
    120_000,
  );
});
