/**
 * Caches of JavaScript values in one thread: 100 000 keys, room for 50 000 of them, Zipf 0.99.
 */

import type { Plan, Scenario, Setting } from '../harness/scenario.js';
import { contenders, SLOW } from '../peers/index.js';

export const heap: Scenario = {
  name: 'heap',
  async plan({ smoke, seed, window, product }: Setting): Promise<Plan> {
    const size = smoke
      ? { keys: 4_000, capacity: 2_000, draws: 1 << 14 }
      : { keys: 100_000, capacity: 50_000, draws: 1 << 19 };
    const jobs = Object.keys(contenders).map((contender) => ({
      contender,
      group: 'values',
      module: 'scenarios/heap.child.js',
      input: { contender, seed, product, window, ...size },
      nodeFlags: ['--expose-gc'],
      every: SLOW.has(contender) ? 2 : 1,
    }));
    return { jobs, rounds: smoke ? 1 : 6 };
  },
};
