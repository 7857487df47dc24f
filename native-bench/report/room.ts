/**
 * The chapter on room for large values.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import type { Estimate } from '../harness/statistics.js';
import { ROOM, WAITING } from '../scenarios/room.js';
import { groupsOf, metricOf } from './compare.js';
import { plain, table } from './format.js';
import type { Goal, Section } from './section.js';

export function roomSection(result: ScenarioResult): Section {
  const found = (group: string, metric: string): Estimate | undefined => metricOf(result, group, ROOM, metric);
  const groups = groupsOf(result).filter((group) => group !== WAITING);
  const rows = groups.map((group) => [
    group,
    ...['hit.percent', 'ideal.percent', 'byteHit.percent', 'idealByteHit.percent', 'live.percent', 'moved.ratio'].map(
      (metric) => plain(found(group, metric)),
    ),
  ]);
  const waits = (['worker', 'main'] as const).map((who) => [
    who === 'worker' ? 'a worker' : 'the main thread, beside that worker',
    ...['p50ms', 'p99ms', 'p999ms'].map((metric) => plain(found(WAITING, `${who}.${metric}`))),
    plain(found(WAITING, who === 'worker' ? 'beside.ms' : 'own.ms')),
  ]);
  return {
    title: 'Room for large values',
    text: [
      "The keeper's own code, in a full arena of 1 GiB: 1 500 values from 64 KiB to 16 MiB, drawn by Zipf 0.8, each inserted when it is missed; recorded requests (`--traces`) at 5 % of what all objects have.",
      '*Ideal* is the same policy under the same budget where every hole fits. *Live* is the share of the segments that holds entries: they are 3 % larger than the budget, so 97.1 % is all that can be. *Moved* is what',
      'is copied to make room, a byte inserted. *Leases held*: eight at any time, of values that were just read. The second half of the requests counts.',
      '',
      table(['sizes, policy', 'hits, %', 'ideal, %', 'hits by bytes, %', 'ideal, %', 'live, %', 'moved, B/B'], rows),
      '',
      `How long an evicting insert of 1 MiB takes among values of all these sizes, and the 99th percentile of the delay of the main thread's event loop meanwhile; idle it is ${plain(found(WAITING, 'idle.ms'))} ms.`,
      '',
      table(['inserts of', 'p50, ms', 'p99, ms', 'p99.9, ms', 'delay, ms'], waits),
    ].join('\n'),
    charts: [],
    goals: [
      ...groups.flatMap((group): Goal[] => [
        {
          text: `Hits lost to fragmentation: ${group}`,
          found: found(group, 'lost.points'),
          atMost: 1,
          unit: ' points',
        },
        { text: `Live share of the arena: ${group}`, found: found(group, 'live.percent'), atLeast: 95, unit: ' %' },
        {
          text: `Bytes moved for a byte inserted: ${group}`,
          found: found(group, 'moved.ratio'),
          atMost: 0.3,
          unit: '',
        },
      ]),
      {
        text: 'Evicting inserts of 1 MiB by a worker, p99.9',
        found: found(WAITING, 'worker.p999ms'),
        atMost: 5,
        unit: ' ms',
      },
      {
        text: "Delay of the main thread's event loop meanwhile, p99, above idle",
        found: found(WAITING, 'above.ms'),
        atMost: 2,
        unit: ' ms',
      },
    ],
    comparisons: [],
  };
}
