import { describe, expect, it } from 'vitest';
import { hashNumber } from '../../src/common/hash.js';
import { createPolicy, type PolicyName } from '../../src/policy/index.js';
import { randomFrom } from '../support/random.mjs';

type Random = () => number;
const LENGTH = 24_000;
const stream = (next: (at: number) => number, length = LENGTH) => Array.from({ length }, (_, at) => next(at));

/** Ranks of Zipf's law, nearly, with exponent 1. */
const zipf = (objects: number, random: Random) => () => Math.floor(objects ** random()) - 1;

/** Each request is for what was last used so many others ago: what LRU is for. */
function recency(random: Random, deepest: number, newcomers: number, length = LENGTH): number[] {
  const stack: number[] = [];
  let next = 0;
  return stream(() => {
    const isNew = stack.length < 10 || random() < newcomers;
    const depth = Math.min(stack.length - 1, Math.floor(deepest ** random()));
    const id = isNew ? next++ : stack.splice(stack.length - 1 - depth, 1)[0]!;
    stack.push(id);
    return id;
  }, length);
}

/** Arrays that are swept a few times each, one after the other, as programs do. */
function sweeps(random: Random): number[] {
  const ids: number[] = [];
  for (let base = 0; ids.length < LENGTH; ) {
    const length = 40 + Math.floor(random() * 200);
    for (let rounds = 2 + Math.floor(random() * 6); rounds > 0; rounds--) {
      for (let i = 0; i < length; i++) ids.push(base + i);
    }
    base += random() < 0.5 ? length : -Math.min(base, Math.floor(length * random() * 3));
  }
  return ids;
}

/** A set of which any may be asked for, which jumps to elsewhere now and then. */
function workingSets(random: Random): number[] {
  let base = 0;
  return stream(() => {
    if (random() < 0.002) base = Math.floor(random() * 20) * 150;
    return base + Math.floor(random() * 150);
  });
}

function phases(random: Random): number[] {
  const popular = zipf(5_000, random);
  const recent = recency(random, 1_000, 0.1);
  let next = 0;
  return stream((at) => (Math.floor(at / 6_000) % 2 === 0 ? 100_000 + popular() : recent[next++]!));
}

/** What auto may miss, in those that lru misses. It learns what suits a workload from what it misses meanwhile. */
const MOST = 1.025;
/** Where all is new now and then. */
const MOST_OF_JUMPS = 1.03;
/** Where all but everything fits, and one wrong choice at the start is a large part of the few misses. */
const MOST_OF_FEW = 1.06;

const FAMILIES: [string, (random: Random) => number[], number[], number?][] = [
  ['recency', (random) => recency(random, 1_000, 0.1), [20, 100, 400]],
  ['recency in a tiny cache', (random) => recency(random, 200, 0.05), [10, 30, 100]],
  ['recency, few requests', (random) => recency(random, 300, 0.15, 4_000), [10, 60]],
  ['sweeps', sweeps, [20, 120]],
  ['sweeps that fit', sweeps, [300], MOST_OF_FEW],
  ['working sets', workingSets, [60, 140, 400], MOST_OF_JUMPS],
  ['phases of recency and popularity', phases, [50, 200]],
  [
    'popularity that drifts fast',
    (random) => {
      const popular = zipf(3_000, random);
      return stream((at) => popular() + Math.floor(at / 10));
    },
    [30, 150, 600],
  ],
  ['age', (random) => stream((at) => Math.max(0, Math.floor(at / 5 + 400 * Math.log(random())))), [40, 200, 600]],
  ['a loop a little longer than the cache', () => stream((at) => at % 550), [50, 250, 500]],
  [
    'scans and a hot set',
    (random) => {
      const popular = zipf(1_000, random);
      return stream((at) => (Math.floor(at / 3_000) % 2 === 0 ? popular() : 10_000 + at));
    },
    [50, 200, 500],
  ],
];

/** How many of the requests miss a cache of so many entries that are all alike. */
function missesOf(name: PolicyName, capacity: number, ids: readonly number[]): number {
  const policy = createPolicy(name, capacity);
  const handles = new Map<number, number>();
  const idOf: number[] = [];
  let misses = 0;
  for (const id of ids) {
    const held = handles.get(id);
    if (held !== undefined) {
      policy.touch(held);
      continue;
    }
    misses++;
    let handle = idOf.length;
    if (handle === capacity) {
      handle = policy.victim();
      policy.remove(handle);
      handles.delete(idOf[handle]!);
    }
    idOf[handle] = id;
    handles.set(id, handle);
    policy.insert(handle, 1, 1, hashNumber(id, 0));
  }
  return misses;
}

describe('auto beside lru', () => {
  it.each(FAMILIES)('misses hardly more, if not less: %s', (_, requests, capacities, most = MOST) => {
    for (const seed of [1, 2]) {
      const ids = requests(randomFrom(seed * 1013));
      for (const capacity of capacities) {
        const ratio = missesOf('auto', capacity, ids) / missesOf('lru', capacity, ids);
        expect(ratio, `${capacity} entries, seed ${seed}`).toBeLessThan(most);
      }
    }
  });
});
