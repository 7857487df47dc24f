import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOX_BYTES, boxStart, CONTROL_BYTES, slipStart } from '../../src/arena/layout.js';
import { boxed, Outbox } from '../../src/arena/outbox.js';

const ROW = 3;

const control = new SharedArrayBuffer(CONTROL_BYTES);

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 70_000 }) }) },
  { weight: 3, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 9000 }) }) },
  { weight: 5, arbitrary: fc.record({ free: fc.nat(1000) }) },
);

describe('an outbox', () => {
  it('never gives a place that is not answered, in whatever order answers come', () => {
    let wraps = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 300, size: 'max' }), (steps) => {
        const outbox = new Outbox(control, ROW);
        const held: { start: number; bytes: Uint8Array; mark: number }[] = [];
        let [mark, latest] = [0, 0];
        for (const one of steps) {
          if ('take' in one) {
            const start = outbox.take(one.take, held.length % 2 === 0);
            if (start < 0) continue;
            if (start < latest && held.length > 0) wraps++;
            latest = start;
            expect(start % 64).toBe(0);
            expect(start + one.take).toBeLessThanOrEqual(BOX_BYTES);
            mark = (mark + 1) % 251;
            outbox.view(start, one.take).fill(mark);
            held.push({ start, bytes: boxed(control, ROW, start, one.take), mark });
          } else {
            const [answered] = held.splice(one.free % Math.max(1, held.length), 1);
            if (answered) outbox.free(answered.start);
          }
          // Whatever is under way is as it was written.
          for (const { bytes, mark } of held) expect(bytes[0]! + bytes.at(-1)!).toBe(2 * mark);
        }
        for (const { start } of held.splice(0)) outbox.free(start);
        expect(outbox.take(64, false)).toBe(0);
      }),
      { seed: 5, numRuns: 100 },
    );
    expect(wraps).toBeGreaterThan(10);
  });

  it('lies within the control buffer, beside those of other rows', () => {
    const outbox = new Outbox(control, ROW);
    const bytes = outbox.view(outbox.take(65_000, true), 65_000);
    expect(bytes.buffer).toBe(control);
    expect(bytes.byteOffset).toBe(boxStart(ROW));
    expect(boxStart(ROW) + BOX_BYTES).toBe(boxStart(ROW + 1));
    expect(boxStart(255) + BOX_BYTES).toBe(slipStart(0, 0));
    expect(boxStart(ROW) % 64).toBe(0);
  });

  it('takes what is large alone, what is small beside others, and no more than it holds', () => {
    const outbox = new Outbox(control, ROW);
    expect(outbox.take(70_000, true)).toBe(-1);
    expect(outbox.take(64 * 1024, true)).toBe(0);
    expect(outbox.take(10_000, false)).toBe(-1);
    let count = 0;
    while (outbox.take(8 * 1024, false) >= 0) count++;
    expect(count).toBe(8);
    // The first one alone is in the way.
    outbox.free(64 * 1024);
    expect(outbox.take(8 * 1024, false)).toBe(-1);
    outbox.free(0);
    expect(outbox.take(8 * 1024, false)).toBe(0);
  });
});
