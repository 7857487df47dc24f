import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, shuffle, uniformDraws, zipfDraws } from '../../native-bench/harness/random.js';

const seed = 20_262;

function countsOf(draws: Uint32Array, count: number): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const drawn of draws) counts[drawn]!++;
  return counts;
}

describe('createRandom', () => {
  test('repeats itself from its seed, and differs from another seed', () => {
    const draw = (from: number): number[] => Array.from({ length: 5 }, createRandom(from));
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
  });

  test('fills [0, 1) evenly', () => {
    const random = createRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let drawn = 0; drawn < 100_000; drawn++) tenths[Math.floor(random() * 10)]!++;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

test('shuffle keeps every item', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1 }), (items, from) => {
      const shuffled = shuffle([...items], createRandom(from));
      expect([...shuffled].sort()).toEqual([...items].sort());
    }),
    { seed },
  );
});

test('shuffle reaches every order about equally often', () => {
  const random = createRandom(3);
  const orders = new Map<string, number>();
  for (let run = 0; run < 6_000; run++) {
    const order = shuffle([1, 2, 3], random).join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect(orders.size).toBe(6);
  for (const count of orders.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

describe('draws', () => {
  test('uniform: each about as often as the other', () => {
    for (const count of countsOf(uniformDraws(16, 160_000, createRandom(5)), 16)) {
      expect(Math.abs(count - 10_000)).toBeLessThan(500);
    }
  });

  test('Zipf: the k-th most popular is drawn in proportion to 1/k^exponent', () => {
    const counts = countsOf(zipfDraws(100, 0.99, 400_000, createRandom(5)), 100).sort((left, right) => right - left);
    let total = 0;
    for (let rank = 1; rank <= 100; rank++) total += rank ** -0.99;
    for (const rank of [1, 2, 5, 10, 20]) {
      const expected = (400_000 * rank ** -0.99) / total;
      expect(Math.abs(counts[rank - 1]! / expected - 1)).toBeLessThan(0.06);
    }
  });

  test('Zipf: popularity does not follow the number', () => {
    const counts = countsOf(zipfDraws(1_000, 0.99, 50_000, createRandom(9)), 1_000);
    const top = [...counts.keys()].sort((left, right) => counts[right]! - counts[left]!).slice(0, 5);
    expect(top).not.toEqual([0, 1, 2, 3, 4]);
  });

  test('stay within their range, the last and the only one included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 1e6 }), (count, from) => {
        for (const drawn of zipfDraws(count, 0.9, 200, createRandom(from))) expect(drawn).toBeLessThan(count);
        for (const drawn of uniformDraws(count, 200, createRandom(from))) expect(drawn).toBeLessThan(count);
      }),
      { seed, numRuns: 50 },
    );
  });
});
