import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allocator } from '../../src/arena/allocator.js';

describe('Allocator', () => {
  it('tiles its segments whatever is allocated, trimmed and freed', () => {
    const step = fc.record({
      units: fc.integer({ min: 1, max: 3000 }),
      pick: fc.nat(),
      kind: fc.constantFrom('alloc', 'alloc', 'free', 'trim'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const allocator = new Allocator();
        allocator.addSegment(0, 10_000);
        allocator.addSegment(1, 7_777);
        const blocks = new Map<number, number>();
        for (const { units, pick, kind } of steps) {
          if (kind === 'alloc') {
            const hole = allocator.largestHole();
            const node = allocator.alloc(units);
            expect(node >= 0).toBe(units <= hole);
            if (node >= 0) {
              expect(allocator.units(node)).toBe(units);
              blocks.set(node, units);
            }
          } else if (blocks.size > 0) {
            const node = [...blocks.keys()][pick % blocks.size]!;
            if (kind === 'free') {
              allocator.free(node);
              blocks.delete(node);
            } else {
              const less = Math.max(1, Math.floor(blocks.get(node)! / 2));
              allocator.trim(node, less);
              blocks.set(node, less);
            }
          }
          allocator.validate();
          let used = 0;
          for (const units of blocks.values()) used += units;
          expect(allocator.totalUnits - allocator.freeUnits).toBe(used);
        }
        for (const node of blocks.keys()) allocator.free(node);
        allocator.validate();
        expect(allocator.freeUnits).toBe(17_777);
        expect(allocator.largestHole()).toBe(10_000);
      }),
      { seed: 42, numRuns: 200 },
    );
  });
});
