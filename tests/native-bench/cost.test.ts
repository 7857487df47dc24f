import { describe, expect, test } from 'vitest';
import type { ScenarioResult } from '../../native-bench/harness/scenario.js';
import { adviceSection } from '../../native-bench/report/advice.js';
import { costSection } from '../../native-bench/report/cost.js';
import { outcomeOf } from '../../native-bench/report/section.js';
import { advised, errorMetric } from '../../native-bench/scenarios/advice-cells.js';
import { COST_CONTENDERS, MEASURED, savedMetric, toldMetric } from '../../native-bench/scenarios/cost-cells.js';
import { loadTimesOf, measureDecodes } from '../../native-bench/scenarios/decodes.js';

const machine = { cpu: '', cores: 1, memoryBytes: 1, kernel: '', node: '', v8: '', compiler: '', redis: '' };
function resultOf(scenario: string, rows: [contender: string, metrics: Record<string, number>][]): ScenarioResult {
  return {
    scenario,
    startedAt: '',
    seconds: 1,
    seed: 1,
    smoke: false,
    window: { windowMs: 1, warmupMs: 1 },
    rounds: 1,
    machine: { ...machine, packages: {} },
    samples: rows.map(([contender, metrics]) => ({ round: 0, group: 'w', contender, metrics, waitShare: 0 })),
    failures: [],
  };
}

describe('load times', () => {
  test('are those of real decodes: above 0, for each kind and size', () => {
    const decodes = measureDecodes({ smoke: true, seed: 1 });
    expect(Object.keys(decodes)).toEqual(['brotli', 'inflate', 'JSON']);
    for (const times of Object.values(decodes)) {
      expect(times.map(({ size }) => size)).toEqual([1_024, 4_096, 16_384]);
      for (const { ms } of times) for (const one of ms) expect(one).toBeGreaterThan(0);
    }
  });

  test('are drawn for each load, of the way in which the object is always decoded, in proportion to its size', () => {
    const decodes = {
      slow: [
        { size: 1_000, ms: [10, 11] },
        { size: 10_000, ms: [100, 110] },
      ],
      fast: [
        { size: 1_000, ms: [1, 1.1] },
        { size: 10_000, ms: [4] },
      ],
    };
    const length = 3_000;
    const ids = Uint32Array.from({ length }, (_, at) => at % 30);
    const sizes = Float64Array.from(ids, (id) => [10, 1_000, 20_000][id % 3]!);
    const times = loadTimesOf({ ids, sizes }, decodes, 1);
    expect(loadTimesOf({ ids, sizes }, decodes, 1)).toEqual(times);
    // What is smaller than the least is not faster; what is larger than the largest is slower.
    const possible = [
      { slow: [10, 11], fast: [1, 1.1] },
      { slow: [10, 11], fast: [1, 1.1] },
      { slow: [200, 220], fast: [8] },
    ];
    for (let id = 0; id < 30; id++) {
      const seen = [...new Set(times.filter((_, at) => ids[at] === id))].sort((a, b) => a - b);
      const { slow, fast } = possible[id % 3]!;
      expect([slow, fast]).toContainEqual(seen);
    }
    expect(new Set(times).size).toBe(7);
  });
});

test('the report on costs takes the worst cell of each comparison', () => {
  const rows = COST_CONTENDERS.map((name): [string, Record<string, number>] => [
    name,
    { [savedMetric(0.05)]: name === MEASURED ? 0.6 : 0.5, [savedMetric(0.1)]: name === MEASURED ? 0.6 : 0.75 },
  ]);
  rows[0]![1][toldMetric(0.05)] = 1.01;
  const { text, goals } = costSection(resultOf('cost', rows));
  expect(text).toContain(
    '| w | 5 % | 60.00 % | 50.00 % | 50.00 % | 50.00 % | 50.00 % | 50.00 % | 50.00 % | 101.00 % |',
  );
  expect(goals.map(({ found }) => found!.median)).toEqual(Array(5).fill(0.6 / 0.75));
  expect(goals.map(outcomeOf)).toEqual(Array(5).fill('missed'));
});

test('the report on advice marks what is off by more than two points', () => {
  const { text, goals } = adviceSection(
    resultOf('advice', [
      [advised('Cache', 'auto'), { [errorMetric('requests', 0.01)]: 0.5, [errorMetric('bytes', 0.01)]: 2.5 }],
      [advised('SharedCache', 'lru'), { [errorMetric('requests', 0.05)]: 1, [errorMetric('bytes', 0.05)]: 1.5 }],
    ]),
  );
  expect(text).toContain('| w | Cache | auto | 1 % | 0.50 | **2.50** |');
  expect(text).toContain('| w | SharedCache | lru | 5 % | 1.00 | 1.50 |');
  expect(goals.map(outcomeOf)).toEqual(['met', 'missed', 'met', 'met']);
});
