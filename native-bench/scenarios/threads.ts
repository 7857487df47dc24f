/**
 * What further threads bring: hits on one, two and all cores, in two shapes, uniform and Zipf, with and without writes in
 * between, beside the floor, a heap cache in each thread, and the native cache. The keeper is one thread more.
 */

import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import type { ReadInput } from '../transports/transport.js';

const KIB = 1024;

interface Load {
  name: string;
  keys: number;
  bytes: number;
  exponent: number;
  writeEvery: number;
}

const TRANSPORTS = ['Map + view', 'cachalot, bytes', 'cachalot, image', 'lru-cache of views'];

const draws = [
  { called: 'uniform', exponent: 0 },
  { called: 'Zipf 0.99', exponent: 0.99 },
];

/** With values of 4 KiB it is the hit that costs, with those of 1 MiB the memory. */
const loads: readonly Load[] = [
  ...draws.flatMap(({ called, exponent }) =>
    [0, 10].map((writeEvery) => ({
      name: `4 KiB, ${called}${writeEvery === 0 ? '' : ', 10 % writes'}`,
      keys: 4096,
      bytes: 4 * KIB,
      exponent,
      writeEvery,
    })),
  ),
  { name: '1 MiB, uniform', keys: 128, bytes: KIB * KIB, exponent: 0, writeEvery: 0 },
];

export const threads: Scenario = {
  name: 'threads',
  async plan(setting: Setting): Promise<Plan> {
    const { smoke } = setting;
    const scaled = smoke ? loads.slice(0, 2).map((load) => ({ ...load, keys: load.keys / 16 })) : loads;
    const jobs = scaled.flatMap((load) => [
      ...native(load, setting),
      ...TRANSPORTS.map((transport) => ours(transport, load, setting)),
    ]);
    return { jobs, rounds: smoke ? 1 : 5 };
  },
};

function native({ name, keys, exponent, bytes, writeEvery }: Load, setting: Setting): Job[] {
  if ('missing' in setting.ceiling) return [];
  const { warmupMs, windowMs } = setting.window;
  const args = [
    'mixed',
    keys,
    exponent,
    bytes,
    writeEvery,
    setting.threads.join(','),
    warmupMs,
    windowMs,
    setting.seed,
  ];
  return [{ contender: 'C++ striped LRU', group: name, command: setting.ceiling.program, args: args.map(String) }];
}

function ours(transport: string, load: Load, { threads: counts, window, seed, product }: Setting): Job {
  const { name, keys, bytes, exponent, writeEvery } = load;
  const input: ReadInput = {
    transport,
    modes: ['known'],
    keys,
    bytes,
    exponent,
    threads: counts,
    window,
    seed,
    product,
    writeEvery,
  };
  return { contender: transport, group: name, module: 'scenarios/read.child.js', input: { ...input } };
}
