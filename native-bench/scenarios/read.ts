/**
 * Reading values of 4 KiB to 8 MiB from one to all threads: in place, copied, mapped, sent, over a socket.
 */

import { startRedis } from '../harness/redis-server.js';
import type { Job, Plan, Scenario, Setting } from '../harness/scenario.js';
import type { ReadInput } from '../transports/transport.js';
import { type Size, sizesFor } from './sizes.js';

interface Way {
  transport: string;
  modes: string[];
  every?: number;
}

const ways: readonly Way[] = [
  { transport: 'Map + view', modes: ['known', 'fresh'] },
  { transport: 'cachalot, bytes', modes: ['known', 'fresh', 'copy'] },
  { transport: 'lru-cache of views', modes: ['known', 'fresh'] },
  { transport: 'cachalot, image', modes: ['known', 'fresh'] },
  { transport: 'lmdb', modes: ['getBinaryFast'] },
  { transport: 'postMessage', modes: ['clone', 'handle'], every: 2 },
  { transport: 'Redis', modes: ['get'] },
];

export const read: Scenario = {
  name: 'read',
  async plan(setting: Setting): Promise<Plan> {
    const redis = 'program' in setting.redis ? await startRedis(setting.redis.program) : undefined;
    const present = ways.filter(({ transport }) => transport !== 'Redis' || redis);
    const jobs = sizesFor(setting.smoke).flatMap((size) =>
      present.map((way) => job(way, size, setting, redis?.socket)),
    );
    return { jobs, rounds: setting.smoke ? 1 : 4, ...(redis ? { close: () => redis.stop() } : {}) };
  },
};

function job(way: Way, size: Size, { threads, window, seed, product }: Setting, socket?: string): Job {
  const input: ReadInput = {
    transport: way.transport,
    modes: way.modes,
    keys: size.workingSet / size.bytes,
    bytes: size.bytes,
    exponent: 0,
    // The ends tell the scaling; what lies between is measured where the ceiling is.
    threads: [...new Set([1, Math.max(...threads)])],
    window,
    seed,
    product,
    ...(socket === undefined ? {} : { socket }),
  };
  return {
    contender: way.transport,
    group: size.name,
    module: 'scenarios/read.child.js',
    input: { ...input },
    every: way.every ?? 1,
  };
}
