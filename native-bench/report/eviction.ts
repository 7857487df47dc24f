/**
 * The chapter on who misses least.
 */

import type { ScenarioResult } from '../harness/scenario.js';
import { LRU_CACHE, missMetric, percent, REFERENCE, SHARES } from '../scenarios/eviction-cells.js';
import { contendersOf, groupsOf, metricOf } from './compare.js';
import { table } from './format.js';
import type { Goal, Section } from './section.js';

const OURS = 'cachalot auto';
const LRU = 'cachalot lru';
const KINDS = ['requests', 'bytes'] as const;
type Kind = (typeof KINDS)[number];

/** What is missed at one budget of one workload, and by the best of the others. */
interface Cell {
  workload: string;
  share: number;
  kind: Kind;
  ours: number;
  lru: number;
  best: number;
  bestBy: string;
  /** Whether the best is of a reference table. */
  isReference: boolean;
}

/** Ratios that differ by less than this are ties: nothing is random here, but nobody pays for less. */
const TIE = 0.001;

export function evictionSection(result: ScenarioResult): Section {
  const cells = groupsOf(result).flatMap((workload) => cellsOf(result, workload));
  const parts = [true, false].flatMap((isReference) => {
    const part = cells.filter((cell) => cell.isReference === isReference);
    if (part.length === 0) return [];
    const against = isReference
      ? 'Recorded requests, beside the best online policy of the reference table in each cell:'
      : 'Beside the best of `lru`, `lfu`, `fifo`, `gdsf` and lru-cache in each cell:';
    return [against, ...KINDS.flatMap((kind) => chapter(part, kind))];
  });
  return {
    title: 'Who misses least',
    text: [
      [
        "Miss ratios of `auto` from a cold start, at shares of the footprint (the sum of the sizes of all objects), through `Cache` as users call it: requests missed under `cost: 'requests'`,",
        "bytes missed under `cost: 'bytes'` where objects differ in size. A number below 1 is a win. The best is taken in each cell anew: no one policy is the best everywhere. Nothing here is random.",
      ].join('\n'),
      ...parts,
    ].join('\n\n'),
    charts: [],
    goals: [true, false].flatMap((isReference) =>
      KINDS.flatMap((kind) =>
        goals(
          cells.filter((cell) => cell.isReference === isReference && cell.kind === kind),
          kind,
        ),
      ),
    ),
    comparisons: [],
  };
}

function cellsOf(result: ScenarioResult, workload: string): Cell[] {
  const names = contendersOf(result, workload);
  const references = names.filter((name) => name.startsWith(REFERENCE));
  const own = names.filter((name) => name !== OURS && !name.startsWith(REFERENCE));
  return SHARES.flatMap((share) =>
    KINDS.flatMap((kind): Cell[] => {
      const missed = (name: string) => metricOf(result, workload, name, missMetric(kind, share))?.median ?? Number.NaN;
      const [ours, lru] = [missed(OURS), missed(names.includes(LRU) ? LRU : LRU_CACHE)];
      const isReference = references.some((name) => missed(name) >= 0);
      const rivals = (isReference ? references : own).filter((name) => missed(name) >= 0);
      if (!(ours >= 0) || rivals.length === 0) return [];
      const bestBy = rivals.reduce((least, name) => (missed(name) < missed(least) ? name : least));
      const plain = bestBy.replace(REFERENCE, '').replace('cachalot ', '');
      return [{ workload, share, kind, ours, lru, best: missed(bestBy), bestBy: plain, isReference }];
    }),
  );
}

function chapter(cells: readonly Cell[], kind: Kind): string[] {
  const part = cells.filter((cell) => cell.kind === kind);
  if (part.length === 0) return [];
  const ratios = part.map(({ ours, best }) => over(ours, best));
  const count = (test: (ratio: number) => boolean) => ratios.filter(test).length;
  const [wins, losses] = [count((ratio) => ratio < 1 - TIE), count((ratio) => ratio > 1 + TIE)];
  const worst = part.reduce((held, cell) => (over(cell.ours, cell.best) > over(held.ours, held.best) ? cell : held));
  const rows = part.map(({ workload, share, ours, lru, best, bestBy }) => [
    workload,
    percent(share),
    ratio(ours),
    ratio(best),
    bestBy,
    factor(over(ours, best)),
    factor(over(ours, lru)),
    outcome(over(ours, best)),
  ]);
  return [
    table(['workload', 'budget', `${kind} missed`, 'best other', 'by', 'beside it', 'beside LRU', ''], rows),
    `By ${kind}: ${wins} wins, ${losses} losses, ${part.length - wins - losses} ties (within ${TIE * 100} %) in ${part.length} cells; geometric mean ${factor(geometricMean(ratios))}, worst cell ${factor(over(worst.ours, worst.best))} (${worst.workload}, ${percent(worst.share)}).`,
  ];
}

function goals(cells: readonly Cell[], kind: Kind): Goal[] {
  if (cells.length === 0) return [];
  const others = cells[0]!.isReference ? 'the best online policy of the reference' : 'the best of LRU, LFU, FIFO, GDSF';
  const ratios = cells.map(({ ours, best }) => over(ours, best));
  const exactly = (value: number) => ({ median: value, low: value, high: value, count: cells.length });
  const what = `\`auto\`, ${kind} missed`;
  return [
    { text: `${what} beside ${others}, geometric mean`, found: exactly(geometricMean(ratios)), atMost: 1.01 },
    { text: `${what} beside ${others}, worst cell`, found: exactly(Math.max(...ratios)), atMost: 1.08 },
    {
      text: `${what} beside LRU, worst cell (${cells[0]!.isReference ? 'recorded' : 'other'} requests)`,
      found: exactly(Math.max(...cells.map(({ ours, lru }) => over(ours, lru)))),
      atMost: 1,
    },
  ].map((goal) => ({ ...goal, unit: '×', isExact: true }));
}

/** How many times as much is missed; who misses nothing beside nothing is as good. */
export function over(ours: number, other: number): number {
  return ours === other ? 1 : ours / other;
}

export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, one) => sum + Math.log(one), 0) / ratios.length);
}

function outcome(value: number): string {
  if (value < 1 - TIE) return 'win';
  return value > 1 + TIE ? '**loss**' : 'tie';
}

function ratio(value: number): string {
  return value.toFixed(4);
}

function factor(value: number): string {
  return `${value.toFixed(3)}×`;
}
