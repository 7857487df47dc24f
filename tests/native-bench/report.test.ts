import { describe, expect, test } from 'vitest';
import type { Sample, ScenarioResult } from '../../native-bench/harness/scenario.js';
import { renderChart } from '../../native-bench/report/chart.js';
import { estimateOf, ratioOf, threadsOf } from '../../native-bench/report/compare.js';
import { compact, digits, table } from '../../native-bench/report/format.js';
import { heapSection } from '../../native-bench/report/heap.js';
import { renderReadme } from '../../native-bench/report/readme.js';
import { outcomeOf } from '../../native-bench/report/section.js';
import { stamps } from '../../native-bench/report/stamp.js';

const machine = {
  cpu: 'a processor',
  cores: 4,
  memoryBytes: 8 * 2 ** 30,
  kernel: 'Linux 6',
  node: 'v20.0.0',
  v8: '11.3',
  packages: { 'lru-cache': '11.5.3' },
  compiler: 'g++ 12',
  redis: 'none',
};

function resultOf(scenario: string, rounds: number, rows: Omit<Sample, 'waitShare'>[]): ScenarioResult {
  const samples = rows.map((row) => ({ ...row, waitShare: 0 }));
  const window = { windowMs: 200, warmupMs: 100 };
  const startedAt = '2026-01-02T03:04:05.000Z';
  return { scenario, startedAt, seconds: 1, seed: 1, smoke: false, window, rounds, machine, samples, failures: [] };
}

const at = (round: number, contender: string, metrics: Record<string, number>): Omit<Sample, 'waitShare'> => ({
  round,
  group: 'values',
  contender,
  metrics,
});

describe('compare', () => {
  // The machine is twice as fast in every round as in the one before: only ratios within a round tell the truth.
  const result = resultOf('heap', 3, [
    at(0, 'a', { hit: 20 }),
    at(0, 'b', { hit: 10 }),
    at(1, 'a', { hit: 40 }),
    at(1, 'b', { hit: 20 }),
    at(2, 'a', { hit: 80 }),
  ]);

  test('ratios are taken within a round; a round that lacks one of the two does not count', () => {
    expect(ratioOf(result, 'values', ['a', 'hit'], ['b', 'hit'])).toEqual({ median: 2, low: 2, high: 2, count: 2 });
  });

  test('what nobody measured is undefined', () => {
    expect(estimateOf(result, 'values', (of) => of('a', 'no such metric'))).toBeUndefined();
    expect(ratioOf(result, 'elsewhere', ['a', 'hit'], ['b', 'hit'])).toBeUndefined();
  });

  test('thread counts are read from the names of metrics', () => {
    const threaded = resultOf('read', 1, [at(0, 'a', { 'known.t16': 1, 'known.t2': 1, 'fresh.t2': 1, entries: 1 })]);
    expect(threadsOf(threaded, 'values')).toEqual([2, 16]);
  });
});

describe('goals', () => {
  const found = { median: 1.2, low: 1.1, high: 1.3, count: 5 };
  const goal = { text: 'a goal', unit: '×', found };

  test('are met or missed beyond the interval, else open', () => {
    expect(outcomeOf({ ...goal, atLeast: 1 })).toBe('met');
    expect(outcomeOf({ ...goal, atLeast: 1.2 })).toBe('open');
    expect(outcomeOf({ ...goal, atLeast: 1.5 })).toBe('missed');
    expect(outcomeOf({ ...goal, atMost: 1.5 })).toBe('met');
    expect(outcomeOf({ ...goal, atMost: 1 })).toBe('missed');
    expect(outcomeOf({ ...goal, found: undefined, atMost: 1 })).toBe('not measured');
    expect(outcomeOf({ ...goal, found: { ...found, count: 2 }, atLeast: 1 })).toBe('open');
  });

  test('of zero are met by zero', () => {
    expect(outcomeOf({ ...goal, found: { median: 0, low: 0, high: 0, count: 3 }, atMost: 0 })).toBe('met');
  });
});

describe('README', () => {
  const rows = [0, 1, 2].flatMap((round) => [
    at(round, 'cachalot lru', { 'hit.fresh': 30 + round, mixed: 5, 'heap.bytesPerEntry': 60 }),
    at(round, 'lru-cache maxSize', { 'hit.fresh': 10, mixed: 10, 'heap.bytesPerEntry': 77 }),
  ]);
  const result = resultOf('heap', 3, rows);
  const readme = renderReadme([{ section: heapSection(result), result }]);

  test('admits losses, and lists no win among them', () => {
    const losses = readme.slice(readme.indexOf('## Where we lose'), readme.indexOf('## Values in one thread'));
    expect(losses).toContain('mixed 90/10');
    expect(losses).toContain('0.50×');
    expect(losses).not.toContain('fresh keys');
  });

  test('says which goals are met and which are not', () => {
    expect(readme).toMatch(/ahead of lru-cache maxSize: hit, fresh keys .* yes \|/);
    expect(readme).toMatch(/ahead of lru-cache maxSize: mixed 90\/10 .* \*\*no\*\* \|/);
    expect(readme).toMatch(/ahead of lru-cache maxSize: hit, known keys .* not measured \|/);
  });

  test('carries the stamp of the machine', () => {
    for (const part of ['a processor', '4 cores', 'Node v20.0.0', 'lru-cache 11.5.3', '2026-01-02 03:04']) {
      expect(readme).toContain(part);
    }
  });

  test('names what failed, and tells machines apart', () => {
    const failure = { round: 0, group: 'values', contender: 'somebody', reason: 'fell over\nat line 1' };
    const elsewhere = { ...result, scenario: 'memory', machine: { ...machine, cpu: 'another processor' } };
    const paragraphs = stamps([{ ...result, failures: [failure, { ...failure, round: 1 }] }, elsewhere]).join('\n');
    expect(paragraphs.match(/somebody: fell over/g)).toHaveLength(1);
    expect(paragraphs).toContain('*heap*: a processor');
    expect(paragraphs).toContain('*memory*: another processor');
  });

  test('warns when the figures are of a trial', () => {
    const trial = { ...result, smoke: true };
    expect(renderReadme([{ section: heapSection(trial), result: trial }])).toContain('mean nothing');
    expect(readme).not.toContain('mean nothing');
  });
});

describe('chart', () => {
  const bar = (label: string, value: number) => ({ label, value, low: value, high: value, ours: false });
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/width="([\d.]+)" height="14"/g)].map((found) => Number(found[1]));

  test('bars are as long as their values', () => {
    const [long, short] = widths(renderChart({ title: 't', unit: '', bars: [bar('a', 100), bar('b', 25)] }));
    expect(long! / short!).toBeCloseTo(4, 1);
  });

  test('logarithmic: equal factors are equal lengths', () => {
    const bars = [bar('a', 1e6), bar('b', 1e4), bar('c', 1e2)];
    const [first, second, third] = widths(renderChart({ title: 't', unit: '', bars, logarithmic: true }));
    expect(first! - second!).toBeCloseTo(second! - third!, 0);
  });

  test('a long label moves the bars, and is not cut off', () => {
    const label = 'a label of nearly fifty characters, for instance';
    const svg = renderChart({ title: 't', unit: '', bars: [bar(label, 1)] });
    expect(Number(/class="bar" x="(\d+)"/.exec(svg)?.[1])).toBeGreaterThan(label.length * 7);
  });

  test('text is escaped, and dark pages are thought of', () => {
    const svg = renderChart({ title: 'a < b & "c"', unit: '', bars: [bar('<script>', 1)] });
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});

test('numbers for people', () => {
  expect([12_345_678, 845_123, 9_999, 61, 1.234, 0.5].map(compact)).toEqual([
    '12.3 M',
    '845 k',
    '9 999',
    '61.0',
    '1.23',
    '0.50',
  ]);
  expect(digits(123_456)).toBe('123 456');
  expect(table(['a', 'b'], [['x', '1']])).toBe('| a | b |\n| --- | --: |\n| x | 1 |');
});
