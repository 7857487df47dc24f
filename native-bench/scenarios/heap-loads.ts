/**
 * The loads on a synchronous cache. Each returns a batch to time, and what else is to be told when it is done.
 */

import type { Metrics } from '../harness/scenario.js';
import type { Batch } from '../harness/timing.js';
import type { SyncCache } from '../peers/heap-cache.js';
import { freshKey, type Workload } from './heap-workload.js';

interface Load {
  batch: Batch;
  /** Called between the requests that bring the cache to its steady state and the measured ones. */
  begin?(): void;
  finish(): Metrics;
}

const nothing = (): Metrics => ({});

export const syncLoads: Readonly<Record<string, (cache: SyncCache, workload: Workload) => Load>> = {
  'hit.known': hitKnown,
  'hit.fresh': hitFresh,
  update,
  mixed,
  'set.evicting': evictingSet,
};

// Two loops, not one with a parameter: a call through a variable would cost every contender its inlining.
function hitKnown(cache: SyncCache, { keys, resident, mask }: Workload): Load {
  let cursor = 0;
  let missed = 0;
  const batch = (operations: number): number => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const value = cache.get(keys[resident[cursor]!]!);
      cursor = (cursor + 1) & mask;
      if (value === undefined) missed++;
      else sum += value.id;
    }
    return sum;
  };
  return { batch, finish: () => ({ 'hit.known.missed': missed }) };
}

function hitFresh(cache: SyncCache, { resident, mask }: Workload): Load {
  let cursor = 0;
  let missed = 0;
  const batch = (operations: number): number => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const value = cache.get(freshKey(resident[cursor]!));
      cursor = (cursor + 1) & mask;
      if (value === undefined) missed++;
      else sum += value.id;
    }
    return sum;
  };
  return { batch, finish: () => ({ 'hit.fresh.missed': missed }) };
}

function update(cache: SyncCache, { resident, mask, keys, values }: Workload): Load {
  let cursor = 0;
  const batch = (operations: number): number => {
    for (let done = 0; done < operations; done++) {
      const id = resident[cursor]!;
      cursor = (cursor + 1) & mask;
      cache.set(keys[id]!, values[cursor % values.length]!);
    }
    return cursor;
  };
  return { batch, finish: nothing };
}

/** Nine of ten requests read, and store what they miss; one writes. Keys of all, twice what there is room for. */
function mixed(cache: SyncCache, { all, writes, mask, keys, values }: Workload): Load {
  let cursor = 0;
  let reads = 0;
  let hitCount = 0;
  const batch = (operations: number): number => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const id = all[cursor]!;
      if (writes[cursor] === 1) {
        cache.set(keys[id]!, values[id]!);
      } else {
        reads++;
        const value = cache.get(keys[id]!);
        if (value === undefined) cache.set(keys[id]!, values[id]!);
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

function evictingSet(cache: SyncCache, { circle, values }: Workload): Load {
  let cursor = 0;
  const batch = (operations: number): number => {
    for (let done = 0; done < operations; done++) {
      cache.set(circle[cursor]!, values[cursor % values.length]!);
      cursor = cursor + 1 === circle.length ? 0 : cursor + 1;
    }
    return cursor;
  };
  return { batch, begin: nothing, finish: nothing };
}
