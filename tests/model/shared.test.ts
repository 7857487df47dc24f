import { describe, it, vi } from 'vitest';
import { KeeperHere } from './here.js';
import { Random } from './random.js';
import { SharedPair } from './shared-pair.js';
import { sharedStep } from './shared-steps.js';

/*
 * Random operations on a SharedCache beside a plain model, with the keeper in this thread and time standing still between
 * the steps. `MODEL_SEED` and `MODEL_RUNS` as for Cache.
 */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 8);
const STEPS = 500;
const BETWEEN_FULL_CHECKS = 25;

const { time, line } = vi.hoisted(() => ({ time: { now: 1000 }, line: { client: undefined as unknown } }));

vi.mock('../../src/common/clock.js', () => {
  const monotonicNow = () => time.now;
  return { monotonicNow, monotonicClock: { now: monotonicNow } };
});
vi.mock('../../src/shared/thread.js', () => ({ connectThread: async () => line.client }));

let names = 0;

async function run(policy: 'auto' | 'lru' | 'lfu' | 'fifo' | 'gdsf', seed: number): Promise<void> {
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
  const done: string[] = [];
  try {
    for (let i = 1; i <= STEPS; i++) {
      await sharedStep(random, pair, done);
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

describe('a SharedCache beside a model', () => {
  const only = process.env['MODEL_SEED'];
  it.each(['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const)(
    '%s: the same after each operation',
    async (policy) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      if (only !== undefined) await run(policy, Number(only));
      else for (let i = 0; i < RUNS; i++) await run(policy, 7919 * i + policy.length);
      vi.useRealTimers();
    },
    120_000,
  );
});
