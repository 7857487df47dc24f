import { describe, expect, it } from 'vitest';
import { GdsfPolicy } from '../../src/policy/gdsf.js';
import { createPolicy, type PolicyName } from '../../src/policy/index.js';
import { LfuPolicy } from '../../src/policy/lfu.js';
import type { Policy } from '../../src/policy/policy.js';
import { CLASS_COUNT, CLASS_VALUES, classOf } from '../../src/policy/value-class.js';
import { randomFrom } from '../support/random.mjs';

function filled(name: PolicyName, n: number): Policy {
  const policy = createPolicy(name);
  for (let handle = 0; handle < n; handle++) policy.insert(handle, 100, 1);
  return policy;
}

describe('what users were promised', () => {
  it('fifo: reads and overwrites change nothing', () => {
    const policy = filled('fifo', 3);
    policy.touch(0);
    policy.update(0, 5, 1);
    expect(policy.order()).toEqual([0, 1, 2]);
  });

  it('lru: reads and overwrites are uses', () => {
    const policy = filled('lru', 4);
    policy.touch(0);
    policy.update(2, 5, 1);
    expect(policy.order()).toEqual([1, 3, 0, 2]);
  });

  it('lfu: an overwrite keeps the count, ties go oldest first', () => {
    const policy = filled('lfu', 3);
    for (const handle of [1, 0]) policy.touch(handle);
    policy.update(2, 5, 1);
    expect(policy.order()).toEqual([2, 0, 1]);
  });

  it('lfu: old uses fade, so a former favourite goes', () => {
    const policy = filled('lfu', 2);
    for (let i = 0; i < 50; i++) policy.touch(0);
    expect(policy.victim()).toBe(1);
    // With two entries counts halve every 20 uses.
    for (let i = 0; i < 40; i++) policy.touch(1);
    expect(policy.victim()).toBe(0);
  });

  it('lfu: thousands of halvings lose nothing', () => {
    const policy = filled('lfu', 3);
    for (let i = 0; i < 100_000; i++) policy.touch(i % 2);
    policy.touch(1);
    expect(policy.order()).toEqual([2, 0, 1]);
    policy.validate();
  });

  it('gdsf: the dearest byte stays; frequency, cost and size weigh alike', () => {
    const policy = createPolicy('gdsf');
    policy.insert(0, 1000, 1);
    policy.insert(1, 1000, 8);
    policy.insert(2, 4000, 1);
    policy.insert(3, 1000, 1);
    for (let i = 0; i < 3; i++) policy.touch(3);
    expect(policy.order()).toEqual([2, 0, 3, 1]);
  });

  it('gdsf: a larger overwrite counts at once', () => {
    const policy = createPolicy('gdsf');
    policy.insert(0, 10, 1);
    policy.insert(1, 100, 1);
    policy.update(0, 100_000, 1);
    expect(policy.victim()).toBe(0);
  });

  it('gdsf: the clock outruns what is used no more', () => {
    const policy = createPolicy('gdsf');
    policy.insert(0, 10, 1);
    for (let i = 0; i < 20; i++) policy.touch(0);
    for (const handle of [1, 2]) policy.insert(handle, 100, 1);
    let evictions = 0;
    for (let victim = policy.victim(); victim !== 0; victim = policy.victim()) {
      policy.remove(victim);
      policy.insert(victim, 100, 1);
      evictions++;
    }
    // Priority 21/10 against steps of 1/100, two entries taking turns.
    expect(evictions).toBeGreaterThan(300);
    expect(evictions).toBeLessThan(500);
  });

  it('gdsf: in the long run as many hits as with exact values', () => {
    const random = randomFrom(7);
    const objects = 2000;
    const sizes = Array.from({ length: objects }, () => Math.ceil(10 * 1000 ** random()));
    const budget = sizes.reduce((sum, size) => sum + size, 0) / 10;
    const policy = createPolicy('gdsf');
    const exact = new Map<number, { frequency: number; priority: number }>();
    const rounded = new Set<number>();
    let clock = 0;
    let [exactBytes, roundedBytes, exactHits, roundedHits] = [0, 0, 0, 0];
    for (let i = 0; i < 30_000; i++) {
      const id = Math.floor(objects ** random()) - 1;
      const size = sizes[id]!;
      const entry = exact.get(id);
      if (entry) {
        exactHits++;
        entry.priority = clock + ++entry.frequency / size;
      } else {
        for (exactBytes += size; exactBytes > budget; ) {
          const [victim, { priority }] = [...exact].reduce((a, b) => (b[1].priority < a[1].priority ? b : a));
          clock = priority;
          exactBytes -= sizes[victim]!;
          exact.delete(victim);
        }
        exact.set(id, { frequency: 1, priority: clock + 1 / size });
      }
      if (rounded.has(id)) {
        roundedHits++;
        policy.touch(id);
      } else {
        for (roundedBytes += size; roundedBytes > budget; ) {
          const victim = policy.victim();
          policy.remove(victim);
          rounded.delete(victim);
          roundedBytes -= sizes[victim]!;
        }
        rounded.add(id);
        policy.insert(id, size, 1);
      }
    }
    expect(roundedHits).toBeGreaterThan(5_000);
    expect(Math.abs(roundedHits / exactHits - 1)).toBeLessThan(0.01);
  });

  it('gdsf: setting the clock back, after a million victims, leaves what is left of a priority', () => {
    const policy = new GdsfPolicy();
    // Values that no rounding changes: each eviction raises the clock by exactly the smaller one.
    const small = CLASS_VALUES[classOf(1)]!;
    const large = CLASS_VALUES[classOf(1_500_000)]!;
    policy.insert(0, 1, large);
    policy.insert(1, 1, small);
    let evictions = 0;
    for (; policy.victim() === 1 && evictions < 2_000_000; evictions++) {
      policy.remove(1);
      policy.insert(1, 1, small);
      if (evictions % 200_000 === 0) policy.validate();
    }
    policy.validate();
    expect(evictions).toBeGreaterThan(1 << 20);
    expect(Math.abs(evictions - large / small)).toBeLessThanOrEqual(1);
  });
});

describe('value classes', () => {
  it('ascend, and stand for values at most an eighth away', () => {
    for (let list = 0; list < CLASS_COUNT; list++) expect(classOf(CLASS_VALUES[list]!)).toBe(list);
    for (let value = 1e-12; value < 1e12; value *= 1.0137) {
      expect(Math.abs(CLASS_VALUES[classOf(value)]! / value - 1)).toBeLessThanOrEqual(0.125 + 1e-6);
    }
    expect([classOf(0), classOf(-1), classOf(1e-40)]).toEqual([0, 0, 0]);
    expect([classOf(1e40), classOf(Number.POSITIVE_INFINITY)]).toEqual([CLASS_COUNT - 1, CLASS_COUNT - 1]);
  });
});

describe('the cost of an eviction does not grow with the number of entries', () => {
  function movesPerEviction(policy: GdsfPolicy | LfuPolicy, n: number): number {
    const random = randomFrom(n);
    const draw = () => Math.ceil(100 * 100 ** random());
    for (let handle = 0; handle < n; handle++) policy.insert(handle, draw(), 1);
    const before = policy.work;
    const evictions = 2 * n;
    for (let i = 0; i < evictions; i++) {
      for (let hits = 0; hits < 9; hits++) policy.touch(Math.floor(n ** random()) - 1);
      const victim = policy.victim();
      policy.remove(victim);
      policy.insert(victim, draw(), 1);
    }
    return (policy.work - before) / evictions;
  }

  it('gdsf: lists in the heap are few, however many entries', () => {
    const few = movesPerEviction(new GdsfPolicy(), 1_000);
    const many = movesPerEviction(new GdsfPolicy(), 30_000);
    expect(many).toBeLessThan(few * 1.5);
    expect(many).toBeLessThan(8);
  });

  it('lfu: as many levels as a heap of four children has', () => {
    const few = movesPerEviction(new LfuPolicy(), 1_000);
    const many = movesPerEviction(new LfuPolicy(), 30_000);
    expect(many).toBeLessThan(few * 2);
    expect(many).toBeLessThan(20);
  });
});
