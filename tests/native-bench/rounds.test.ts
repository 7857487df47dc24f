import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { orderOfRound, runRounds } from '../../native-bench/harness/rounds.js';
import type { Job } from '../../native-bench/harness/scenario.js';

const job = (group: string, contender: string, every = 1): Job => ({ group, contender, every, module: 'none.js' });
const print = (contender: string, script: string): Job => ({
  group: 'g',
  contender,
  command: process.execPath,
  args: ['-e', script],
});

describe('orderOfRound', () => {
  const jobs = ['a', 'b', 'c', 'd'].flatMap((name) => [job('x', name), job('y', name)]);

  test('keeps a group together, and every contender in it once', () => {
    for (let round = 0; round < 8; round++) {
      const order = orderOfRound(jobs, round);
      expect(order.map(({ group }) => group).join('')).toBe('xxxxyyyy');
      for (const group of ['x', 'y']) {
        const names = order.filter((entry) => entry.group === group).map(({ contender }) => contender);
        expect(names.sort()).toEqual(['a', 'b', 'c', 'd']);
      }
    }
  });

  test('nobody always stands at the same place, nor always behind the same neighbour', () => {
    const places = new Set<number>();
    const neighbours = new Set<string | undefined>();
    for (let round = 0; round < 4; round++) {
      const names = orderOfRound(jobs, round)
        .slice(0, 4)
        .map(({ contender }) => contender);
      places.add(names.indexOf('a'));
      neighbours.add(names[names.indexOf('a') - 1]);
    }
    expect(places.size).toBe(4);
    expect(neighbours.size).toBeGreaterThanOrEqual(2);
  });

  test('the slow ones take part in every n-th round', () => {
    const mixed = [job('x', 'fast'), job('x', 'slow', 3)];
    const taking = [0, 1, 2, 3].map((round) => orderOfRound(mixed, round).length);
    expect(taking).toEqual([2, 1, 1, 2]);
  });
});

describe('runRounds', () => {
  test('collects what each process reports, whatever else it prints', async () => {
    const script = `console.log('noise'); console.log('@@result ' + JSON.stringify({ metrics: { m: 7 }, waitShare: 0 }))`;
    const { samples, failures } = await runRounds({ jobs: [print('good', script)], rounds: 2 }, () => {});
    expect(failures).toEqual([]);
    expect(samples).toEqual([
      { round: 0, group: 'g', contender: 'good', metrics: { m: 7 }, waitShare: 0 },
      { round: 1, group: 'g', contender: 'good', metrics: { m: 7 }, waitShare: 0 },
    ]);
  });

  test('records who failed, with what it said, and goes on', async () => {
    const bad = print('bad', `console.error('no such thing'); process.exit(3)`);
    const mute = print('mute', `console.log('nothing to report')`);
    const absent: Job = { group: 'g', contender: 'absent', command: '/does/not/exist' };
    const good = print('good', `console.log('@@result {"metrics":{},"waitShare":0}')`);
    const { samples, failures } = await runRounds({ jobs: [bad, mute, absent, good], rounds: 1 }, () => {});
    expect(samples.map(({ contender }) => contender)).toEqual(['good']);
    expect(failures.map(({ contender }) => contender)).toEqual(['bad', 'mute', 'absent']);
    expect(failures[0]!.reason).toContain('no such thing');
    expect(failures[2]!.reason).toContain('/does/not/exist');
  });

  test('runs so many side by side as it is told, and tells of them in the order of the jobs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rounds-'));
    try {
      // Each ends when the other has begun.
      const meet = (own: string, other: string) =>
        print(
          own,
          `const fs = require('node:fs'); fs.writeFileSync(${JSON.stringify(join(folder, own))}, '');
          const look = () => fs.existsSync(${JSON.stringify(join(folder, other))})
            ? setTimeout(() => console.log('@@result {"metrics":{},"waitShare":0}'), ${own === 'first' ? 300 : 0})
            : setTimeout(look, 5);
          look();`,
        );
      const jobs = [meet('first', 'second'), meet('second', 'first')];
      const { samples, failures } = await runRounds({ jobs, rounds: 1 }, () => {}, 2);
      expect(failures).toEqual([]);
      expect(samples.map(({ contender }) => contender)).toEqual(['first', 'second']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
