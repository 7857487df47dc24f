/**
 * The chapter on what asking the keeper costs, and how fast large values get in.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { groupsOf, metricOf, ratioOf } from './compare.js';
import { plain, table, times } from './format.js';
import type { Goal, Section } from './section.js';

const OURS = 'cachalot';
const KINDS: readonly (readonly [metric: string, name: string])[] = [
  ['pingPong', 'bare ping-pong'],
  ['claim', 'claim of a miss (`reserve`)'],
  ['set', '`set` of 64 bytes'],
  ['getOrSet', '`getOrSet` of a miss'],
];

export function latencySection(result: ScenarioResult): Section {
  const groups = groupsOf(result);
  const trips = groups.filter((group) => group.startsWith('round trip'));
  const inserts = groups.filter((group) => group.startsWith('insert'));
  const tripRows = trips.flatMap((group) =>
    KINDS.map(([metric, name]) => [
      `${name}, ${group.slice('round trip '.length)}`,
      plain(metricOf(result, group, OURS, `${metric}.p50us`)),
      plain(metricOf(result, group, OURS, `${metric}.p99us`)),
      times(besidePingPong(result, group, metric)),
    ]),
  );
  const insertRows = inserts.map((group) => [
    group.slice('insert '.length),
    ...['copy', 'set', 'reserve'].map((metric) => plain(metricOf(result, group, OURS, `${metric}.GBs`))),
    times(besideCopy(result, group, 'set')),
    times(besideCopy(result, group, 'reserve')),
  ]);
  return {
    title: 'Asking the keeper, and getting large values in',
    text: [
      'What changes the shared cache is asked of its keeper thread. How long two threads need to wake one another depends on how idle the machine is, so the bare `MessagePort` ping-pong',
      'between the same kinds of threads, in turns with the rest, stands beside it. Inserts go into a full cache: each evicts. The bare copy is `TypedArray.set` from the same sources into shared memory that has',
      'been touched before.',
      '',
      table(['round trip', 'p50, µs', 'p99, µs', 'beside the ping-pong'], tripRows),
      '',
      table(
        [
          'insert, GB/s',
          'bare copy',
          '`set`',
          '`reserve`, write, `commit`',
          '`set` beside the copy',
          '`reserve` beside it',
        ],
        insertRows,
      ),
    ].join('\n'),
    charts: [],
    goals: [...trips.map((group) => claim(result, group)), ...inserts.map((group) => insert(result, group))],
    comparisons: [],
  };
}

function besidePingPong(result: ScenarioResult, group: string, metric: string): ReturnType<typeof ratioOf> {
  return ratioOf(result, group, [OURS, `${metric}.p50us`], [OURS, 'pingPong.p50us']);
}

function besideCopy(result: ScenarioResult, group: string, metric: string): ReturnType<typeof ratioOf> {
  return ratioOf(result, group, [OURS, `${metric}.GBs`], [OURS, 'copy.GBs']);
}

function claim(result: ScenarioResult, group: string): Goal {
  const text = `A miss's claim beside a bare ping-pong, ${group.slice('round trip '.length)}`;
  return { text, found: besidePingPong(result, group, 'claim'), atMost: 1.5, unit: '×' };
}

function insert(result: ScenarioResult, group: string): Goal {
  const text = `Insert of ${group.slice('insert '.length)} beside a bare copy from JavaScript`;
  return { text, found: besideCopy(result, group, 'set'), atLeast: 0.6, unit: '×' };
}
