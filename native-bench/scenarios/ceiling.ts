/**
 * How far from what a native program reaches: the same keys, looked up, pinned, read and unpinned, in C++ and in ours;
 * and how fast this machine copies at all.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import type { ReadInput } from '../transports/transport.js';
import { sizesFor } from './sizes.js';

interface Lookups {
  name: string;
  keys: number;
  exponent: number;
  bytes: number;
}

export const lookups: readonly Lookups[] = [
  { name: '4 096 keys, uniform', keys: 4_096, exponent: 0, bytes: 4_096 },
  { name: '50 000 keys, Zipf 0.99', keys: 50_000, exponent: 0.99, bytes: 256 },
];

export const ceiling: Scenario = {
  name: 'ceiling',
  async plan(setting: Setting): Promise<Plan> {
    const { smoke } = setting;
    const scaled = smoke ? [{ ...lookups[0]!, keys: lookups[0]!.keys / 8 }] : lookups;
    const jobs = scaled.flatMap((lookup) => [
      ...native('C++ striped LRU', lookup.name, setting, ['lookup', lookup.keys, lookup.exponent, lookup.bytes]),
      ours('cachalot, bytes', ['known', 'fresh'], lookup, setting),
      ours('Map + view', ['known', 'fresh'], lookup, setting),
    ]);
    const copies = sizesFor(smoke).flatMap(({ name, bytes, workingSet }) =>
      native('C++ memcpy', `copy ${name}`, setting, ['memcpy', bytes, workingSet]),
    );
    return { jobs: [...jobs, ...copies], rounds: smoke ? 1 : 4 };
  },
};

function native(contender: string, group: string, setting: Setting, args: (string | number)[]): Job[] {
  if ('missing' in setting.ceiling) return [];
  const { warmupMs, windowMs } = setting.window;
  const all = [...args, setting.threads.join(','), warmupMs, windowMs, setting.seed];
  return [{ contender, group, command: setting.ceiling.program, args: all.map(String) }];
}

function ours(transport: string, modes: string[], lookup: Lookups, setting: Setting): Job {
  const { threads, window, seed, product } = setting;
  const { keys, bytes, exponent } = lookup;
  const input: ReadInput = { transport, modes, keys, bytes, exponent, threads, window, seed, product };
  return { contender: transport, group: lookup.name, module: 'scenarios/read.child.js', input: { ...input } };
}
