/**
 * Caches of JavaScript values in one thread: twice as many keys as there is room for, Zipf 0.99. All contenders with room
 * for 50 000 entries; those that hold a budget, or are next to it, with less and with more, too.
 */

import type { Plan, Scenario, Setting } from '../harness/scenario.js';
import { contenders, SLOW } from '../peers/index.js';
import { HEAP_SIZES, type HeapSize, heapJob, sizesFor } from './heap-sizes.js';

/** The group of all contenders. */
export const VALUES = 'values';
const EVERYBODYS = '50 k';
/** Who is measured at all sizes. */
export const MAIN = [
  'cachalot lru',
  'cachalot auto',
  'cachalot lru + ttl',
  'lru-cache maxSize',
  'lru-cache maxSize + ttl',
  'mnemonist LRUMap',
] as const;
/** Above this a round takes minutes. */
const MANY = 1_000_000;

export const heap: Scenario = {
  name: 'heap',
  async plan(setting: Setting): Promise<Plan> {
    const everybodys = setting.smoke ? sizesFor(setting)[0]! : HEAP_SIZES.find(({ name }) => name === EVERYBODYS)!;
    const all = Object.keys(contenders).map((contender) => ({
      ...heapJob(VALUES, contender, everybodys, setting),
      every: SLOW.has(contender) ? 2 : 1,
    }));
    const others = sizesFor(setting).filter((size) => size !== everybodys);
    const main = others.flatMap((size) =>
      MAIN.map((contender) => ({ ...heapJob(size.name, contender, size, setting), every: everyOf(size) })),
    );
    return { jobs: [...all, ...main], rounds: setting.smoke ? 1 : 6 };
  },
};

function everyOf({ capacity }: HeapSize): number {
  if (capacity > MANY) return 3;
  return capacity === MANY ? 2 : 1;
}
