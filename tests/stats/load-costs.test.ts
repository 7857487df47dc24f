import { describe, expect, test } from 'vitest';
import { LoadCosts } from '../../src/stats/load-costs.js';

/** Loads of so many other keys, of 1000 bytes, 10 ms each. */
function usual(loads: number): LoadCosts {
  const costs = new LoadCosts();
  for (let key = 1; key <= loads; key++) costs.note(key, 1_000, 10);
  return costs;
}

describe('what a load costs', () => {
  test('is what it has taken while nothing is usual yet, or not for that size', () => {
    expect(usual(0).note(77, 1_000, 40)).toBe(40);
    expect(usual(7).note(77, 1_000, 40)).toBe(40);
    expect(usual(100).note(777, 1_000_000, 40)).toBe(40);
    expect(new LoadCosts().note(1, 1, 0)).toBe(1e-3);
  });

  test('of the first load is drawn halfway to what loads of that size usually take', () => {
    expect(usual(100).note(777, 1_000, 1_000)).toBeCloseTo(100);
    expect(usual(100).note(777, 1_010, 0.1)).toBeCloseTo(1);
    expect(usual(100).note(777, 1_000, 10)).toBeCloseTo(10);
  });

  test('comes to what the loads of a key take, in spite of what is usual, and of one accident', () => {
    const costs = usual(100);
    for (let load = 0; load < 20; load++) costs.note(777, 1_000, 200);
    expect(costs.note(777, 1_000, 200)).toBeCloseTo(200, 0);
    expect(costs.note(777, 1_000, 1e6)).toBeLessThan(200 * 3.2);
    for (let load = 0; load < 40; load++) costs.note(777, 1_000, 50);
    expect(costs.note(777, 1_000, 50)).toBeCloseTo(50, 0);
  });

  test('follows what becomes usual', () => {
    const costs = usual(1_000);
    for (let key = 0; key < 1_000; key++) costs.note(1e6 + key, 1_000, 1_000);
    expect(costs.note(5e6, 1_000, 1_000)).toBeCloseTo(1_000, -1);
  });

  test('is remembered of as many keys as there are, in bounded memory', () => {
    const costs = new LoadCosts();
    const hashOf = (key: number) => Math.imul(key, 0x9e3779b1) >>> 0;
    for (let key = 0; key < 20_000; key++) costs.note(hashOf(key), 2 ** (key % 20), 5);
    for (let key = 0; key < 20_000; key++) costs.note(hashOf(key), 2 ** (key % 20), 5);
    // A key that is known is smoothed, one that is not is drawn: 5 + 0.3 × (20 − 5) beside √(5 × 20).
    let known = 0;
    for (let key = 0; key < 200; key++) known += costs.note(hashOf(key), 2 ** (key % 20), 20) < 9.7 ? 1 : 0;
    expect(known).toBeGreaterThan(100);
    expect(costs.note(hashOf(1e6), 1, 20)).toBeGreaterThan(9.7);
  });
});
