import { describe, expect, it } from 'vitest';
import { hashNumber } from '../../src/common/hash.js';
import { FORGOTTEN, FrequencyMemory, USED } from '../../src/struct/frequency-memory.js';

/** As one by one. */
function tell(memory: FrequencyMemory, keys: number[], height: number, now: number): number[] {
  const heights = Int32Array.from(keys, () => height);
  const hashes = Int32Array.from(keys, (key) => hashNumber(key, 0));
  memory.tell(hashes, heights, keys.length, now);
  return Array.from(heights);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function remember(memory: FrequencyMemory, from: number, to: number, height: number, now = 0): void {
  tell(memory, range(from, to), height, now);
}

function known(memory: FrequencyMemory, from: number, to: number, now = 0): number[] {
  return tell(memory, range(from, to), USED, now).filter((height) => height > FORGOTTEN);
}

describe('frequency memory', () => {
  it('knows most of what it has room for, and nothing else', () => {
    const memory = new FrequencyMemory(4_000);
    remember(memory, 0, 2_000, 3);
    memory.validate();
    expect(known(memory, 0, 2_000).length).toBeGreaterThan(1_700);
    expect(known(memory, 10_000, 12_000).length).toBeLessThan(40);
  });

  it('tells how high a level lies now, and forgets what has sunk', () => {
    const memory = new FrequencyMemory(4_000);
    remember(memory, 0, 100, 6, 100);
    expect(known(memory, 0, 50, 110)).toEqual(known(memory, 0, 0).concat(Array(50).fill(-4)));
    expect(known(memory, 50, 100, 120)).toEqual([]);
  });

  it('prefers high levels where there is no room for all', () => {
    const memory = new FrequencyMemory(1_000);
    remember(memory, 0, 500, 9);
    remember(memory, 500, 10_000, 0);
    memory.validate();
    expect(known(memory, 0, 500).length).toBeGreaterThan(400);
  });

  it('adds a use to those that it knows', () => {
    const memory = new FrequencyMemory(1_000);
    const heights = tell(memory, Array(9).fill(7), USED, 0);
    // Levels are half octaves: 1, 2, 3, 4 … uses.
    expect(heights.slice(0, 5)).toEqual([FORGOTTEN, 0, 2, 3, 4]);
    expect(heights[8]).toBeGreaterThan(heights[4]!);
    memory.validate();
  });

  it('keeps of two levels of one hash the higher', () => {
    const memory = new FrequencyMemory(8);
    tell(memory, [7], 5, 0);
    tell(memory, [7], 2, 0);
    expect(tell(memory, [7], USED, 0)).toEqual([5]);
  });

  it('forgets nothing when it grows', () => {
    const memory = new FrequencyMemory(1_000);
    remember(memory, 0, 900, 3);
    const grown = new FrequencyMemory(1_000);
    remember(grown, 0, 900, 3);
    const before = grown.cells;
    grown.grow();
    grown.validate();
    expect(grown.cells).toBe(2 * before);
    expect(known(grown, 0, 900).length).toBeGreaterThanOrEqual(known(memory, 0, 900).length);
  });
});
