/**
 * The chapter on memory: is the budget true?
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { contendersOf, estimateOf, metricOf, ratioOf } from './compare.js';
import { plain, table } from './format.js';
import type { Section } from './section.js';

const SHARED = 'cachalot SharedCache';
const LOCAL = 'cachalot lru';

export function memorySection(result: ScenarioResult): Section {
  const rows = ['shared', 'heap'].flatMap((group) =>
    contendersOf(result, group).map((name) => [
      name === LOCAL ? 'cachalot Cache' : name,
      ...['budgetMiB', 'heldMiB', 'grownMiB', 'peakMiB', 'boundMiB', 'ledgerAfterClear'].map((metric) =>
        plain(metricOf(result, group, name, metric)),
      ),
    ]),
  );
  return {
    title: 'Is the budget true?',
    text: [
      'Ten times the budget in values of 100 KB to 8 MB goes through; resident memory is taken before the cache is made and after the churn (after a full collection), and its peak at every',
      'insert. The bound for `SharedCache`: budget + 10 % + 64 MiB + 20 MiB for each thread that it started. The bare `Map` holds the same bytes as the caches beside it. What the ledger shows after',
      '`clear()` is bytes held, reserved and pinned together.',
      '',
      table(['MiB', 'budget', 'ledger', 'RSS grown', 'peak', 'bound', 'ledger after clear, B'], rows),
    ].join('\n'),
    charts: [],
    goals: [
      {
        text: 'RSS of `SharedCache` after churn, as a share of its bound',
        found: estimateOf(result, 'shared', (of) => of(SHARED, 'grownMiB') / of(SHARED, 'boundMiB')),
        atMost: 1,
        unit: '×',
      },
      {
        text: 'RSS of `Cache` after churn beside a bare `Map` of the same bytes',
        found: ratioOf(result, 'heap', [LOCAL, 'grownMiB'], ['Map', 'grownMiB']),
        // Two runs of one program differ by so much: pages are what the allocator happens to give back.
        atMost: 1.05,
        unit: '×',
      },
      {
        text: 'Ledger of `SharedCache` after `clear()`',
        found: metricOf(result, 'shared', SHARED, 'ledgerAfterClear'),
        atMost: 0,
        unit: ' B',
      },
      {
        text: 'Ledger of `Cache` after `clear()`',
        found: metricOf(result, 'heap', LOCAL, 'ledgerAfterClear'),
        atMost: 0,
        unit: ' B',
      },
    ],
    comparisons: [],
  };
}
