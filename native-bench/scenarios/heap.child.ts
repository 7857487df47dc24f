/**
 * One in-process cache, measured: bytes of heap per entry, then hits, updates, a mixed load and evicting sets.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { collect, jobInput, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { measure, measureAsync, settle } from '../harness/timing.js';
import type { AsyncCache, SyncCache } from '../peers/heap-cache.js';
import { contenders } from '../peers/index.js';
import { syncLoads } from './heap-loads.js';
import { asyncLoads } from './heap-loads-async.js';
import { type HeapInput, prepare, type Workload } from './heap-workload.js';

/** The slow ones are measured from a warm fill instead of a steady state. */
const SETTLE_MS = 1_000;

const input = jobInput<HeapInput>();
const contender = contenders[input.contender];
if (!contender) throw new RangeError(`heap: no contender is called ${input.contender}`);
const workload = prepare(input);
const metrics: Metrics = {};
const { weighs = true, loads } = input;
const isAsked = ([name]: readonly [string, unknown]): boolean => loads?.includes(name) ?? true;

if (contender.kind === 'sync') {
  if (weighs)
    await heapPerEntry(metrics, workload, async () => {
      const cache = await contender.open(workload.capacity, input.product);
      fill(cache, workload);
      return cache;
    });
  for (const [name, load] of Object.entries(syncLoads).filter(isAsked)) {
    await forgotten();
    const cache = await contender.open(workload.capacity, input.product);
    fill(cache, workload);
    const { batch, begin, finish } = load(cache, workload);
    if (begin) {
      await settle(batch, workload.capacity * 4, SETTLE_MS);
      begin();
    }
    metrics[name] = measure(batch, input.window);
    Object.assign(metrics, finish());
  }
} else {
  if (weighs)
    await heapPerEntry(metrics, workload, async () => {
      const cache = await contender.open(workload.capacity, input.product);
      await fillAsync(cache, workload);
      return cache;
    });
  for (const [name, load] of Object.entries(asyncLoads).filter(isAsked)) {
    await forgotten();
    const cache = await contender.open(workload.capacity, input.product);
    await fillAsync(cache, workload);
    const { batch, begin, finish } = load(cache, workload);
    if (begin) {
      await settle(batch, workload.capacity * 4, SETTLE_MS);
      begin();
    }
    metrics[name] = await measureAsync(batch, input.window);
    Object.assign(metrics, finish());
  }
}
report(metrics);

function fill(cache: SyncCache, { keys, values, capacity }: Workload): void {
  for (let id = 0; id < capacity; id++) cache.set(keys[id]!, values[id]!);
}

async function fillAsync(cache: AsyncCache, { keys, values, capacity }: Workload): Promise<void> {
  for (let id = 0; id < capacity; id++) await cache.set(keys[id]!, values[id]!);
}

/** What a full cache adds to the heap and beside it, less its keys and values, which are there before. */
async function heapPerEntry(into: Metrics, { capacity }: Workload, filled: () => Promise<unknown>): Promise<void> {
  // Once before, and thrown away: modules are loaded, their shapes and feedback allocated.
  await filled();
  const before = await settled();
  const cache = await filled();
  const after = await settled();
  into['heap.bytesPerEntry'] = (after.heapUsed - before.heapUsed) / capacity;
  into['external.bytesPerEntry'] = (after.external - before.external) / capacity;
  // Tables in array buffers are no less memory than those on the heap.
  into['memory.bytesPerEntry'] = into['heap.bytesPerEntry'] + into['external.bytesPerEntry'];
  if (!cache) throw new Error('heap: there is no cache to measure');
}

/** What the load before has left is collected, not during this one: whoever waits for a turn of the event loop has had it. */
async function forgotten(): Promise<void> {
  await nextTurn();
  collect();
}

/** Memory after full collections, each in a turn of its own: nothing is kept alive by a frame that is still running. */
async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn();
    collect();
  }
  return process.memoryUsage();
}
