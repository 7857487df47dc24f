import { describe, expect, it } from 'vitest';
import { expectedCapacity } from '../../src/struct/grow.js';

/** The capacities by which a table of so many comes to be, one more at a time. */
function steps(entries: number, expected: number): number[] {
  const capacities = [0];
  for (let used = 0; used < entries; used++) {
    const current = capacities.at(-1)!;
    if (used === current) capacities.push(expectedCapacity(current, used + 1, expected));
  }
  return capacities;
}

describe('expectedCapacity', () => {
  it('is what is expected, at once when a quarter is there: what is left behind is less than what is kept', () => {
    const capacities = steps(1_000_000, 1_000_000);
    const last = capacities.pop()!;
    expect(last).toBe(1_000_000);
    expect(capacities.at(-1)).toBeLessThan(last / 3);
    expect(steps(5, 5).at(-1)).toBe(5);
  });

  it('is little more than is needed while there are far fewer than expected, or more', () => {
    const early = steps(10_000, 1e9).at(-1)!;
    expect(early).toBeLessThan(10_000 * 1.125 + 1);
    const late = steps(2_000_000, 1_000_000).at(-1)!;
    expect(late).toBeLessThan(2_000_000 * 1.125 + 1);
  });
});
