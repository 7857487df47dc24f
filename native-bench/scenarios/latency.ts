/**
 * What it costs to ask the keeper, beside a bare ping-pong between the same threads; and how fast a large value gets in,
 * beside a bare copy.
 */

import type { Plan, Scenario, Setting } from '../harness/scenario.js';
import type { Window } from '../harness/timing.js';
import { sizes } from './sizes.js';

export interface RoundTripInput {
  /** Which thread asks. */
  from: 'main' | 'worker';
  /** Round trips of each kind. */
  trips: number;
  product: string;
}

export interface InsertInput {
  bytes: number;
  budget: number;
  window: Window;
  product: string;
}

const MIB = 1024 * 1024;

export const latency: Scenario = {
  name: 'latency',
  async plan({ smoke, window, product }: Setting): Promise<Plan> {
    const trips = (['main', 'worker'] as const).map((from) => ({
      contender: 'cachalot',
      group: `round trip from ${from === 'main' ? 'the main thread' : 'a worker'}`,
      module: 'scenarios/round-trip.child.js',
      input: { from, trips: smoke ? 100 : 5_000, product } satisfies RoundTripInput,
    }));
    const inserts = sizes
      .filter(({ bytes }) => bytes >= MIB)
      .map(({ name, bytes }) => ({
        contender: 'cachalot',
        group: `insert ${name}`,
        module: 'scenarios/insert.child.js',
        input: { bytes, budget: smoke ? 32 * MIB : 256 * MIB, window, product } satisfies InsertInput,
      }));
    return { jobs: [...trips, ...inserts], rounds: smoke ? 1 : 5 };
  },
};
