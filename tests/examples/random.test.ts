import { describe, expect, it } from 'vitest';
import { percentile, seededRandom, shuffled, zipf } from '../../examples/media-server/random.mjs';

describe('the seeded load', () => {
  it('repeats itself with the same seed, and differs with another', () => {
    const draw = (seed: number) => Array.from({ length: 50 }, seededRandom(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(7).every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it('asks for the k-th image in proportion to 1 / k ** 0.9', () => {
    const images = 30;
    const draws = 200_000;
    const counts = new Array<number>(images).fill(0);
    const draw = zipf(images, 0.9, seededRandom(3));
    for (let i = 0; i < draws; i++) counts[draw()]++;
    const sum = counts.map((_, index) => 1 / (index + 1) ** 0.9).reduce((a, b) => a + b);
    for (const [index, count] of counts.entries()) {
      const expected = draws / (index + 1) ** 0.9 / sum;
      // Five standard deviations of a binomial count.
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('stays in range at the edges of the random numbers', () => {
    expect(zipf(5, 0.9, () => 0)()).toBe(0);
    expect(zipf(5, 0.9, () => 1 - 2 ** -53)()).toBe(4);
    expect(zipf(1, 0.9, () => 0.999)()).toBe(0);
  });

  it('shuffles a copy', () => {
    const list = Array.from({ length: 20 }, (_, i) => i);
    const mixed = shuffled(list, seededRandom(1));
    expect(mixed).not.toEqual(list);
    expect([...mixed].sort((a, b) => a - b)).toEqual(list);
    expect(list[0]).toBe(0);
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 50, 99, 100]);
    expect(percentile([], 0.5)).toBe(0);
    expect(percentile([8], 0.01)).toBe(8);
  });
});
