import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { Engine } from '../../src/cache/engine.js';
import { resolveCacheOptions } from '../../src/options.js';
import { FakeClock } from '../../src/testing/index.js';

/**
 * Random operations on the engine of a cache, beside a model that is too simple to be wrong: a Map with everything about
 * each entry. Who is evicted is the policy's affair (told by the removals), but not when, how many, nor in which state.
 */
interface Entry {
  value: number;
  size: number;
  end: number;
  grace: number;
  death: number;
}

type Step =
  | { do: 'set'; key: number; size: number; ttl: number | undefined; grace: number | undefined }
  | { do: 'get' | 'peek' | 'remove' | 'finish'; key: number }
  | { do: 'advance'; ms: number }
  | { do: 'sweep' | 'clear' }
  | { do: 'resize'; maxBytes: number };

const key = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      key,
      size: fc.integer({ min: 1, max: 120 }),
      ttl: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      grace: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'peek' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'finish' as const), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sweep' as const, 'clear' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('resize' as const), maxBytes: fc.integer({ min: 100, max: 600 }) }),
  },
);

const MAX_ENTRIES = 12;

class Pair {
  readonly clock = new FakeClock(1000);
  readonly model = new Map<number, Entry>();
  readonly removed: { key: number; value: number; reason: string }[] = [];
  readonly engine: Engine<number, number>;
  #maxBytes = 400;
  #value = 0;

  constructor(policy: 'auto' | 'lru' | 'lfu' | 'fifo' | 'gdsf') {
    const onEvicted = (key: number, value: number, reason: string) => void this.removed.push({ key, value, reason });
    const options = { maxBytes: 400, maxEntries: MAX_ENTRIES, policy, clock: this.clock, onEvicted };
    this.engine = new Engine<number, number>(
      resolveCacheOptions({ ...options, sweepInterval: Number.POSITIVE_INFINITY }),
    );
  }

  run(step: Step): void {
    const now = this.clock.now();
    switch (step.do) {
      case 'set':
        this.#set(step, now);
        break;
      case 'get':
      case 'peek': {
        const seen = step.do === 'get' ? this.engine.read(step.key) : this.engine.peek(step.key);
        assert.equal(seen, this.#fresh(step.key, now)?.value);
        break;
      }
      case 'remove': {
        const entry = this.model.get(step.key);
        assert.equal(this.engine.remove(step.key), this.#fresh(step.key, now) !== undefined);
        this.#expectRemoved(entry ? [[step.key, entry.death <= now ? 'expire' : 'delete']] : []);
        break;
      }
      case 'finish': {
        const entry = this.#fresh(step.key, now);
        const handle = this.engine.findFresh(step.key);
        assert.equal(handle !== undefined, entry !== undefined);
        if (handle === undefined || !entry) break;
        this.engine.store.life.finish(handle);
        entry.death = now + entry.grace;
        entry.end = now;
        break;
      }
      case 'advance':
        this.clock.advance(step.ms);
        break;
      case 'sweep': {
        const dead = [...this.model].filter(([, entry]) => entry.death <= now);
        assert.equal(this.engine.store.sweep(), dead.length);
        this.engine.store.removals.flush();
        this.#expectRemoved(dead.map(([key]) => [key, 'expire']));
        break;
      }
      case 'clear': {
        this.engine.store.clear();
        this.engine.store.removals.flush();
        this.#expectRemoved([...this.model].map(([key, entry]) => [key, entry.death <= now ? 'expire' : 'clear']));
        break;
      }
      case 'resize':
        this.#maxBytes = step.maxBytes;
        this.engine.resize(step.maxBytes);
        this.#takeEvicted(now);
        break;
    }
    this.#check();
  }

  #set({ key, size, ttl, grace }: Extract<Step, { do: 'set' }>, now: number): void {
    const value = ++this.#value;
    const old = this.model.get(key);
    const stored = this.engine.write(key, value, { size, ttl, grace });
    assert.equal(stored, size <= this.#maxBytes);
    if (old) {
      const at = this.removed.findIndex((removal) => removal.key === key);
      const reason = this.removed.splice(at, 1)[0]?.reason;
      // To make room, an entry that is no longer fresh may go before it is overwritten; it is told once in any case.
      assert.equal(reason, old.death <= now ? 'expire' : 'replace');
      this.model.delete(key);
    }
    if (stored) {
      const end = ttl === undefined ? Number.POSITIVE_INFINITY : now + ttl;
      this.model.set(key, { value, size, end, grace: grace ?? 0, death: end + (grace ?? 0) });
    }
    this.#takeEvicted(now, key);
  }

  /** What went for room: in the right state, in the right order of states, and no more than needed. */
  #takeEvicted(now: number, written?: number): void {
    const rank = (entry: Entry) => (entry.death <= now ? 0 : entry.end <= now ? 1 : 2);
    for (const { key, value, reason } of this.removed.splice(0)) {
      const entry = this.model.get(key);
      assert.equal(entry?.value, value);
      assert.notEqual(key, written);
      if (!entry) continue;
      assert.equal(this.#isTooMuch(), true);
      assert.equal(reason, entry.death <= now ? 'expire' : 'evict');
      const others = [...this.model].filter(([other]) => other !== written).map(([, other]) => rank(other));
      assert.equal(rank(entry), Math.min(...others));
      this.model.delete(key);
    }
    assert.equal(this.#isTooMuch(), false);
  }

  #isTooMuch(): boolean {
    return this.#bytes() > this.#maxBytes || this.model.size > MAX_ENTRIES;
  }

  #expectRemoved(expected: [number, string][]): void {
    const order = ([a]: [number, string], [b]: [number, string]) => a - b;
    const told = this.removed.splice(0).map(({ key, reason }): [number, string] => [key, reason]);
    assert.deepEqual(told.sort(order), expected.sort(order));
    for (const [key] of expected) this.model.delete(key);
  }

  #fresh(key: number, now: number): Entry | undefined {
    const entry = this.model.get(key);
    return entry && entry.end > now ? entry : undefined;
  }

  #bytes(): number {
    let sum = 0;
    for (const entry of this.model.values()) sum += entry.size;
    return sum;
  }

  #check(): void {
    const { store } = this.engine;
    store.validate();
    const now = this.clock.now();
    assert.deepEqual(this.removed, []);
    assert.equal(store.count, this.model.size);
    assert.equal(store.bytes, this.#bytes());
    assert.equal(store.freshCount, [...this.model.values()].filter((entry) => entry.end > now).length);
  }
}

describe('beside a model', () => {
  it.each(['auto', 'lru', 'lfu', 'fifo', 'gdsf'] as const)('%s: 20 000 operations', (policy) => {
    const sequence = fc.array(step, { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(sequence, (steps) => {
        const pair = new Pair(policy);
        for (const one of steps) pair.run(one);
      }),
      { numRuns: 100, seed: 42 },
    );
  });
});
