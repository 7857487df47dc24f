import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdTable } from '../../src/struct/id-table.js';

describe('IdTable', () => {
  it('numbers keys as a map does, in the order of their first coming', () => {
    const word = fc.oneof(fc.nat(5), fc.constantFrom(0, 0xffffffff, 0x80000000, -1), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 200 }), (keys) => {
        const table = new IdTable();
        const model = new Map<string, number>();
        for (const [low, high] of keys) {
          const key = `${low >>> 0} ${high >>> 0}`;
          if (!model.has(key)) model.set(key, model.size);
          expect(table.idOf(low, high)).toBe(model.get(key));
        }
        expect(table.count).toBe(model.size);
        table.validate();
      }),
      { seed: 1 },
    );
  });

  it('keeps all ids while it grows', () => {
    const table = new IdTable();
    for (let key = 0; key < 20_000; key++) expect(table.idOf(key * 1024, key & 1)).toBe(key);
    for (let key = 0; key < 20_000; key++) expect(table.idOf(key * 1024, key & 1)).toBe(key);
    table.validate();
  });
});
