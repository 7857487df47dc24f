import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkedRows } from '../../src/struct/linked-rows.js';

const command = fc.record({
  kind: fc.constantFrom('append', 'append', 'move', 'remove'),
  list: fc.nat(2),
  node: fc.nat(30),
});

describe('linked rows', () => {
  it('hold each list in order, as arrays would, and the words of each row', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (commands) => {
        const rows = new LinkedRows(3);
        const lists: number[][] = [[], [], []];
        const words = new Map<number, number>();
        const takeOut = (node: number) => {
          for (const list of lists) if (list.includes(node)) list.splice(list.indexOf(node), 1);
        };
        for (const { kind, list, node } of commands) {
          rows.reserve(node + 1);
          const isIn = lists.some((each) => each.includes(node));
          expect(rows.has(node)).toBe(isIn);
          if ((kind === 'append') === isIn) continue;
          takeOut(node);
          if (kind !== 'remove') lists[list]!.push(node);
          rows[kind === 'remove' ? 'remove' : kind](
            ...((kind === 'remove' ? [node] : [list, node]) as [number, number]),
          );
          rows.ints[rows.at(node) + 1] = words.size;
          words.set(node, words.size);
        }
        rows.validate();
        for (let list = 0; list < 3; list++) {
          expect(rows.toArray(list)).toEqual(lists[list]);
          if (lists[list]!.length > 0) expect(rows.first(list)).toBe(lists[list]![0]);
          else expect(rows.first(list)).toBeLessThan(0);
        }
        for (const [node, word] of words) expect(rows.ints[rows.at(node) + 1]).toBe(word);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
