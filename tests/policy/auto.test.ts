import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { hashNumber } from '../../src/common/hash.js';
import { AutoPolicy } from '../../src/policy/auto.js';
import { createPolicy, type PolicyName } from '../../src/policy/index.js';
import { Trial } from '../../src/policy/trial.js';
import { randomFrom } from '../support/random.mjs';

/** A cache of numbers with a budget of bytes; what is asked for and missed is put in. Counted from request `from` on. */
function missRatio(
  name: PolicyName,
  budget: number,
  ids: Iterable<number>,
  sizeOf = (_: number) => 1,
  { from = 0 } = {},
): number {
  const policy = createPolicy(name);
  const handles = new Map<number, number>();
  const idOf: number[] = [];
  const free: number[] = [];
  let [bytes, requests, misses] = [0, 0, 0];
  for (const id of ids) {
    requests++;
    const held = handles.get(id);
    if (held !== undefined) {
      policy.touch(held);
      continue;
    }
    if (requests > from) misses++;
    for (bytes += sizeOf(id); bytes > budget; ) {
      const victim = policy.victim();
      policy.remove(victim);
      bytes -= sizeOf(idOf[victim]!);
      handles.delete(idOf[victim]!);
      free.push(victim);
    }
    const handle = free.pop() ?? idOf.length;
    idOf[handle] = id;
    handles.set(id, handle);
    policy.insert(handle, sizeOf(id), 1, hashNumber(id, 0));
  }
  policy.validate();
  return misses / (requests - from);
}

function* zipf(count: number, objects: number, seed: number, shift = (_: number) => 0): Generator<number> {
  const random = randomFrom(seed);
  for (let i = 0; i < count; i++) yield Math.floor(objects ** random()) - 1 + shift(i);
}

function* loop(count: number, length: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i % length;
}

const command = fc.record({
  kind: fc.constantFrom(
    'insert',
    'insert',
    'insert',
    'touch',
    'touch',
    'touch',
    'update',
    'remove',
    'evict',
    'evict',
    'replace',
    'replace',
    'defer',
  ),
  pick: fc.nat(1000),
  key: fc.nat(60),
  magnitude: fc.double({ min: 0, max: 40, noNaN: true }),
  cost: fc.constantFrom(1, 1, 1e-9, 1e12),
});

describe('auto', () => {
  it('keeps its invariants whatever happens', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400, size: 'max' }), fc.nat(3), (commands, spread) => {
        const policy = new AutoPolicy();
        const held: number[] = [];
        const free: number[] = [];
        let next = 0;
        for (const { kind, pick, key, magnitude, cost } of commands) {
          const size = Math.ceil(2 ** (spread === 0 ? 3 : magnitude));
          let handle = held[pick % held.length] ?? -1;
          if (kind === 'insert') {
            handle = free.pop() ?? next++;
            held.push(handle);
            policy.insert(handle, size, cost, hashNumber(key, 0));
          } else if (handle >= 0) {
            if (kind === 'evict' || kind === 'replace' || kind === 'defer') {
              handle = policy.victim();
              expect(held).toContain(handle);
              expect(policy.victim()).toBe(handle);
              expect(policy.order()[0]).toBe(handle);
            }
            const call = kind === 'evict' ? 'remove' : kind;
            policy[call](handle, size, cost, hashNumber(key, 0));
            if (call === 'remove') free.push(...held.splice(held.indexOf(handle), 1));
          }
          if (pick % 8 > 0) continue;
          policy.validate();
          expect(policy.order().sort()).toEqual([...held].sort());
        }
        policy.validate();
        while (held.length > 0) {
          const victim = policy.victim();
          held.splice(held.indexOf(victim), 1);
          policy.remove(victim);
        }
        policy.validate();
        expect(policy.victim()).toBe(-1);
      }),
      { seed: 9, numRuns: 120 },
    );
  });

  it('answers alike in every run', () => {
    const run = () => missRatio('auto', 300, zipf(20_000, 5_000, 3));
    expect(run()).toBe(run());
  });

  it('misses less than lru and lfu where popularity is skewed', () => {
    const ratios = (['auto', 'lru', 'lfu'] as const).map((name) => missRatio(name, 500, zipf(60_000, 10_000, 1)));
    expect(ratios[0]).toBeLessThan(ratios[1]! * 0.95);
    expect(ratios[0]).toBeLessThan(ratios[2]! * 1.01);
  });

  it('holds a part of a loop that is longer than the cache, where lru holds nothing', () => {
    expect(missRatio('lru', 100, loop(50_000, 1_000))).toBe(1);
    expect(missRatio('auto', 100, loop(50_000, 1_000))).toBeLessThan(0.93);
    expect(missRatio('auto', 10, loop(50_000, 100))).toBeLessThan(0.93);
  });

  it('follows popularity that drifts, as lru does', () => {
    const drift = () => zipf(100_000, 3_000, 5, (i) => Math.floor(i / 20));
    expect(missRatio('auto', 600, drift())).toBeLessThan(missRatio('lru', 600, drift()) * 1.05);
    expect(missRatio('gdsf', 600, drift())).toBeGreaterThan(missRatio('auto', 600, drift()));
  });

  it('recovers when all popularity moves elsewhere at once', () => {
    const shifted = () => zipf(120_000, 10_000, 7, (i) => (i < 60_000 ? 0 : 50_000));
    expect(missRatio('auto', 1_000, shifted())).toBeLessThan(missRatio('lru', 1_000, shifted()));
  });

  it('recovers from a shift that falls into a pause of its trial', () => {
    const steps = [vi.spyOn(Trial.prototype, 'hit'), vi.spyOn(Trial.prototype, 'written')];
    const told = () => steps.reduce((sum, step) => sum + step.mock.calls.length, 0);
    const shifts: number[] = [];
    const before = [...zipf(400_000, 10_000, 7)];
    const after = [...zipf(60_000, 3_000, 11, (i) => 50_000 + Math.floor(i / 20))];
    // What is asked for shifts once the trial has been told nothing for so long.
    function* shifted() {
      let [silence, known] = [0, 0];
      for (const [at, id] of before.entries()) {
        silence = told() === known ? silence + 1 : 0;
        known = told();
        if (at > 100_000 && silence > 1_500) {
          shifts.push(at);
          break;
        }
        yield id;
      }
      yield* after;
    }
    missRatio('auto', 1_000, shifted());
    vi.restoreAllMocks();
    expect(shifts.length).toBe(1);
    const ids = [...before.slice(0, shifts[0]), ...after];
    const ratios = (['auto', 'lru', 'lfu'] as const).map((name) =>
      missRatio(name, 1_000, ids, undefined, { from: shifts[0]! }),
    );
    expect(ratios[0]).toBeLessThan(ratios[1]! * 1.2);
    expect(ratios[0]).toBeLessThan(ratios[2]! * 0.5);
  });

  it('weighs value by size: fewer requests miss than with gdsf, from bytes to gibibytes', () => {
    const sizeOf = (id: number) => 1 + (hashNumber(id, 0) % 1000) ** 3;
    const auto = missRatio('auto', 2 ** 37, zipf(60_000, 10_000, 2), sizeOf);
    expect(auto).toBeLessThan(missRatio('gdsf', 2 ** 37, zipf(60_000, 10_000, 2), sizeOf));
  });

  it('works with one entry, and with more than the paper caches hold', () => {
    expect(missRatio('auto', 1, loop(1_000, 3))).toBeLessThanOrEqual(1);
    const many = missRatio('auto', 20_000, zipf(300_000, 200_000, 4));
    expect(many).toBeLessThan(missRatio('lru', 20_000, zipf(300_000, 200_000, 4)));
  });
});
