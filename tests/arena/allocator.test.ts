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

  it('leaves each block where it is, also in segments of more than 4 GiB', () => {
    // In units of 64 bytes: 8 GiB, and sizes from 64 bytes to 2 GiB, each octave as likely as the other.
    const total = 2 ** 27;
    const size = fc.double({ min: 0, max: 25, noNaN: true }).map((octave) => Math.floor(2 ** octave));
    const step = fc.record({ units: size, pick: fc.nat(), kind: fc.constantFrom('alloc', 'alloc', 'free', 'claim') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const allocator = new Allocator();
        allocator.addSegment(0, total);
        allocator.addSegment(1, 1000);
        const blocks = new Map<number, { segment: number; start: number; units: number; owner: number }>();
        const note = (node: number, owner: number) => {
          allocator.setOwner(node, owner);
          const [segment, start, units] = [allocator.segment(node), allocator.start(node), allocator.units(node)];
          for (const other of blocks.values()) {
            const apart =
              other.segment !== segment || other.start + other.units <= start || start + units <= other.start;
            expect(apart).toBe(true);
          }
          expect(start + units).toBeLessThanOrEqual(segment === 0 ? total : 1000);
          blocks.set(node, { segment, start, units, owner });
        };
        for (const [at, { units, pick, kind }] of steps.entries()) {
          if (kind === 'alloc') {
            const node = allocator.alloc(units);
            if (node >= 0) note(node, at + 1);
          } else if (kind === 'claim') {
            // Some hole as it is, and what is not needed of it given back.
            for (let hole = allocator.firsts()[pick % 2]!; hole >= 0; hole = allocator.next(hole)) {
              if (allocator.owner(hole) !== 0) continue;
              allocator.claim(hole, at + 1);
              if (units < allocator.units(hole)) allocator.trim(hole, units);
              note(hole, at + 1);
              break;
            }
          } else if (blocks.size > 0) {
            const node = [...blocks.keys()][pick % blocks.size]!;
            allocator.free(node);
            blocks.delete(node);
          }
          for (const [node, { segment, start, units: own, owner }] of blocks) {
            expect([
              allocator.segment(node),
              allocator.start(node),
              allocator.units(node),
              allocator.owner(node),
            ]).toEqual([segment, start, own, owner]);
          }
          allocator.validate();
        }
        for (const node of blocks.keys()) allocator.free(node);
        allocator.validate();
        expect(allocator.largestHole()).toBe(total);
      }),
      { seed: 42, numRuns: 50 },
    );
  });
});
