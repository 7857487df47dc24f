/**
 * A warm restart: saving and restoring a shared cache that is full, beside a plain reading of the same file.
 */

import type { Plan, Scenario, Setting } from '../harness/scenario.js';

export interface SnapshotInput {
  /** Of one value, and of all together. */
  bytes: number;
  total: number;
  /** How often the file is read and restored, in turns. */
  turns: number;
  product: string;
}

const MIB = 2 ** 20;
const SIZES = { '1 MiB': MIB, '64 KiB': 64 * 1024, '4 KiB': 4096 };

export const snapshot: Scenario = {
  name: 'snapshot',
  async plan({ smoke, product }: Setting): Promise<Plan> {
    const jobs = Object.entries(SIZES).map(([name, bytes]) => ({
      contender: 'cachalot',
      group: name,
      module: 'scenarios/snapshot.child.js',
      input: { bytes, total: smoke ? 16 * MIB : 1024 * MIB, turns: smoke ? 1 : 3, product } satisfies SnapshotInput,
    }));
    return { jobs, rounds: smoke ? 1 : 3 };
  },
};
