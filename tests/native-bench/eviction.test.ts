import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { ScenarioResult } from '../../native-bench/harness/scenario.js';
import { evictionSection, geometricMean, over } from '../../native-bench/report/eviction.js';
import { outcomeOf } from '../../native-bench/report/section.js';
import { samplesOf } from '../../native-bench/scenarios/eviction.js';
import { budgetOf, missMetric } from '../../native-bench/scenarios/eviction-cells.js';
import { footprintOf, isSized, requestsFrom, SYNTHETIC_NAMES } from '../../native-bench/scenarios/requests.js';
import { readFolder } from '../../native-bench/traces/folder.js';
import { bestOnline } from '../../native-bench/traces/reference.js';

const TABLE = `trace,cache_fraction,cache_bytes,policy,request_miss_ratio,byte_miss_ratio
one,0.01,10,lru,0.5,0.7
one,0.01,10,s3fifo,0.4,0.8
one,0.01,10,wtinylfu,NA,NA
one,0.01,10,belady,0.1,0.1
two,0.05,10,lru,0.9,0.9
`;

const folder = mkdtempSync(join(tmpdir(), 'cachalot-eviction-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a folder of traces', () => {
  test('is read in all formats, without what is none', async () => {
    const records = Uint32Array.from([7, 100, 8, 200, 7, 100]);
    writeFileSync(join(folder, 'packed.bin.gz'), gzipSync(Buffer.from(records.buffer)));
    writeFileSync(join(folder, 'rows.csv'), 'key,size\na,10\nb,0\na,30\n');
    writeFileSync(join(folder, 'reference.csv'), TABLE);
    writeFileSync(join(folder, 'README.md'), '# no trace');
    const { traces, references, close } = await readFolder(folder);
    expect(traces.map(({ name }) => name)).toEqual(['packed', 'rows']);
    expect(references).toEqual([join(folder, 'reference.csv')]);
    const [packed, rows] = traces.map(({ file }) => requestsFrom({ file }));
    expect([[...packed!.ids], [...packed!.sizes]]).toEqual([
      [0, 1, 0],
      [100, 200, 100],
    ]);
    // What is empty is charged with a byte, and what grows with the most that it has been.
    expect([...rows!.sizes]).toEqual([10, 1, 30]);
    expect([footprintOf(packed!), footprintOf(rows!)]).toEqual([300, 31]);
    close();
    expect(() => requestsFrom({ file: traces[0]!.file })).toThrow('ENOENT');
  });

  test('without traces is refused', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    await expect(readFolder(empty)).rejects.toThrow('--traces: expected a folder with traces');
  });
});

describe('a reference table', () => {
  test('gives the best policy that does not see the future, by requests and by bytes', () => {
    expect(bestOnline(TABLE, 'reference.csv')).toEqual([
      { trace: 'one', share: 0.01, by: 'requests', policy: 's3fifo', missRatio: 0.4 },
      { trace: 'one', share: 0.01, by: 'bytes', policy: 'lru', missRatio: 0.7 },
      { trace: 'two', share: 0.05, by: 'requests', policy: 'lru', missRatio: 0.9 },
      { trace: 'two', share: 0.05, by: 'bytes', policy: 'lru', missRatio: 0.9 },
    ]);
  });

  test('names the line that is wrong', () => {
    expect(() => bestOnline(`${TABLE}one,0.01,10,sieve,much,0.1\n`, 'r.csv')).toThrow(
      'r.csv: line 7: expected a number',
    );
  });

  test('becomes one sample a policy and trace', () => {
    const samples = samplesOf(bestOnline(TABLE, 'r.csv'));
    expect(samples.map(({ group, contender, metrics }) => [group, contender, metrics])).toEqual([
      ['one', 'reference: s3fifo', { 'requests@1 %': 0.4 }],
      ['one', 'reference: lru', { 'bytes@1 %': 0.7 }],
      ['two', 'reference: lru', { 'requests@5 %': 0.9, 'bytes@5 %': 0.9 }],
    ]);
  });
});

describe('seeded workloads', () => {
  const of = (synthetic: (typeof SYNTHETIC_NAMES)[number], seed = 1) =>
    requestsFrom({ synthetic, requests: 5_000, objects: 400, seed });

  test('are the same for the same seed, of the objects asked for', () => {
    for (const name of SYNTHETIC_NAMES) {
      expect(of(name)).toEqual(of(name));
      expect(of(name).ids).toHaveLength(5_000);
      expect(Math.max(...of(name).ids)).toBeLessThan(400);
      expect(isSized(of(name))).toBe(name.startsWith('sized'));
    }
    expect(of('Zipf 0.9')).not.toEqual(of('Zipf 0.9', 2));
  });

  test('have the nature that they are named after', () => {
    const { ids: loop } = of('loop');
    expect([...loop.subarray(0, 3), loop[100], loop[101]]).toEqual([0, 1, 2, 0, 1]);
    const mostAsked = (ids: Uint32Array) => {
      const counts = new Uint32Array(400);
      for (const id of ids) counts[id]!++;
      return counts.indexOf(Math.max(...counts));
    };
    const { ids: shifting } = of('shifting Zipf 0.9');
    expect(mostAsked(shifting.subarray(0, 500))).not.toBe(mostAsked(shifting.subarray(4_500)));
    const { ids, sizes } = of('sized Zipf 0.9');
    const bytes = new Map<number, number>();
    for (const [at, id] of ids.entries()) {
      expect(bytes.get(id) ?? sizes[at]).toBe(sizes[at]);
      bytes.set(id, sizes[at]!);
    }
    expect(Math.min(...bytes.values())).toBeLessThan(2_000);
    expect(Math.max(...bytes.values())).toBeGreaterThan(500_000);
  });
});

test('a budget is what cachalot simulate makes of the share', () => {
  expect([budgetOf(2_074_223_104, 0.01), budgetOf(17_893_688_030, 0.05), budgetOf(10, 0.01)]).toEqual([
    20_742_231, 894_684_401, 1,
  ]);
});

describe('the report', () => {
  const at = (group: string, contender: string, requests: number, bytes?: number) => ({
    round: 0,
    group,
    contender,
    waitShare: 0,
    metrics: {
      [missMetric('requests', 0.05)]: requests,
      ...(bytes === undefined ? {} : { [missMetric('bytes', 0.05)]: bytes }),
    },
  });
  const result: ScenarioResult = {
    scenario: 'eviction',
    startedAt: '',
    seconds: 1,
    seed: 1,
    smoke: false,
    window: { windowMs: 1, warmupMs: 1 },
    rounds: 1,
    machine: {
      cpu: '',
      cores: 1,
      memoryBytes: 1,
      kernel: '',
      node: '',
      v8: '',
      packages: {},
      compiler: '',
      redis: '',
    },
    samples: [
      at('known', 'reference: sieve', 0.5, 0.6),
      at('known', 'cachalot auto', 0.55, 0.54),
      at('known', 'cachalot lru', 0.6, 0.6),
      at('known', 'cachalot lfu', 0.1, 0.1),
      at('other', 'cachalot auto', 0.4),
      at('other', 'cachalot lru', 0.5),
      at('other', 'lru-cache maxSize', 0.4),
    ],
    failures: [],
  };
  const { text, goals } = evictionSection(result);

  test('sets each cell beside the best of the reference where there is one, else of the others', () => {
    expect(text).toContain('| known | 5 % | 0.5500 | 0.5000 | sieve | 1.100× | 0.917× | **loss** |');
    expect(text).toContain('| known | 5 % | 0.5400 | 0.6000 | sieve | 0.900× | 0.900× | win |');
    expect(text).toContain('| other | 5 % | 0.4000 | 0.4000 | lru-cache maxSize | 1.000× | 0.800× | tie |');
    expect(text).toContain('By requests: 0 wins, 1 losses, 0 ties');
  });

  test('judges by one figure, since none is random', () => {
    const outcomes = goals.map((goal) => [goal.found!.median.toFixed(2), outcomeOf(goal)]);
    expect(outcomes).toEqual([
      ['1.10', 'missed'],
      ['1.10', 'missed'],
      ['0.92', 'met'],
      ['0.90', 'met'],
      ['0.90', 'met'],
      ['0.90', 'met'],
      ['1.00', 'met'],
      ['1.00', 'met'],
      ['0.80', 'met'],
    ]);
  });

  test('reckons as one does with ratios', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1);
    expect([over(0, 0), over(1, 2)]).toEqual([1, 0.5]);
  });
});
