/**
 * Is the budget true? Ten times the budget in values of 100 KB to 8 MB goes through; then the resident memory is read.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';

export interface MemoryInput {
  contender: string;
  budget: number;
  /** How many budgets go through. */
  churn: number;
  seed: number;
  product: string;
}

const MIB = 1024 * 1024;

export const memory: Scenario = {
  name: 'memory',
  async plan({ smoke, seed, product }: Setting): Promise<Plan> {
    const budget = smoke ? 48 * MIB : 384 * MIB;
    const churn = smoke ? 2 : 10;
    const job = (group: string, contender: string, module: string): Job => ({
      group,
      contender,
      module,
      input: { contender, budget, churn, seed, product } satisfies MemoryInput,
      nodeFlags: ['--expose-gc'],
    });
    const heap = ['Map', 'cachalot lru', 'lru-cache maxSize'];
    return {
      jobs: [
        job('shared', 'cachalot SharedCache', 'scenarios/memory-shared.child.js'),
        ...heap.map((contender) => job('heap', contender, 'scenarios/memory-heap.child.js')),
      ],
      rounds: smoke ? 1 : 3,
    };
  },
};
