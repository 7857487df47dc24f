import type { Deed } from './actor.js';
import type { Program } from './explore.js';
import type { Random } from './random.js';
import { KEYS } from './world.js';

function deed(kind: Deed['kind'], key: string, size = 60, way = 0): Deed {
  return { kind, key, size, way };
}

const READS: Record<string, readonly Deed[]> = {
  'a read': [deed('get', 'a')],
  'a lease': [deed('acquire', 'a'), deed('release', 'a')],
  'a survey': [deed('survey', 'a')],
  'a read with all pins leased': [
    ...Array.from({ length: 3 }, () => deed('acquire', 'a')),
    deed('get', 'a'),
    ...Array.from({ length: 3 }, () => deed('release', 'a')),
  ],
  'a near read': [deed('near', 'a'), deed('near', 'a')],
};

/** The pin for moments holds what no other pin holds. */
const LEASED_ELSEWHERE = [
  ...Array.from({ length: 3 }, () => deed('acquire', 'd')),
  deed('get', 'a'),
  ...Array.from({ length: 3 }, () => deed('release', 'd')),
];

/** What others do meanwhile. The key is there again at the end, or was not there, so that the next run begins as this one. */
const CHANGES: Record<string, Pick<Program, 'others' | 'moves'>> = {
  'is replaced': { others: [[deed('set', 'a')]] },
  'is replaced by a letter': { others: [[deed('letters', 'a')]] },
  'is replaced by what travels': { others: [[deed('store', 'a')]] },
  'is removed, and its slot goes to another key that travels': { others: [[deed('remove', 'a'), deed('store', 'b')]] },
  'is evicted for what travels': { others: [[deed('store', 'b', 5800)]] },
  'is replaced twice': { others: [[deed('set', 'a'), deed('set', 'a')]] },
  'is removed': { others: [[deed('remove', 'a')]] },
  'is removed, and its slot goes to another key': { others: [[deed('remove', 'a'), deed('set', 'b')]] },
  'is replaced, and its slot goes to another key': { others: [[deed('set', 'a'), deed('set', 'b')]] },
  'is removed, and its slot goes to another key, and to a third': {
    others: [[deed('remove', 'a'), deed('set', 'b'), deed('remove', 'b'), deed('set', 'c')]],
  },
  'is removed and set': { others: [[deed('remove', 'a'), deed('set', 'a')]] },
  'is moved': { others: [], moves: ['a'] },
  'is moved, and its slot goes to another key': { others: [[deed('set', 'b')]], moves: ['a'] },
  'is moved twice, while another is written': { others: [[deed('set', 'b')]], moves: ['a', 'a'] },
  'is moved twice': { others: [], moves: ['a', 'a'] },
  'is touched, expired and set': { others: [[deed('touch', 'a'), deed('expire', 'a'), deed('set', 'a')]] },
  'is taken, and others come': { others: [[deed('take', 'a'), deed('set', 'b')]] },
  'goes with all others': { others: [[deed('clear', 'a')]] },
  'is evicted': { others: [[deed('set', 'b', 5800)]] },
  'is there, and the index is rebuilt': {
    others: [
      [
        deed('set', 'b'),
        deed('remove', 'b'),
        deed('set', 'c'),
        deed('set', 'd'),
        deed('remove', 'c'),
        deed('set', 'e'),
      ],
    ],
  },
};

/** Until buckets are rare: those of keys that have gone stay taken. */
const MANY = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].flatMap((key) => [deed('set', key), deed('remove', key)]);

const OFTEN = ['d', 'c', 'd', 'b', 'c', 'd'].flatMap((key) => [
  deed('set', key),
  deed('remove', key),
  deed('set', key),
]);

const LOADS: Record<string, readonly (readonly Deed[])[]> = {
  'two claims': [[deed('claim', 'a')], [deed('claim', 'a')]],
  'two claims and a removal': [[deed('claim', 'a')], [deed('claim', 'a')], [deed('remove', 'a')]],
  'two claims and a write': [[deed('claim', 'a')], [deed('claim', 'a')], [deed('set', 'a')]],
  'a claim that fails, and two more': [[deed('claim', 'a', 60 - 56)], [deed('claim', 'a')], [deed('claim', 'a')]],
  'a claim that somebody leaves': [[deed('claim', 'a')], [deed('claim', 'a', 60, 2)], [deed('set', 'a')]],
  'two writes and a removal': [[deed('set', 'a')], [deed('set', 'a')], [deed('remove', 'a')]],
  'three writes': [[deed('set', 'a')], [deed('set', 'a')], [deed('set', 'a')]],
  'two claims, one of which is met by what travels, and a removal': [
    [deed('claim', 'a', 62)],
    [deed('claim', 'a', 62)],
    [deed('remove', 'a')],
  ],
  'a write, one that travels, and a removal': [[deed('set', 'a')], [deed('store', 'a')], [deed('remove', 'a')]],
  'two writes that travel, and a claim': [[deed('store', 'a')], [deed('store', 'a')], [deed('claim', 'a')]],
  'writes that travel together, and a removal': [[deed('together', 'a')], [deed('remove', 'a')]],
  'writes of two threads that travel together': [[deed('together', 'a')], [deed('together', 'a', 60, 1)]],
  'writes of two threads that travel together, of all that there is room for': [
    [deed('together', 'a', 2200)],
    [deed('together', 'a', 2200)],
  ],
  'letters, and a removal': [[deed('letters', 'a')], [deed('remove', 'a')]],
  'letters of two threads': [[deed('letters', 'a', 60, 1)], [deed('letters', 'a', 60, 1)]],
  'letters and removals of two threads': [[deed('letters', 'a', 60, 2)], [deed('letters', 'a', 60, 3)]],
  'letters of a thread, one after the other': [[deed('letters', 'a'), deed('letters', 'b'), deed('store', 'a')]],
  'letters of which some wait for room, and a removal': [
    [deed('set', 'd', 5000)],
    [deed('letters', 'b', 2200, 1)],
    [deed('remove', 'b')],
  ],
  'letters, and a claim': [[deed('letters', 'a', 60, 3)], [deed('claim', 'a')]],
  'writes that travel together, a removal between them, and a claim': [
    [deed('together', 'a', 60, 3)],
    [deed('claim', 'a')],
  ],
  'writes that travel together wait for room, and are removed meanwhile': [
    [deed('set', 'd', 5000)],
    [deed('together', 'b', 2200, 2)],
    [deed('remove', 'b')],
  ],
  'what travels waits for room, and is removed or written meanwhile': [
    [deed('set', 'a', 5000)],
    [deed('store', 'b', 5000)],
    [deed('remove', 'b'), deed('store', 'b')],
  ],
  'a write that is given up, and one that is not': [
    [deed('set', 'a', 60, 3)],
    [deed('set', 'a')],
    [deed('clear', 'a')],
  ],
  'two takes and a claim': [[deed('take', 'a')], [deed('take', 'a')], [deed('claim', 'a')]],
  'large writes that wait for each other': [[deed('set', 'a', 5000)], [deed('set', 'b', 5000)], [deed('remove', 'a')]],
};

export const PROGRAMS: readonly Program[] = [
  ...Object.entries(CHANGES).flatMap(([change, { others, moves = [] }]) =>
    Object.entries(READS).map(([read, deeds]) => ({
      name: `${read} of a key that ${change}`,
      keys: ['a'],
      threads: [deeds],
      others,
      moves,
    })),
  ),
  ...Object.entries(CHANGES).flatMap(([change, { others, moves = [] }]) => [
    {
      name: `a lease of a key that ${change}, and its thread may die`,
      keys: ['a'],
      threads: [[deed('acquire', 'a')]],
      others,
      moves,
      mayDie: true,
    },
  ]),
  ...Object.entries(LOADS).map(([name, others]) => ({ name, keys: [], threads: [], others })),
  {
    name: 'a read of a key that is there, and the index is rebuilt often',
    keys: ['a', 'b', 'c'],
    threads: [[deed('get', 'a')]],
    others: [OFTEN],
  },
  {
    name: 'all pins leased, and their thread may die',
    keys: ['a'],
    threads: [READS['a read with all pins leased']!.slice(0, 4)],
    others: [[deed('set', 'a')]],
    mayDie: true,
  },
  {
    name: 'three claims, and the thread of one may die',
    keys: [],
    threads: [[deed('claim', 'a')]],
    others: [[deed('claim', 'a')], [deed('claim', 'a')]],
    mayDie: true,
  },
  {
    name: 'a write, and its thread may die',
    keys: ['a'],
    threads: [[deed('set', 'a')]],
    others: [[deed('set', 'b'), deed('get', 'b')]],
    mayDie: true,
  },
  {
    name: 'a write that travels, and its thread may die',
    keys: ['a'],
    threads: [[deed('store', 'a')]],
    others: [[deed('store', 'b'), deed('get', 'b')]],
    mayDie: true,
  },
  {
    name: 'letters, and their thread may die',
    keys: ['a'],
    threads: [[deed('letters', 'a', 60, 2)]],
    others: [[deed('letters', 'b'), deed('get', 'b')]],
    mayDie: true,
  },
  {
    name: 'writes that travel together, and their thread may die',
    keys: ['a'],
    threads: [[deed('together', 'a', 60, 2)]],
    others: [[deed('together', 'b', 1500, 1), deed('get', 'b')]],
    mayDie: true,
  },
  {
    name: 'what travels waits for a lease, and its thread may die',
    keys: ['a'],
    threads: [[deed('store', 'b', 5800)]],
    others: [[deed('acquire', 'a'), deed('touch', 'a'), deed('release', 'a')]],
    mayDie: true,
  },
  {
    name: 'a read of a key that is there, and the index is rebuilt twice',
    keys: ['a'],
    threads: [[deed('get', 'a')]],
    others: [[...MANY, ...MANY]],
  },
  {
    name: 'a read of a key that is replaced after the index was rebuilt, and its slot goes to another key',
    keys: ['a'],
    threads: [[deed('get', 'a')]],
    others: [[...MANY, deed('set', 'a'), deed('set', 'b')]],
  },
  ...['is replaced', 'is removed', 'is moved', 'is evicted'].map((change) => ({
    name: `a read with all pins leased elsewhere of a key that ${change}`,
    keys: ['a', 'd'],
    threads: [LEASED_ELSEWHERE],
    ...CHANGES[change]!,
  })),
  {
    name: 'a lease, and its thread has another key evicted, which was used later',
    keys: ['a'],
    threads: [[deed('acquire', 'a'), deed('set', 'c', 2500), deed('get', 'c'), deed('set', 'b', 3000)]],
    others: [],
  },
  {
    name: 'a lease that is in the way of a write of the same thread',
    keys: ['a'],
    threads: [[deed('acquire', 'a'), deed('set', 'b', 5800)]],
    others: [[deed('set', 'c', 5000)]],
  },
  {
    name: 'two reads of a key that is replaced',
    keys: ['a'],
    threads: [[deed('get', 'a')], [deed('get', 'a')]],
    others: [[deed('set', 'a')]],
  },
];

const READING: readonly Deed['kind'][] = ['get', 'acquire', 'acquire', 'near', 'near', 'release', 'survey'];
const WRITING: readonly Deed['kind'][] = [
  'set',
  'set',
  'store',
  'store',
  'remove',
  'take',
  'touch',
  'expire',
  'clear',
  'claim',
];
const SIZES = [16, 40, 46, 60, 60, 60, 200, 500, 1500, 2200, 4000, 5500];

/** Of what travels, a fourth goes together with more, and a fourth without messages. */
export function gathered(one: Deed): Deed {
  if (one.kind === 'store' && one.way === 1) {
    return { ...one, kind: 'letters', way: (one.size + one.key.charCodeAt(0)) % 4 };
  }
  return one.kind === 'store' && one.way === 3
    ? { ...one, kind: 'together', way: (one.size + one.key.charCodeAt(0)) % 4 }
    : one;
}

/** One of all programs of this size: two or three threads, with one to three deeds each. */
export function drawProgram(random: Random): Program {
  const keys = KEYS.slice(0, 1 + random.below(KEYS.length));
  const deeds = (kinds: readonly Deed['kind'][], most: number) =>
    Array.from({ length: 1 + random.below(most) }, () =>
      gathered(deed(random.pick(kinds), random.pick(keys), random.pick(SIZES), random.below(4))),
    );
  const threads = [deeds(READING, 3)];
  if (random.chance(0.3)) threads.push(deeds(random.chance(0.5) ? READING : WRITING, 2));
  const others = [deeds(WRITING, 3)];
  if (random.chance(0.3)) others.push(deeds(WRITING, 2));
  const moves = random.chance(0.2) ? [random.pick(keys)] : [];
  return { name: 'drawn', keys: undefined, threads, others, moves, mayDie: random.chance(0.15) };
}
