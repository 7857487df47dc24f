import { describe, expect, test } from 'vitest';
import { consumed, measure, measureAsync, settle } from '../../native-bench/harness/timing.js';

const window = { windowMs: 20, warmupMs: 5 };

test('measure: the rate is that of the operations asked for, for at least the window', () => {
  let operations = 0;
  const start = performance.now();
  const perSecond = measure((count) => {
    operations += count;
    const until = performance.now() + count * 0.01;
    while (performance.now() < until);
    return count;
  }, window);
  expect(performance.now() - start).toBeGreaterThanOrEqual(25);
  expect(operations).toBeGreaterThan(0);
  // Each operation takes 10 µs by construction: more than 100 000 a second cannot be.
  expect(perSecond).toBeLessThanOrEqual(100_001);
});

test('measureAsync awaits every batch', async () => {
  let running = 0;
  let most = 0;
  const perSecond = await measureAsync(async (count) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running--;
    return count;
  }, window);
  expect(most).toBe(1);
  expect(perSecond).toBeGreaterThan(0);
});

test('what a batch returns is kept, so that it cannot be optimised away', () => {
  const before = consumed();
  measure(() => 1, { windowMs: 1, warmupMs: 1 });
  expect(consumed()).not.toBe(before);
});

describe('settle', () => {
  test('does what it is told, and of what is slow no more than twice what the limit allows', async () => {
    let done = 0;
    await settle(
      (operations) => {
        done += operations;
        return 0;
      },
      10_000,
      60_000,
    );
    expect(done).toBeGreaterThanOrEqual(10_000);
    expect(done).toBeLessThan(10_200);
    let slow = 0;
    await settle(
      (operations) => {
        slow += operations;
        const end = performance.now() + operations;
        while (performance.now() < end);
        return 0;
      },
      1_000_000,
      20,
    );
    expect(slow).toBeLessThanOrEqual(16 + 32);
  });
});
