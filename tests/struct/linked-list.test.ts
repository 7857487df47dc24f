import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkedLists } from '../../src/struct/linked-list.js';

const LISTS = 3;
const command = fc.record({
  kind: fc.constantFrom('append', 'remove', 'move'),
  node: fc.nat(11),
  list: fc.nat(LISTS - 1),
});

describe('LinkedLists', () => {
  it('keeps the order of plain arrays', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const lists = new LinkedLists(LISTS);
        const model: number[][] = Array.from({ length: LISTS }, () => []);
        for (const { kind, node, list } of commands) {
          const held = model.find((nodes) => nodes.includes(node));
          expect(lists.has(node)).toBe(held !== undefined);
          if ((kind === 'append') !== (held === undefined)) continue;
          held?.splice(held.indexOf(node), 1);
          if (kind !== 'remove') model[list]!.push(node);
          if (kind === 'append') {
            lists.reserve(node + 1);
            lists.append(list, node);
          } else if (kind === 'move') {
            lists.move(list, node);
          } else {
            lists.remove(node);
          }
          lists.validate();
          model.forEach((nodes, i) => {
            expect(lists.toArray(i)).toEqual(nodes);
            expect(Math.max(-1, lists.first(i))).toBe(nodes[0] ?? -1);
            expect(Math.max(-1, lists.last(i))).toBe(nodes.at(-1) ?? -1);
          });
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('names the list where a list ends', () => {
    const lists = new LinkedLists(LISTS, 4);
    lists.append(2, 1);
    lists.append(2, 3);
    expect(lists.next(1)).toBe(3);
    expect(~lists.next(3)).toBe(2);
    expect(~lists.first(1)).toBe(1);
  });

  it('finds in validate a node that was appended twice', () => {
    const lists = new LinkedLists(LISTS, 4);
    for (const node of [0, 1, 2, 1]) lists.append(0, node);
    expect(() => lists.validate()).toThrow(/list 0/);
  });
});
