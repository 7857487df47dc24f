import { describe, expect, test } from 'vitest';
import { orderOfRound } from '../../native-bench/harness/rounds.js';
import type { Sample, ScenarioResult, Setting } from '../../native-bench/harness/scenario.js';
import { contenders } from '../../native-bench/peers/index.js';
import { pairsSection } from '../../native-bench/report/pairs.js';
import { outcomeOf } from '../../native-bench/report/section.js';
import { heap, MAIN, VALUES } from '../../native-bench/scenarios/heap.js';
import { sizesFor } from '../../native-bench/scenarios/heap-sizes.js';
import { prepare } from '../../native-bench/scenarios/heap-workload.js';
import { PAIRS, pairGroup, pairJobs, pairs } from '../../native-bench/scenarios/pairs.js';

const setting: Setting = {
  smoke: false,
  seed: 1,
  window: { windowMs: 10, warmupMs: 10 },
  product: 'file:///nowhere/index.js',
  threads: [1],
  traces: undefined,
  full: false,
  ceiling: { missing: '' },
  redis: { missing: '' },
};

describe('sizes', () => {
  test('ten million entries only when all is asked for, and a small cache in a trial', () => {
    expect(sizesFor(setting).map(({ name }) => name)).toEqual(['1 k', '50 k', '1 M']);
    expect(sizesFor({ smoke: false, full: true }).at(-1)).toMatchObject({ name: '10 M', capacity: 10_000_000 });
    expect(sizesFor({ smoke: true, full: true }).map(({ capacity }) => capacity)).toEqual([2_000]);
  });

  test('all contenders at 50 k, those that hold a budget at the others', async () => {
    const { jobs } = await heap.plan(setting);
    const of = (group: string) => jobs.filter((job) => job.group === group).map(({ contender }) => contender);
    expect(of(VALUES)).toEqual(Object.keys(contenders));
    expect(of('1 k')).toEqual([...MAIN]);
    expect(of('1 M')).toEqual([...MAIN]);
    expect(of('10 M')).toEqual([]);
    for (const name of MAIN) expect(contenders).toHaveProperty([name]);
  });

  test('a large workload shares its values, and still asks for twice as many keys as there is room for', () => {
    const input = { contender: '', seed: 1, product: '', window: setting.window, draws: 1 << 10 };
    const { keys, values } = prepare({ ...input, keys: 2_000_010, capacity: 1_000 });
    expect([keys.length, values.length]).toEqual([2_000_010, 2_000_010]);
    expect([values[2_000_000], values[1_999_999]!.id]).toEqual([values[0], 1_999_999]);
  });
});

describe('pairs', () => {
  test('are thirty, of fresh processes side by side, by turns the one and the other first', async () => {
    const { jobs, rounds } = await pairs.plan(setting);
    expect([rounds, pairs.isLong]).toEqual([30, true]);
    const pair = PAIRS[0]!;
    const two = pairJobs(pair, sizesFor(setting)[1]!, setting);
    expect(jobs).toEqual(expect.arrayContaining(two));
    const first = Array.from({ length: 30 }, (_, round) => orderOfRound(two, round)[0]!.contender);
    expect(first.filter((name) => name === pair.ours)).toHaveLength(15);
    for (const { ours, other } of PAIRS) for (const name of [ours, other]) expect(contenders).toHaveProperty([name]);
  });

  const result = (ratios: readonly number[]): ScenarioResult => {
    const group = pairGroup('cachalot lru', 'mnemonist LRUMap', '1 M');
    const samples = ratios.flatMap((ratio, round): Sample[] => {
      // The machine is slower in each round than in the one before.
      const rate = 1e6 / (1 + round);
      return [
        { round, group, contender: 'cachalot lru', metrics: { mixed: ratio * rate }, waitShare: 0 },
        { round, group, contender: 'mnemonist LRUMap', metrics: { mixed: rate }, waitShare: 0 },
      ];
    });
    const machine = { cpu: '', cores: 1, memoryBytes: 1, kernel: '', node: '', v8: '', compiler: '', redis: '' };
    return {
      scenario: 'pairs',
      startedAt: '',
      seconds: 1,
      seed: 1,
      smoke: false,
      window: setting.window,
      rounds: ratios.length,
      machine: { ...machine, packages: {} },
      samples,
      failures: [],
    };
  };

  test('what lies within its interval is a tie, and is called so', () => {
    const tie = pairsSection(result([0.9, 1.1, 1.05, 0.95, 1.02, 0.99]));
    expect(tie.text).toMatch(/\| cachalot lru beside mnemonist LRUMap \| 1 M \| mixed 90\/10 \| .* \| tie \|/);
    expect(tie.goals.map(outcomeOf)).toEqual(['open']);
    const ahead = pairsSection(result([1.1, 1.12, 1.15, 1.11]));
    expect(ahead.text).toContain('| faster |');
    expect(ahead.goals.map(outcomeOf)).toEqual(['met']);
    const behind = pairsSection(result([0.8, 0.82, 0.85, 0.81]));
    expect(behind.text).toContain('| **slower** |');
    expect(behind.goals.map(outcomeOf)).toEqual(['missed']);
    expect(behind.comparisons).toMatchObject([{ work: 'mixed 90/10, 1 M (cachalot lru)', peer: 'mnemonist LRUMap' }]);
  });
});
