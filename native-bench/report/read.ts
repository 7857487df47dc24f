/**
 * The chapter on reading across threads.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { contendersOf, estimateOf, groupsOf, metricOf, ratioOf, threadsOf } from './compare.js';
import { rate, table, times } from './format.js';
import type { Comparison, Goal, Section } from './section.js';

/** The rows: who, how, and how it is called. */
const WAYS: readonly (readonly [contender: string, mode: string, name: string])[] = [
  ['Map + view', 'known', '`Map` + view, known keys (the floor)'],
  ['Map + view', 'fresh', '`Map` + view, fresh keys'],
  ['cachalot, bytes', 'known', '**cachalot** `acquire`, bytes, known keys'],
  ['cachalot, bytes', 'fresh', '**cachalot** `acquire`, bytes, fresh keys'],
  ['cachalot, image', 'known', '**cachalot** `acquire`, image, known keys'],
  ['cachalot, image', 'fresh', '**cachalot** `acquire`, image, fresh keys'],
  ['lru-cache of views', 'known', 'lru-cache a thread, known keys'],
  ['lru-cache of views', 'fresh', 'lru-cache a thread, fresh keys'],
  ['cachalot, bytes', 'copy', '**cachalot** `get` (a copy)'],
  ['lmdb', 'getBinaryFast', 'lmdb `getBinaryFast` (a copy)'],
  ['postMessage', 'handle', '`postMessage`, shared buffer'],
  ['postMessage', 'clone', '`postMessage`, clone'],
  ['Redis', 'get', 'Redis, Unix socket'],
];
const OURS = ['cachalot, bytes', 'cachalot, image'] as const;

export function readSection(result: ScenarioResult): Section {
  const groups = groupsOf(result);
  const most = mostThreads(result);
  const tableFor = (threads: number): string =>
    table(
      [threads === 1 ? '1 thread' : `${threads} threads together`, ...groups],
      WAYS.filter(([contender]) => groups.some((group) => contendersOf(result, group).includes(contender))).map(
        ([contender, mode, name]) => [
          name,
          ...groups.map((group) => rate(metricOf(result, group, contender, `${mode}.t${threads}`))),
        ],
      ),
    );
  return {
    title: 'Large values read by many threads: `SharedCache`',
    text: [
      'A reading thread asks for a random value and reads its first byte, and checks it: `acquire`, `.value`, the byte, `release`. *Image* is `{ width, height, pixels }`, *bytes* a',
      '`Uint8Array`. The floor is a `Map` in each thread that knows where in one shared buffer a value lies: it can neither add nor evict. lru-cache holds ready-made views of',
      'that buffer, one cache a thread. lmdb and `get` copy; `postMessage` and Redis answer one question at a time a thread.',
      '',
      ...[...new Set([1, most])].flatMap((threads) => [tableFor(threads), '']),
      scalingTable(result, groups, most),
    ].join('\n'),
    charts: groups
      .filter((group) => group === '1 MiB' || group === '4 KiB')
      .map((group) => ({ name: `read-${group.replace(' ', '')}`, chart: chartOf(result, group, most) })),
    goals: [
      ...groups.flatMap((group) => resident(result, group)),
      ...scaling(result, groups, most),
      ...transports(result),
    ],
    comparisons: groups.flatMap((group) => comparisons(result, group)),
  };
}

function mostThreads(result: ScenarioResult): number {
  return Math.max(1, ...groupsOf(result).flatMap((group) => threadsOf(result, group)));
}

function scalingTable(result: ScenarioResult, groups: string[], most: number): string {
  const rows = OURS.map((name) => [name, ...groups.map((group) => times(relativeScaling(result, group, name, most)))]);
  return table([`scaling from 1 to ${most} threads, beside that of \`Map\` + view`, ...groups], rows);
}

function relativeScaling(
  result: ScenarioResult,
  group: string,
  name: string,
  most: number,
): ReturnType<typeof estimateOf> {
  return estimateOf(result, group, (of) => {
    const scale = (contender: string): number => of(contender, `known.t${most}`) / of(contender, 'known.t1');
    return scale(name) / scale('Map + view');
  });
}

function chartOf(result: ScenarioResult, group: string, threads: number): Section['charts'][number]['chart'] {
  const bars = WAYS.flatMap(([contender, mode, name]) => {
    const found = metricOf(result, group, contender, `${mode}.t${threads}`);
    const label = name.replaceAll(/[`*]| \(.*\)/g, '');
    return found
      ? [{ label, value: found.median, low: found.low, high: found.high, ours: contender.startsWith('cachalot') }]
      : [];
  }).sort((left, right) => right.value - left.value);
  return { title: `Reads of ${group} values, ${threads} threads together`, unit: '/s', bars, logarithmic: true };
}

function resident(result: ScenarioResult, group: string): Goal[] {
  return OURS.map((name) => ({
    text: `A resident value of ${group} through \`acquire\` (${name.slice(10)}) beside a lru-cache \`get\`, fresh keys`,
    found: ratioOf(result, group, [name, 'fresh.t1'], ['lru-cache of views', 'fresh.t1']),
    atLeast: 1,
    unit: '×',
  }));
}

function scaling(result: ScenarioResult, groups: string[], most: number): Goal[] {
  if (most === 1) return [];
  return groups.flatMap((group) =>
    OURS.map((name) => ({
      text: `Scaling to ${most} threads beside that of a bare \`Map\` + view, ${group} (${name.slice(10)})`,
      found: relativeScaling(result, group, name, most),
      atLeast: 0.8,
      unit: '×',
    })),
  );
}

function transports(result: ScenarioResult): Goal[] {
  const beside = (peer: string, mode: string, atLeast: number): Goal => ({
    text: `1 MiB read in place beside ${peer}`,
    found: ratioOf(result, '1 MiB', ['cachalot, bytes', 'known.t1'], [peer, `${mode}.t1`]),
    atLeast,
    unit: '×',
  });
  return [beside('lmdb', 'getBinaryFast', 100), beside('Redis', 'get', 2000)];
}

function comparisons(result: ScenarioResult, group: string): Comparison[] {
  const pairs: readonly (readonly [mode: string, peer: string, peerMode: string, work: string])[] = [
    ['known', 'lru-cache of views', 'known', 'read in place, known keys'],
    ['fresh', 'lru-cache of views', 'fresh', 'read in place, fresh keys'],
    ['copy', 'lmdb', 'getBinaryFast', 'read a copy'],
    ['known', 'lmdb', 'getBinaryFast', 'read in place beside a copy'],
    ['known', 'Redis', 'get', 'read in place beside a socket'],
  ];
  return pairs.flatMap(([mode, peer, peerMode, work]) => {
    const ratio = ratioOf(result, group, ['cachalot, bytes', `${mode}.t1`], [peer, `${peerMode}.t1`]);
    return ratio ? [{ work: `${work}, ${group}`, peer, ratio }] : [];
  });
}
