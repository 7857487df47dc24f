import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../native-bench/harness/options.js';
import { freshKey, prepare } from '../../native-bench/scenarios/heap-workload.js';
import { churnSizes } from '../../native-bench/scenarios/memory-values.js';

describe('the workload of in-process caches', () => {
  const window = { windowMs: 1, warmupMs: 1 };
  const input = { contender: '', seed: 4, product: '', window, keys: 2_000, capacity: 1_000, draws: 4_096 };
  const workload = prepare(input);

  test('is the same for the same seed', () => {
    const again = prepare(input);
    expect(again.all).toEqual(workload.all);
    expect(again.writes).toEqual(workload.writes);
    expect(prepare({ ...input, seed: 5 }).all).not.toEqual(workload.all);
  });

  test('fresh keys equal the known ones', () => {
    for (const id of [0, 7, 1_999]) expect(freshKey(id)).toBe(workload.keys[id]);
  });

  test('hits ask for what is resident only; one request of ten writes', () => {
    expect(Math.max(...workload.resident)).toBeLessThan(1_000);
    expect(Math.max(...workload.all)).toBeGreaterThanOrEqual(1_000);
    const writes = workload.writes.reduce((sum, write) => sum + write, 0);
    expect(writes / 4_096).toBeGreaterThan(0.08);
    expect(writes / 4_096).toBeLessThan(0.12);
  });

  test('the circle of evicting sets is longer than twice the capacity, and shares no key with the rest', () => {
    const circle = new Set(workload.circle);
    expect(circle.size).toBe(workload.circle.length);
    expect(circle.size).toBeGreaterThan(2 * 2 * 1_000);
    for (const key of workload.keys) expect(circle.has(key)).toBe(false);
  });
});

test('churned sizes reach the total, between 100 KB and 8 MB, small ones as often as large ones', () => {
  const total = 2e9;
  const sizes = churnSizes(total, 1);
  const sum = sizes.reduce((left, right) => left + right, 0);
  expect(sum).toBeGreaterThanOrEqual(total);
  expect(sum - sizes.at(-1)!).toBeLessThan(total);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(100_000);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(8_000_000);
  const below = sizes.filter((size) => size < Math.sqrt(1e5 * 8e6)).length / sizes.length;
  expect(Math.abs(below - 0.5)).toBeLessThan(0.06);
  expect(churnSizes(1e8, 2)).not.toEqual(churnSizes(1e8, 3));
});

describe('the command line', () => {
  test('reads what the usage tells', () => {
    const options = parseOptions(['--smoke', '--scenario', 'a', '--rounds', '30', '--no-build'], ['a', 'b']);
    expect(options).toMatchObject({ smoke: true, scenarios: ['a'], rounds: 30, build: false, seed: 1, json: false });
  });

  test('names what is wrong', () => {
    expect(() => parseOptions(['--scenario', 'c'], ['a', 'b'])).toThrow("expected one of a, b, got 'c'");
    expect(() => parseOptions(['--rounds', '0'], [])).toThrow("--rounds: expected a whole number from 1, got '0'");
    expect(() => parseOptions(['--seed', 'x'], [])).toThrow('--seed');
    expect(() => parseOptions(['--unknown'], [])).toThrow('--unknown');
  });
});

test('the peers are pinned exactly, and their lockfile names no registry', () => {
  const folder = new URL('../../native-bench/', import.meta.url);
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('package.json', folder), 'utf8'),
  );
  for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(readFileSync(new URL('package-lock.json', folder), 'utf8')).not.toContain('"resolved"');
});
