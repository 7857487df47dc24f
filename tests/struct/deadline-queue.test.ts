import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineQueue } from '../../src/struct/deadline-queue.js';

function check(queue: DeadlineQueue, model: Map<number, number>): void {
  queue.validate();
  const least = Math.min(Number.POSITIVE_INFINITY, ...model.values());
  expect(queue.size).toBe(model.size);
  expect(queue.firstTime()).toBe(least);
  if (model.size === 0) expect(queue.first()).toBe(-1);
  else expect(model.get(queue.first())).toBe(least);
}

const anyTime = fc.oneof(fc.nat(1000), fc.constant(Number.POSITIVE_INFINITY));

describe('DeadlineQueue', () => {
  it('is right for any deadlines', () => {
    const command = fc.record({ handle: fc.nat(60), at: fc.option(anyTime, { freq: 3 }) });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
        const queue = new DeadlineQueue();
        const model = new Map<number, number>();
        for (const { handle, at } of commands) {
          if (at === null) {
            expect(queue.delete(handle)).toBe(model.delete(handle));
          } else {
            queue.set(handle, at);
            model.set(handle, at);
          }
          expect(queue.has(handle)).toBe(model.has(handle));
          check(queue, model);
        }
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('needs no heap while deadlines are of few durations, and drains in order', () => {
    // As many as there are runs: one wrong choice and there are not enough.
    const durations = Array.from({ length: 15 }, (_, i) => 40 + 25 * i).concat(Number.POSITIVE_INFINITY);
    const command = fc.record({ handle: fc.nat(80), duration: fc.constantFrom(...durations), passed: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => {
        const queue = new DeadlineQueue();
        const model = new Map<number, number>();
        let now = 0;
        for (const { handle, duration, passed } of commands) {
          now += passed;
          while (queue.firstTime() <= now) {
            model.delete(queue.first());
            queue.delete(queue.first());
          }
          queue.set(handle, now + duration);
          model.set(handle, now + duration);
          check(queue, model);
          expect(queue.unordered).toBe(0);
        }
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('puts into the heap what comes in no order, and only that', () => {
    const queue = new DeadlineQueue();
    for (let handle = 0; handle < 100; handle++) queue.set(handle, 1000 - handle);
    expect(queue.unordered).toBe(84);
    queue.validate();
    const order: number[] = [];
    while (queue.size > 0) {
      order.push(queue.first());
      queue.delete(queue.first());
    }
    expect(order).toEqual(Array.from({ length: 100 }, (_, i) => 99 - i));
  });

  it('refuses a deadline that is no time', () => {
    expect(() => new DeadlineQueue().set(1, Number.NaN)).toThrow(/handle 1.*NaN/);
  });
});
