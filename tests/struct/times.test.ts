import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Times } from '../../src/struct/times.js';

const DAY = 86_400_000;

describe('Times', () => {
  it('tells each time to a 64th of a millisecond, and later to some millionths of what has passed', () => {
    const step = fc.record({
      handle: fc.nat(9),
      passed: fc.oneof(fc.double({ min: 0, max: 1000, noNaN: true }), fc.integer({ min: 0, max: 40 * DAY })),
      earlier: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: DAY })),
    });
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e13, noNaN: true }), fc.array(step, { maxLength: 30 }), (start, steps) => {
        const times = new Times();
        times.grow(10);
        const model = new Map<number, number>();
        let now = start;
        let first: number | undefined;
        let farthest = 0;
        for (const { handle, passed, earlier } of steps) {
          now += passed;
          const time = now - earlier;
          first ??= time;
          farthest = Math.max(farthest, Math.abs(time - first));
          times.set(handle, time);
          model.set(handle, time);
          for (const [known, expected] of model) {
            expect(Math.abs(times.get(known) - expected)).toBeLessThanOrEqual(1 / 32 + farthest * 2 ** -29);
          }
        }
      }),
      { seed: 20261121, numRuns: 500 },
    );
  });

  it('is exact for whole milliseconds within a day, and begins anew when it is cleared', () => {
    const times = new Times();
    times.grow(2);
    times.set(0, 1000);
    times.set(1, 1000 + DAY);
    expect([times.get(0), times.get(1)]).toEqual([1000, 1000 + DAY]);
    times.clear();
    times.grow(1);
    times.set(0, 400 * DAY + 0.5);
    expect(times.get(0)).toBe(400 * DAY + 0.5);
  });
});
