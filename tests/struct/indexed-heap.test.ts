import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedHeap } from '../../src/struct/indexed-heap.js';

const command = fc.record({
  kind: fc.constantFrom('push', 'push', 'rekey', 'rekeyFirst', 'remove', 'replaceFirst', 'pop'),
  item: fc.nat(30),
  key: fc.nat(9),
  rank: fc.nat(1000),
});

interface Entry {
  item: number;
  key: number;
  rank: number;
}

function least(model: Map<number, Entry>): Entry | undefined {
  return [...model.values()].sort((a, b) => a.key - b.key || a.rank - b.rank)[0];
}

/** A heap of n items whose keys are a fixed shuffle. */
function filled(n: number): IndexedHeap {
  const heap = new IndexedHeap();
  for (let item = 0; item < n; item++) heap.push(item, (item * 7919) % n);
  return heap;
}

describe('IndexedHeap', () => {
  it('gives the least of a plain map, equal keys by rank', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 150 }), (commands) => {
        const heap = new IndexedHeap();
        const model = new Map<number, Entry>();
        let serial = 0;
        for (const { kind, item, key, rank: random } of commands) {
          const rank = random * 1000 + serial++;
          const first = least(model);
          if (kind === 'push' && !model.has(item)) {
            heap.push(item, key, rank);
            model.set(item, { item, key, rank });
          } else if (kind === 'rekey' && model.has(item)) {
            heap.rekey(item, key);
            model.get(item)!.key = key;
          } else if (kind === 'rekeyFirst' && first) {
            heap.rekeyFirst(first.key + key);
            model.get(first.item)!.key += key;
          } else if (kind === 'remove' && model.has(item)) {
            heap.remove(item);
            model.delete(item);
          } else if (kind === 'pop' && first) {
            heap.remove(first.item);
            model.delete(first.item);
          } else if (kind === 'replaceFirst' && first && (first.item === item || !model.has(item))) {
            heap.replaceFirst(item, key, rank);
            model.delete(first.item);
            model.set(item, { item, key, rank });
          }
          heap.validate();
          expect(heap.size).toBe(model.size);
          expect(heap.has(item)).toBe(model.has(item));
          if (model.has(item))
            expect([heap.keyOf(item), heap.rankOf(item)]).toEqual([model.get(item)!.key, model.get(item)!.rank]);
          expect(heap.first()).toBe(least(model)?.item ?? -1);
          expect(heap.firstKey()).toBe(least(model)?.key ?? Number.POSITIVE_INFINITY);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('sorts', () => {
    const heap = filled(5000);
    const keys: number[] = [];
    while (heap.size > 0) {
      keys.push(heap.firstKey());
      heap.remove(heap.first());
    }
    expect(keys).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });

  it('keeps its order when all keys are scaled', () => {
    const heap = filled(50);
    heap.scaleKeys(0.5);
    heap.validate();
    expect(heap.keyOf(1)).toBe(((1 * 7919) % 50) / 2);
  });

  it('replaces the first in one sift: no more moves than levels', () => {
    for (const [n, levels] of [
      [1_000, 5],
      [64_000, 8],
    ] as const) {
      const heap = filled(n);
      heap.moves = 0;
      for (let i = 0; i < 1000; i++) heap.replaceFirst(heap.first(), n + i);
      expect(heap.moves).toBeLessThanOrEqual(1000 * levels);
      heap.validate();
    }
  });

  it('finds in validate a key out of place', () => {
    const heap = filled(20);
    heap.push(20, Number.NaN);
    expect(() => heap.validate()).toThrow(/not a number/);
  });
});
