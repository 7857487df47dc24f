import { describe, expect, it } from 'vitest';
import { hashNumber } from '../../src/common/hash.js';
import { AutoPolicy } from '../../src/policy/auto.js';
import { replaceVictim } from '../../src/policy/policy.js';
import { Trial } from '../../src/policy/trial.js';
import { FrequencyMemory } from '../../src/struct/frequency-memory.js';
import { RankBits } from '../../src/struct/rank-bits.js';
import { randomFrom } from '../support/random.mjs';

const STEPS: [object, string[]][] = [
  [RankBits.prototype, ['mark', 'lowestIndex']],
  [FrequencyMemory.prototype, ['tell']],
  [Trial.prototype, ['written', 'hit']],
];

/** Runs with every step counted that an eviction may take more or fewer of. */
function stepsOf(run: () => void): number {
  let count = 0;
  const originals = STEPS.flatMap(([prototype, names]) =>
    names.map((name) => ({ prototype, name, step: Reflect.get(prototype, name) as (...args: unknown[]) => unknown })),
  );
  for (const { prototype, name, step } of originals) {
    Reflect.set(prototype, name, function counted(this: unknown, ...args: unknown[]) {
      // Many things told at once are as many steps.
      count += name === 'tell' ? Number(args[2]) : 1;
      return Reflect.apply(step, this, args);
    });
  }
  try {
    run();
  } finally {
    for (const { prototype, name, step } of originals) Reflect.set(prototype, name, step);
  }
  return count;
}

/** Steps for each eviction by a new key, in a full cache of `entries` where some are used far more than others; after some. */
function stepsPerEviction(entries: number, evictions: number, after = evictions): number {
  const policy = new AutoPolicy(entries);
  const hash = (key: number) => hashNumber(key, 0);
  const size = (key: number) => 200 + (hash(key) % 1_000);
  let next = 0;
  const random = randomFrom(1);
  const pick = () => Math.floor(entries ** random()) % entries;
  const evict = () => {
    policy.touch(pick());
    policy.touch(pick());
    const key = next++;
    replaceVictim(policy, policy.victim(), size(key), 1, hash(key));
  };
  for (; next < entries; next++) policy.insert(next, size(next), 1, hash(next));
  for (let i = 0; i < after; i++) evict();
  const steps = stepsOf(() => {
    for (let i = 0; i < evictions; i++) evict();
  });
  return steps / evictions;
}

describe('auto', () => {
  it('takes a few steps for an eviction, among a million entries as among a thousand', () => {
    const few = stepsPerEviction(1_000, 50_000);
    const many = stepsPerEviction(1_000_000, 50_000);
    // Among a thousand the trial pauses for most of the time, so these are fewer.
    expect(few).toBeGreaterThan(1);
    expect(few).toBeLessThan(6);
    expect(many).toBeLessThan(6);
  }, 60_000);

  it('takes no more for the first ones, when nothing is known yet', () => {
    expect(stepsPerEviction(1_000_000, 5_000, 0)).toBeLessThan(12);
  });
});
