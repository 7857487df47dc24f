import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { footprintOf, requestsOf } from '../advice/requests.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'cachalot-advise-'));
afterAll(() => rmSync(folder, { recursive: true }));

const requests = requestsOf({ requests: 30_000, objects: 3_000, skew: 0.9, seed: 6 });
const path = join(folder, 'trace.csv');
writeFileSync(path, requests.map(({ id, size }) => `object-${id},${size}\n`).join(''));

interface Row {
  maxBytes: number;
  hitRate: number;
  byteHitRate: number;
}

interface Output {
  results: { advice: (Row & { factor: number })[]; knee: Row | null; curve: Row[]; [name: string]: unknown }[];
}

describe('cachalot advise', () => {
  it('tells what simulate tells of each budget, and a knee on a curve that rises', async () => {
    const { code, stdout, stderr } = await runCli(['advise', path, '--max-bytes', '10%', '--policy', 'lru', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const [result, ...others] = (JSON.parse(stdout) as Output).results;
    expect(others).toEqual([]);
    const { advice, curve, knee, ...rest } = result!;
    const tenth = Math.floor(footprintOf(requests) / 10);
    expect(rest).toEqual({
      trace: path,
      policy: 'lru',
      cost: 'requests',
      maxBytes: tenth,
      requests: 30_000,
      sampleRate: 1,
    });
    const exact = await runCli(['simulate', path, '--max-bytes', '5%,10%,20%,40%', '--policy', 'lru', '--json']);
    const missed = (JSON.parse(exact.stdout) as { results: { requestMissRatio: number; byteMissRatio: number }[] })
      .results;
    expect(advice.map(({ factor }) => factor)).toEqual([0.5, 1, 2, 4]);
    advice.forEach(({ hitRate, byteHitRate }, i) => {
      expect(hitRate).toBeCloseTo(1 - missed[i]!.requestMissRatio, 3);
      expect(byteHitRate).toBeCloseTo(1 - missed[i]!.byteMissRatio, 2);
    });
    expect(curve.length).toBeGreaterThan(10);
    // Very small budgets bear little, and not in order.
    for (let i = 1; i < curve.length; i++) expect(curve[i]!.hitRate).toBeGreaterThan(curve[i - 1]!.hitRate - 0.01);
    expect(curve.at(-1)!.maxBytes).toBe(footprintOf(requests));
    expect(curve).toContainEqual(knee);
  });

  it('prints a table for people', async () => {
    const { code, stdout } = await runCli(['advise', path, '--max-bytes', '20KiB', '--policy', 'lru,fifo']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^½ × +10\.0 KiB +\d+\.\d\d % +\d+\.\d\d %$/m);
    expect(stdout).toMatch(/^knee at \d+.* more bytes bring less$/m);
    expect(stdout).toContain('policy fifo, cost requests, 100.00 % of the keys followed');
  });

  it('reads standard input, and an empty trace', async () => {
    const { code, stdout } = await runCli(
      ['advise', '-', '--json', '--cost', 'bytes,measured'],
      'key,size,cost\na,1,2\na,1,2\n',
    );
    expect(code).toBe(0);
    const { results } = JSON.parse(stdout) as Output;
    expect(results.map(({ cost }) => cost)).toEqual(['bytes', 'measured']);
    expect((await runCli(['advise', '-'], '')).code).toBe(0);
  });

  it.each([
    [['advise'], 'expected one trace or more'],
    [['advise', path, '--max-bytes', '1%,2%'], "--max-bytes: expected one budget; got '1%,2%'"],
    [['advise', path, '--svg', 'x'], "'--svg'"],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
