/**
 * The same loads on a cache whose every call is a promise, each awaited before the next.
 */

import type { Metrics } from '../harness/scenario.js';
import type { AsyncBatch } from '../harness/timing.js';
import type { AsyncCache } from '../peers/heap-cache.js';
import { freshKey, type Workload } from './heap-workload.js';

interface AsyncLoad {
  batch: AsyncBatch;
  /** Called between the requests that bring the cache to its steady state and the measured ones. */
  begin?(): void;
  finish(): Metrics;
}

const nothing = (): Metrics => ({});

export const asyncLoads: Readonly<Record<string, (cache: AsyncCache, workload: Workload) => AsyncLoad>> = {
  'hit.known': hitKnown,
  'hit.fresh': hitFresh,
  update,
  mixed,
  'set.evicting': evictingSet,
};

// Two loops, not one with a parameter: a call through a variable would cost every contender its inlining.
function hitKnown(cache: AsyncCache, { keys, resident, mask }: Workload): AsyncLoad {
  let cursor = 0;
  let missed = 0;
  const batch = async (operations: number): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const value = await cache.get(keys[resident[cursor]!]!);
      cursor = (cursor + 1) & mask;
      if (value === undefined) missed++;
      else sum += value.id;
    }
    return sum;
  };
  return { batch, finish: () => ({ 'hit.known.missed': missed }) };
}

function hitFresh(cache: AsyncCache, { resident, mask }: Workload): AsyncLoad {
  let cursor = 0;
  let missed = 0;
  const batch = async (operations: number): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const value = await cache.get(freshKey(resident[cursor]!));
      cursor = (cursor + 1) & mask;
      if (value === undefined) missed++;
      else sum += value.id;
    }
    return sum;
  };
  return { batch, finish: () => ({ 'hit.fresh.missed': missed }) };
}

function update(cache: AsyncCache, { resident, mask, keys, values }: Workload): AsyncLoad {
  let cursor = 0;
  const batch = async (operations: number): Promise<number> => {
    for (let done = 0; done < operations; done++) {
      const id = resident[cursor]!;
      cursor = (cursor + 1) & mask;
      await cache.set(keys[id]!, values[cursor % values.length]!);
    }
    return cursor;
  };
  return { batch, finish: nothing };
}

function mixed(cache: AsyncCache, { all, writes, mask, keys, values }: Workload): AsyncLoad {
  let cursor = 0;
  let reads = 0;
  let hitCount = 0;
  const batch = async (operations: number): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const id = all[cursor]!;
      if (writes[cursor] === 1) {
        await cache.set(keys[id]!, values[id]!);
      } else {
        reads++;
        const value = await cache.get(keys[id]!);
        if (value === undefined) await cache.set(keys[id]!, values[id]!);
        else {
          hitCount++;
          sum += value.id;
        }
      }
      cursor = (cursor + 1) & mask;
    }
    return sum;
  };
  const begin = (): void => {
    reads = 0;
    hitCount = 0;
  };
  return { batch, begin, finish: () => ({ 'mixed.hitRate': hitCount / reads }) };
}

function evictingSet(cache: AsyncCache, { circle, values }: Workload): AsyncLoad {
  let cursor = 0;
  const batch = async (operations: number): Promise<number> => {
    for (let done = 0; done < operations; done++) {
      await cache.set(circle[cursor]!, values[cursor % values.length]!);
      cursor = cursor + 1 === circle.length ? 0 : cursor + 1;
    }
    return cursor;
  };
  return { batch, begin: nothing, finish: nothing };
}
