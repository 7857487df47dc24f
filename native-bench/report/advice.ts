/**
 * The chapter on advice.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { ADVISED_POLICIES, advised, errorMetric, KINDS } from '../scenarios/advice-cells.js';
import { percent, SHARES } from '../scenarios/eviction-cells.js';
import { groupsOf, metricOf } from './compare.js';
import { table } from './format.js';
import type { Goal, Section } from './section.js';

/** Points that advice may be off. */
const ALLOWED = 2;
const BY = ['requests', 'bytes'] as const;

export function adviceSection(result: ScenarioResult): Section {
  const cells = groupsOf(result).flatMap((workload) =>
    KINDS.flatMap((kind) =>
      ADVISED_POLICIES.flatMap((policy) =>
        SHARES.flatMap((share) => {
          const [requests, bytes] = BY.map(
            (by) => metricOf(result, workload, advised(kind, policy), errorMetric(by, share))?.median,
          );
          return requests === undefined || bytes === undefined
            ? []
            : [{ workload, kind, policy, share, requests, bytes }];
        }),
      ),
    ),
  );
  return {
    title: 'Is the advice true?',
    text: [
      'The largest difference, in points of the hit rate, between what `stats.advise()` says of ½×, 2× and 4× the budget and what caches of these budgets do with the same requests. A `SharedCache` is shown the',
      'first 40 000 requests, with sizes scaled to budgets up to 256 MiB; three of each budget are asked, since by chance they differ by some points where requests go round in circles, and advice is compared with their mean.',
      '',
      table(
        ['workload', 'cache', 'policy', 'budget', 'requests, points', 'bytes, points'],
        cells.map(({ workload, kind, policy, share, requests, bytes }) => [
          workload,
          kind,
          policy,
          percent(share),
          points(requests),
          points(bytes),
        ]),
      ),
    ].join('\n'),
    charts: [],
    goals: KINDS.flatMap((kind) =>
      BY.flatMap((by): Goal[] => {
        const errors = cells.filter((cell) => cell.kind === kind).map((cell) => cell[by]);
        if (errors.length === 0) return [];
        const worst = Math.max(...errors);
        const found = { median: worst, low: worst, high: worst, count: errors.length };
        const text = `Advice of \`${kind}\` beside the truth, ${by} hit, worst cell`;
        return [{ text, found, atMost: ALLOWED, unit: ' points', isExact: true }];
      }),
    ),
    comparisons: [],
  };
}

function points(value: number): string {
  return value > ALLOWED ? `**${value.toFixed(2)}**` : value.toFixed(2);
}
