import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../native-bench/harness/random.js';
import { estimate, median, quantile, verdict } from '../../native-bench/harness/statistics.js';

const seed = 20_261;
const samples = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('quantile', () => {
  test('known values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
    expect(quantile([10, 20], 0.99)).toBeCloseTo(19.9, 10);
  });

  test('of nothing is an error that says so', () => {
    expect(() => median([])).toThrow(/at least one sample/);
  });

  test('lies between the extremes, does not depend on the order, and leaves its input alone', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const before = [...list];
        const found = quantile(list, share);
        expect(found).toBeGreaterThanOrEqual(Math.min(...list));
        expect(found).toBeLessThanOrEqual(Math.max(...list));
        expect(quantile([...list].reverse(), share)).toBe(found);
        expect(list).toEqual(before);
      }),
      { seed },
    );
  });
});

describe('estimate', () => {
  test('the interval holds the median and lies within the samples', () => {
    fc.assert(
      fc.property(samples, (list) => {
        const { low, median: middle, high, count } = estimate(list, { resamples: 100 });
        expect(low).toBeLessThanOrEqual(middle);
        expect(high).toBeGreaterThanOrEqual(middle);
        expect(low).toBeGreaterThanOrEqual(Math.min(...list));
        expect(high).toBeLessThanOrEqual(Math.max(...list));
        expect(count).toBe(list.length);
      }),
      { seed, numRuns: 50 },
    );
  });

  test('is the same for the same samples and seed', () => {
    const list = [5, 1, 4, 2, 3, 9, 7];
    expect(estimate(list)).toEqual(estimate(list));
  });

  test('covers the true median in about 95 of 100 experiments', () => {
    const random = createRandom(7);
    let covered = 0;
    for (let experiment = 0; experiment < 300; experiment++) {
      const list = Array.from({ length: 31 }, () => random() ** 2);
      const { low, high } = estimate(list, { resamples: 300, seed: experiment + 1 });
      if (low <= 0.25 && high >= 0.25) covered++;
    }
    expect(covered / 300).toBeGreaterThan(0.9);
    expect(covered / 300).toBeLessThan(0.99);
  });
});

test('a ratio is a win or a loss only beyond its interval', () => {
  const ratio = { median: 1.1, count: 5 };
  expect(verdict({ ...ratio, low: 1.01, high: 1.2 })).toBe('win');
  expect(verdict({ ...ratio, low: 0.9, high: 1.2 })).toBe('tie');
  expect(verdict({ ...ratio, median: 0.8, low: 0.7, high: 0.99 })).toBe('loss');
  expect(verdict({ median: 0.8, low: 0.7, high: 0.9, count: 2 })).toBe('tie');
});
