/**
 * The chapter on saving and restoring.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { groupsOf, metricOf } from './compare.js';
import { plain, table } from './format.js';
import type { Section } from './section.js';

const OURS = 'cachalot';

export function snapshotSection(result: ScenarioResult): Section {
  const groups = groupsOf(result);
  const rows = groups.map((group) => [
    group,
    ...['save', 'plain', 'restore', 'above'].map((metric) => plain(metricOf(result, group, OURS, `${metric}.s`))),
  ]);
  return {
    title: 'A warm restart',
    text: [
      "A `SharedCache` that is full with 1 GiB of values of one size is saved, and the file restored into another one, in turns with a plain reading of that file, which lies in the system's cache.",
      'A file is read twice, and checked as a whole, before the old content goes.',
      '',
      table(['values of', '`save`, s', 'plain reading, s', '`restore`, s', 'above the reading, s'], rows),
    ].join('\n'),
    charts: [],
    goals: groups
      .filter((group) => group !== '4 KiB')
      .map((group) => ({
        text: `Restoring 1 GiB of ${group} each, above reading the file`,
        found: metricOf(result, group, OURS, 'above.s'),
        atMost: 3,
        unit: ' s',
      })),
    comparisons: [],
  };
}
