import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TagIndex } from '../../src/struct/tag-index.js';

const tags = fc.uniqueArray(fc.constantFrom<string[]>('a', 'b', 'c', '__proto__', ''), { maxLength: 4 });
const handle = fc.nat(7);
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), handle, tags }),
  fc.record({ do: fc.constant('delete' as const), handle, tags }),
  fc.record({ do: fc.constant('find' as const), handle, tags }),
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), handle, tags }) },
);

describe('TagIndex', () => {
  it('is what a list of pairs is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new TagIndex();
        const model = new Map<number, readonly string[]>();
        for (const one of steps) {
          if (one.do === 'set') {
            index.set(one.handle, one.tags);
            model.set(one.handle, one.tags);
          } else if (one.do === 'delete') {
            index.delete(one.handle);
            model.delete(one.handle);
          } else if (one.do === 'clear') {
            index.clear();
            model.clear();
          }
          index.validate();
          const found = [...model].filter(([, own]) => own.some((tag) => one.tags.includes(tag)));
          expect(index.handlesOfAny(one.tags).sort()).toEqual(found.map(([each]) => each).sort());
          expect(index.tags(one.handle)).toEqual(model.get(one.handle) ?? []);
          expect(index.isEmpty).toBe([...model.values()].flat().length === 0);
        }
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});
