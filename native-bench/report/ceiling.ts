/**
 * The chapter on how far away the ceiling is.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { groupsOf, metricOf, ratioOf, threadsOf } from './compare.js';
import { plain, rate, table, times } from './format.js';
import type { Goal, Section } from './section.js';

const NATIVE = 'C++ striped LRU';
const OURS = 'cachalot, bytes';
const ROWS: readonly (readonly [contender: string, metric: string, name: string])[] = [
  [NATIVE, 'lookup', 'C++, 64 striped locks, pin and unpin'],
  [OURS, 'known', '**cachalot** `acquire`, known keys'],
  [OURS, 'fresh', '**cachalot** `acquire`, fresh keys'],
  ['Map + view', 'known', '`Map` + view, known keys'],
  ['Map + view', 'fresh', '`Map` + view, fresh keys'],
  [NATIVE, 'insert', 'C++, evicting insert'],
];

export function ceilingSection(result: ScenarioResult): Section {
  const groups = groupsOf(result);
  const lookups = groups.filter((group) => !group.startsWith('copy'));
  const copies = groups.filter((group) => group.startsWith('copy'));
  const lookupTables = lookups.map((group) => {
    const threads = threadsOf(result, group);
    const rows = ROWS.map(([contender, metric, name]) => [
      name,
      ...threads.map((count) => rate(metricOf(result, group, contender, `${metric}.t${count}`))),
      times(beside(result, group, [contender, metric], Math.max(...threads))),
    ]);
    return table([group, ...threads.map(threadsName), `beside C++ at ${Math.max(...threads)}`], rows);
  });
  return {
    title: 'How far away is the ceiling?',
    text: [
      'The same keys in the same distribution, looked up in a C++ program (`cpp/`, `g++ -O2`) that does what ours does: hash the characters, find the slot in an open-addressing table,',
      'compare the characters, note the use in the list of its stripe, pin, read the first byte, unpin. Its ways are not ours: it takes a lock for every look-up and writes lines that other threads write.',
      '',
      lookupTables.join('\n\n'),
      '',
      copies.length > 0 ? copyTable(result, copies) : '',
    ].join('\n'),
    charts: [],
    goals: lookups.flatMap((group) => goals(result, group)),
    comparisons: [],
  };
}

function copyTable(result: ScenarioResult, copies: string[]): string {
  const threads = threadsOf(result, copies[0]!);
  const rows = copies.map((group) => [
    group.slice('copy '.length),
    ...threads.map((count) => plain(metricOf(result, group, 'C++ memcpy', `memcpy.t${count}`))),
  ]);
  return table(['memcpy into warm memory, GB/s', ...threads.map(threadsName)], rows);
}

function threadsName(count: number): string {
  return count === 1 ? '1 thread' : `${count} threads`;
}

function beside(
  result: ScenarioResult,
  group: string,
  [contender, metric]: readonly [string, string],
  threads: number,
): ReturnType<typeof ratioOf> {
  return ratioOf(result, group, [contender, `${metric}.t${threads}`], [NATIVE, `lookup.t${threads}`]);
}

function goals(result: ScenarioResult, group: string): Goal[] {
  const threads = Math.max(...threadsOf(result, group));
  const found = beside(result, group, [OURS, 'known'], threads);
  return [{ text: `Hits on ${threads} threads beside the C++ cache, ${group}`, found, atLeast: 0.5, unit: '×' }];
}
