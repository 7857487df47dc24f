/**
 * Whether there is room for large values: the keeper's own code under seeded workloads and recorded requests, beside the
 * same policy in a memory that knows no fragmentation; and how long who inserts, and who does something else, has to wait.
 */

import type { Plan, Scenario, Setting } from '../harness/scenario.js';
import { readFolder } from '../traces/folder.js';
import { isSized, requestsFrom } from './requests.js';
import type { Origin } from './room-workload.js';

export interface RoomInput {
  policy: 'gdsf' | 'lru' | 'auto';
  origin: Origin;
  /** Of the arena; of recorded requests a share of what all objects have. */
  budget: number;
  share?: number;
  /** Leases that are held at any time. */
  leases: number;
  seed: number;
}

export interface RoomLatencyInput {
  budget: number;
  inserts: number;
  seed: number;
  product: string;
}

export const ROOM = 'cachalot';
export const WAITING = 'inserts of 1 MiB';
const GIB = 2 ** 30;
const POLICIES = ['gdsf', 'lru', 'auto'] as const;
const LEASES = { '': 0, ', leases held': 8 };
/** The budget for recorded requests. */
const SHARE = 0.05;

export const room: Scenario = {
  name: 'room',
  async plan({ smoke, seed, product, traces }: Setting): Promise<Plan> {
    const folder = traces === undefined ? undefined : await readFolder(traces);
    const size = { objects: smoke ? 200 : 1_500, requests: smoke ? 1_000 : 40_000, seed };
    const budget = smoke ? GIB / 8 : GIB;
    const work = (group: string, input: Omit<RoomInput, 'policy' | 'seed'>) =>
      POLICIES.map((policy) => ({
        contender: ROOM,
        group: `${group}, ${policy}`,
        module: 'scenarios/room.child.js',
        input: { policy, seed, ...input } satisfies RoomInput,
      }));
    const seeded = (['uniform', 'log-uniform'] as const).flatMap((sizes) =>
      Object.entries(LEASES).flatMap(([held, leases]) =>
        work(`${sizes}${held}`, { origin: { sizes, ...size }, budget, leases }),
      ),
    );
    const sized = (folder?.traces ?? []).filter(({ file }) => isSized(requestsFrom({ file })));
    const recorded = sized.flatMap(({ name, file }) =>
      work(name, { origin: { file }, budget, share: SHARE, leases: 0 }),
    );
    const latency = {
      contender: ROOM,
      group: WAITING,
      module: 'scenarios/room-latency.child.js',
      input: {
        budget: smoke ? GIB / 8 : GIB / 2,
        inserts: smoke ? 100 : 4_000,
        seed,
        product,
      } satisfies RoomLatencyInput,
    };
    const plan: Plan = { jobs: [...seeded, ...recorded, latency], rounds: smoke ? 1 : 3 };
    if (folder) plan.close = async () => folder.close();
    return plan;
  },
};
