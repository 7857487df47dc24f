import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPolicy, POLICY_NAMES, type PolicyName } from '../../src/policy/index.js';
import { replaceVictim } from '../../src/policy/policy.js';
import { GdsfModel, LfuModel, ListModel, type Model } from './models.js';

/** `auto` has no model: what it promises is in auto.test.ts. */
const MODELS: Record<Exclude<PolicyName, 'auto'>, () => Model> = {
  fifo: () => new ListModel(false),
  lru: () => new ListModel(true),
  lfu: () => new LfuModel(),
  gdsf: () => new GdsfModel(),
};

/** Sizes of all magnitudes, or much alike so that the time of a use matters more than the size. */
const spread = fc.constantFrom(10_000_000, 64, 3);

const command = fc.record({
  kind: fc.constantFrom(
    ...([
      'insert',
      'insert',
      'touch',
      'touch',
      'touch',
      'update',
      'remove',
      'evict',
      'evict',
      'defer',
      'replace',
    ] as const),
  ),
  /** Which of the entries. */
  pick: fc.nat(1000),
  size: fc.integer({ min: 1, max: 10_000_000 }),
  cost: fc.constantFrom(1, 1, 3, 1000),
});

describe.each(['fifo', 'lru', 'lfu', 'gdsf'] as const)('%s', (name) => {
  it('does what its plain model does, step by step', () => {
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 300, size: 'max' }),
        spread,
        fc.boolean(),
        (commands, sizes, looksOften) => {
          const policy = createPolicy(name);
          const model = MODELS[name]();
          const held: number[] = [];
          const free: number[] = [];
          let next = 0;
          for (const { kind, pick, size: anySize, cost: anyCost } of commands) {
            const size = 9 + (anySize % sizes);
            const cost = sizes === 3 ? 1 : anyCost;
            let handle = held[pick % held.length] ?? -1;
            if (kind === 'insert') {
              handle = free.pop() ?? next++;
              held.push(handle);
            } else if (handle < 0) {
              continue;
            }
            if (kind === 'evict' || kind === 'defer' || kind === 'replace') {
              handle = policy.victim();
              expect(handle).toBe(model.victim());
              expect(policy.victim()).toBe(handle);
            }
            if (kind === 'replace') {
              replaceVictim(policy, handle, size, cost, 0);
              model.remove(handle);
              model.insert(handle, size, cost);
              policy.validate();
              continue;
            }
            const call = kind === 'evict' ? 'remove' : kind;
            policy[call](handle, size, cost);
            model[call](handle, size, cost);
            if (call === 'remove') free.push(...held.splice(held.indexOf(handle), 1));
            policy.validate();
            if (looksOften) expect(policy.order()).toEqual(model.order());
          }
          expect(policy.order()).toEqual(model.order());
          expect(policy.order().sort()).toEqual([...held].sort());
          for (const _ of [...held]) {
            expect(policy.victim()).toBe(model.victim());
            model.remove(policy.victim());
            policy.remove(policy.victim());
            policy.validate();
          }
          expect(policy.victim()).toBe(-1);
        },
      ),
      { seed: 5, numRuns: 150 },
    );
  });
});

describe.each(POLICY_NAMES)('%s', (name) => {
  it('visits every entry when all are deferred one after the other', () => {
    const policy = createPolicy(name);
    for (let handle = 0; handle < 100; handle++) {
      policy.insert(handle, 1 + ((handle * 37) % 100) ** 3, 1);
      for (let hits = handle % 7; hits > 0; hits--) policy.touch(handle);
    }
    const visited = new Set<number>();
    for (let i = 0; i < 100; i++) {
      visited.add(policy.victim());
      policy.defer(policy.victim());
      policy.validate();
    }
    expect(visited.size).toBe(100);
    expect(policy.order()).toHaveLength(100);
  });

  it('answers -1 and [] when empty', () => {
    const policy = createPolicy(name, 4);
    expect(policy.victim()).toBe(-1);
    expect(policy.order()).toEqual([]);
    policy.insert(70, 10, 1);
    policy.defer(70);
    expect(policy.victim()).toBe(70);
    policy.remove(70);
    expect(policy.victim()).toBe(-1);
    policy.validate();
  });
});

describe('createPolicy', () => {
  it('refuses an unknown name, saying which there are', () => {
    expect(() => createPolicy('mru' as PolicyName)).toThrow(/policy: expected one of 'auto'.*"mru" \(string\)/);
  });
});
