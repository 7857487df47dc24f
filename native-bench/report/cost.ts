/**
 * The chapter on what a miss costs.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { COST_CONTENDERS, MEASURED, savedMetric, toldMetric } from '../scenarios/cost-cells.js';
import { percent, SHARES } from '../scenarios/eviction-cells.js';
import { groupsOf, metricOf } from './compare.js';
import { table } from './format.js';
import type { Goal, Section } from './section.js';

const OTHERS = COST_CONTENDERS.filter((name) => !name.endsWith('measured'));

interface Cell {
  workload: string;
  share: number;
  saved: Map<string, number>;
  told: number;
}

export function costSection(result: ScenarioResult): Section {
  const cells = groupsOf(result).flatMap((workload) =>
    SHARES.flatMap((share): Cell[] => {
      const found = (name: string, metric: string) => metricOf(result, workload, name, metric)?.median;
      const saved = new Map(
        COST_CONTENDERS.flatMap((name) => {
          const value = found(name, savedMetric(share));
          return value === undefined ? [] : [[name, value] as const];
        }),
      );
      return saved.has(MEASURED)
        ? [{ workload, share, saved, told: found(MEASURED, toldMetric(share)) ?? Number.NaN }]
        : [];
    }),
  );
  const rows = cells.map(({ workload, share, saved, told }) => [
    workload,
    percent(share),
    ...COST_CONTENDERS.map((name) => points(saved.get(name))),
    points(told),
  ]);
  const head = COST_CONTENDERS.map((name) => name.replace('cachalot ', '').replace(', cost', ','));
  return {
    title: 'What a miss costs',
    text: [
      'Load time spared, as a share of what it is without a cache. Each object is decoded by brotli, by inflate or by `JSON.parse`, which of them is drawn once; each load takes one of the times that such a',
      'decode to about that size has taken on this machine in this run, on a virtual clock. *Told*: `savedTime` in the statistics beside the truth.',
      '',
      table(['workload', 'budget', ...head, 'told'], rows),
    ].join('\n'),
    charts: [],
    goals: OTHERS.flatMap((other) => ahead(cells, other)),
    comparisons: [],
  };
}

function ahead(cells: readonly Cell[], other: string): Goal[] {
  const ratios = cells.flatMap(({ saved }) => {
    const [own, theirs] = [saved.get(MEASURED)!, saved.get(other)];
    return theirs === undefined || theirs <= 0 ? [] : [own / theirs];
  });
  if (ratios.length === 0) return [];
  const worst = Math.min(...ratios);
  return [
    {
      text: `Load time spared by \`cost: 'measured'\` beside ${other}, worst cell`,
      found: { median: worst, low: worst, high: worst, count: ratios.length },
      atLeast: 1,
      unit: '×',
      isExact: true,
    },
  ];
}

function points(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : `${(100 * value).toFixed(2)} %`;
}
