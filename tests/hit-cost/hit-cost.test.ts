import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

interface HitCost {
  maps: number;
  atomics: number;
  bytes: number;
}

interface WriteCost {
  maps: number;
  evictions: number;
  bytes: number;
}

let costs: Record<'lru' | 'auto' | 'ttl' | 'acquire' | 'has', HitCost>;

beforeAll(async () => {
  costs = await counted('count.mjs');
});

async function counted<T>(script: string, ...args: string[]): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  // Compiled at once: on a machine with much else to do it would come after what is counted.
  const flags = ['--expose-gc', '--no-concurrent-recompilation'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, 'cachalot', ...args], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    timeout: 120_000,
  });
  return JSON.parse(stdout);
}

/** What every feature must leave as it is for those who do not use it. */
describe('a hit costs', () => {
  it.each(['lru', 'auto', 'ttl'] as const)('no look-up in a Map and no allocation, in a Cache (%s)', (name) => {
    expect(costs[name].maps).toBe(0);
    expect(costs[name].atomics).toBe(0);
    expect(costs[name].bytes).toBeLessThan(8);
  });

  it('one look-up, one ordered store and one small object, through a lease', () => {
    expect(costs.acquire.maps).toBeGreaterThanOrEqual(1);
    expect(costs.acquire.maps).toBeLessThan(1.05);
    // On other processors than x86 the look behind the pin and its end are atomic, too.
    expect(costs.acquire.atomics).toBeLessThan(process.arch === 'x64' ? 1.05 : 3.05);
    expect(costs.acquire.bytes).toBeLessThan(80);
  });

  it('two atomic reads, for has', () => {
    expect(costs.has.maps).toBe(0);
    expect(costs.has.atomics).toBeLessThanOrEqual(2);
    expect(costs.has.bytes).toBeLessThan(32);
  });
});

describe('a write that evicts costs', () => {
  it('no call of a Map and no garbage, with a thousand entries and with a million', async () => {
    const small = await counted<Record<string, WriteCost>>('evict.mjs', '1000', 'lru', 'fifo', 'lfu', 'gdsf');
    const large = await counted<Record<string, WriteCost>>('evict.mjs', '1000000', 'lru');
    for (const { maps, evictions } of [...Object.values(small), ...Object.values(large)]) {
      expect(evictions).toBe(1);
      expect(maps).toBe(0);
    }
    for (const { bytes } of [...Object.values(small), ...Object.values(large)]) expect(bytes).toBeLessThan(16);
  }, 180_000);
});
