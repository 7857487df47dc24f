import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyIndex } from '../../src/arena/key-index.js';
import { CHOICE_B, SLOT, TABLE_INDEX_CHOICE } from '../../src/arena/layout.js';
import { CacheTable } from '../../src/arena/table.js';

/** An index whose keys are slots: a slot holds one key, by its hash. */
function create() {
  const table = CacheTable.create(0, 1, 1024);
  return { table, index: new KeyIndex(table) };
}

// Few buckets and few tags, so that runs are long, wrap around the end, and hashes are alike throughout.
const hash = fc.oneof(
  fc.constantFrom(0, 1, -1, 2047, 2046, 0x7fffffff, -0x80000000),
  fc
    .record({ bucket: fc.integer({ min: 2040, max: 2060 }), tag: fc.nat(2) })
    .map(({ bucket, tag }) => (tag << 22) | (bucket & 2047)),
  fc.integer(),
);

const step = fc.record({ kind: fc.constantFrom('insert', 'insert', 'remove', 'replace'), hash, pick: fc.nat() });

describe('KeyIndex', () => {
  it('finds what was inserted and nothing else, as a Map does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { table, index } = create();
        const model = new Map<number, number>();
        const free = Array.from({ length: table.geometry.slots }, (_, slot) => slot);
        for (const { kind, hash, pick } of steps) {
          const slots = [...model.keys()];
          const slot = slots[pick % slots.length];
          if (kind === 'insert') {
            const fresh = free.pop()!;
            table.setInt(fresh, SLOT.hash, hash);
            index.insert(hash, fresh);
            model.set(fresh, hash);
          } else if (slot !== undefined && kind === 'remove') {
            index.remove(model.get(slot)!, slot);
            model.delete(slot);
            free.push(slot);
          } else if (slot !== undefined) {
            const other = free.pop()!;
            table.setInt(other, SLOT.hash, model.get(slot)!);
            index.replace(model.get(slot)!, slot, other);
            model.set(other, model.get(slot)!);
            model.delete(slot);
            free.push(slot);
          }
          index.validate();
          expect(index.live).toBe(model.size);
        }
        for (const [slot, hash] of model) expect(index.find(hash, (candidate) => candidate === slot)).toBe(slot);
        for (const slot of free.slice(-20)) {
          expect(index.find(table.int(slot, SLOT.hash), (candidate) => candidate === slot)).toBe(-1);
        }
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it('is built anew, in the other place, when tombstones abound', () => {
    const { table, index } = create();
    const choices = new Set<number>();
    const place = (slot: number) => slot * 4;
    for (let slot = 0; slot < 1000; slot++) {
      table.setInt(slot, SLOT.hash, place(slot));
      index.insert(place(slot), slot);
    }
    // Each of these lies before one that lives, or before a tombstone, and leaves a tombstone.
    for (let round = 0; round < 20_000; round++) {
      const hash = (place(Math.floor(round / 3) % 999) + 3 - (round % 3)) | ((round % 7) << 22);
      table.setInt(1000, SLOT.hash, hash);
      index.insert(hash, 1000);
      expect(index.find(hash, (slot) => slot === 1000)).toBe(1000);
      index.remove(hash, 1000);
      choices.add(table.words[TABLE_INDEX_CHOICE]!);
      if (round % 1000 === 0) index.validate();
    }
    index.validate();
    expect(choices.size).toBeGreaterThan(3);
    expect(new Set([...choices].map((choice) => choice & CHOICE_B)).size).toBe(2);
    for (let slot = 0; slot < 1000; slot++) expect(index.find(place(slot), (found) => found === slot)).toBe(slot);
  });

  it('holds as many keys as the table has slots, and ends its search for others', () => {
    const { table, index } = create();
    for (let slot = 0; slot < 1000; slot++) {
      table.setInt(slot, SLOT.hash, slot);
      index.insert(slot, slot);
    }
    expect(index.find(999, (slot) => slot === 999)).toBe(999);
    expect(index.find(1000, () => true)).toBe(-1);
  });
});
