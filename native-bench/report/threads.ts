/**
 * The chapter on what further threads bring.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { estimateOf, groupsOf, metricOf, ratioOf, threadsOf } from './compare.js';
import { rate, table, times } from './format.js';
import type { Goal, Section } from './section.js';

const NATIVE = 'C++ striped LRU';
const FLOOR = 'Map + view';
const OURS = ['cachalot, bytes', 'cachalot, image'] as const;
const ROWS: readonly (readonly [contender: string, name: string])[] = [
  [FLOOR, '`Map` + view'],
  ['lru-cache of views', 'lru-cache, one a thread'],
  [OURS[0], '**cachalot** `acquire`, bytes'],
  [OURS[1], '**cachalot** `acquire`, image'],
  [NATIVE, 'C++, 64 striped locks, pin and unpin'],
];

export function threadsSection(result: ScenarioResult): Section {
  const groups = groupsOf(result);
  return {
    title: 'What further threads bring',
    text: [
      'Known keys; `acquire`, `.value`, a byte, `release`. Where a tenth of the operations are writes, each writes a whole value: in place for the floor and lru-cache, where nobody else sees a torn one only',
      'because the bytes are the same; under the lock in C++; through the keeper thread, up to 16 at a time for each thread, in cachalot. The keeper is one thread more than there are cores then.',
      'Rates are per second that a reading thread had a core or waited for an answer: the time is left out in which it was ready and others had all cores.',
      '',
      groups.map((group) => rateTable(result, group)).join('\n\n'),
    ].join('\n'),
    charts: [],
    goals: groups.flatMap((group) => goals(result, group)),
    comparisons: [],
  };
}

function most(result: ScenarioResult, group: string): number {
  return Math.max(1, ...threadsOf(result, group));
}

function rateTable(result: ScenarioResult, group: string): string {
  const counts = threadsOf(result, group);
  const last = most(result, group);
  const rows = ROWS.map(([contender, name]) => [
    name,
    ...counts.map((count) => rate(metricOf(result, group, contender, `known.core.t${count}`))),
    times(scaling(result, group, contender)),
    times(ratioOf(result, group, [contender, `known.core.t${last}`], [NATIVE, `known.core.t${last}`])),
  ]);
  const heads = counts.map((count) => (count === 1 ? '1 thread' : `${count} threads`));
  return table([group, ...heads, `1 to ${last}, beside \`Map\` + view`, `beside C++ at ${last}`], rows);
}

/** How much more all threads do than one, beside how much more of the floor they do. */
function scaling(result: ScenarioResult, group: string, contender: string): ReturnType<typeof estimateOf> {
  const last = most(result, group);
  return estimateOf(result, group, (of) => {
    const scale = (whose: string): number => of(whose, `known.core.t${last}`) / of(whose, 'known.core.t1');
    return scale(contender) / scale(FLOOR);
  });
}

function goals(result: ScenarioResult, group: string): Goal[] {
  const last = most(result, group);
  const writes = group.endsWith('writes');
  return OURS.flatMap((name) => [
    {
      text: `Scaling to ${last} threads beside that of a bare \`Map\` + view, ${group} (${name.slice(10)})`,
      found: scaling(result, group, name),
      atLeast: writes ? 0.8 : 0.9,
      unit: '×',
    },
    ...(writes
      ? []
      : [
          {
            text: `Hits on ${last} threads beside the C++ cache, ${group} (${name.slice(10)})`,
            found: ratioOf(result, group, [name, `known.core.t${last}`], [NATIVE, `known.core.t${last}`]),
            atLeast: 0.5,
            unit: '×',
          },
          {
            text: `Hits on one thread beside lru-cache, known keys, ${group} (${name.slice(10)})`,
            found: ratioOf(result, group, [name, 'known.core.t1'], ['lru-cache of views', 'known.core.t1']),
            atLeast: 1,
            unit: '×',
          },
        ]),
  ]);
}
