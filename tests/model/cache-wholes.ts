import assert from 'node:assert/strict';
import { CacheError, type Transaction } from '../../src/index.js';
import { isWithin } from './cache-pair.js';
import { type PlainChange, state, type Value } from './plain-cache.js';
import { randomKey, randomWrite, type Scene, supersede, weight } from './scene.js';

const ACTIONS = { get: 3, set: 4, delete: 2, past: 1 };
const SPACE_ORDER = ['', 'a', 'a/x', 'b'];

/** All or nothing of some writes: it is committed, throws, or wants more than there can be. */
export async function transaction(scene: Scene): Promise<unknown> {
  const { random, pair, space } = scene;
  const changes = new Map<string, PlainChange | undefined>();
  const failure = random.chance(0.25) ? new Error('a transaction that fails') : undefined;
  const done: string[] = [];
  let isRefused = false;
  const running = pair.at(space).transaction(async (txn) => {
    for (let actions = random.int(0, 6); actions > 0; actions--) {
      if (random.chance(0.2)) await undefined;
      const action = random.weighted(ACTIONS);
      const key = randomKey(random);
      done.push(`${action} ${key}`);
      if (act[action](scene, txn, changes, key) === false) isRefused = true;
    }
    if (failure) throw failure;
    return changes.size;
  });
  const answer = await running.catch((error: unknown) => error);
  const isDone = !failure && !isRefused && pair.model.commit(space, changes);
  if (isDone) for (const key of changes.keys()) supersede(pair, space, key);
  if (failure) pair.same(answer, failure);
  else if (isDone) pair.same(answer, changes.size);
  // A mistake that was found within is no CacheError.
  else if (!(answer instanceof CacheError)) throw answer;
  return [...done, isDone ? 'is committed' : 'is not'];
}

type Act = (
  scene: Scene,
  txn: Transaction<string, Value>,
  changes: Map<string, PlainChange | undefined>,
  key: string,
) => unknown;

const act: Record<keyof typeof ACTIONS, Act> = {
  get({ pair, space }, txn, changes, key) {
    const expected = changes.has(key) ? changes.get(key) : pair.model.get(space, key);
    pair.same(txn.get(key), expected?.value);
  },

  set({ random, pair, isTimed }, txn, changes, key) {
    const value = pair.value(weight(random));
    const write = randomWrite(random, isTimed);
    if ((write.size ?? value.weight) > pair.model.maxBytes) {
      assert.throws(() => txn.set(key, value, write), CacheError);
      return false;
    }
    pair.same(txn.set(key, value, write), true);
    changes.set(key, { value, write });
    return true;
  },

  delete({ pair, space }, txn, changes, key) {
    const expected = changes.has(key) ? changes.get(key) : pair.model.peek(space, key);
    pair.same(txn.delete(key), expected !== undefined);
    changes.set(key, undefined);
  },

  /** Somebody else writes meanwhile. */
  past({ random, pair, space }, _txn, _changes, key) {
    const value = pair.value(weight(random));
    const stored = pair.at(space).set(key, value);
    supersede(pair, space, key);
    pair.same(stored, pair.model.set(space, key, value));
  },
};

/** All that is not dead, in the order in which it would go. */
export function dump({ pair, space }: Scene): void {
  const isMeant = (other: string) => isWithin(other, space);
  const real = pair.at(space).dump();
  const at = pair.clock.now();
  const plain = pair.model.dump(isMeant);
  const byValue = new Map(plain.map((entry) => [entry.value, entry]));
  pair.same(real.entries.length, plain.length);
  const list = real.entries.map(({ value }) => byValue.get(value));
  for (const [i, { key, namespace = [], size, tags = [], hits = 0, age }] of real.entries.entries()) {
    const entry = list[i];
    assert.ok(entry, `${key} is held`);
    const path = [...(space === '' ? [] : [space]), ...namespace].join('/');
    const expected = [entry.space, entry.key, entry.size, entry.tags, entry.hits, at - entry.born];
    pair.same([path, key, size, tags, hits, age], expected);
  }
  const stale = plain.filter((entry) => state(entry, at) === 'stale').length;
  const order = pair.model.order(isMeant);
  if (order) {
    pair.same(
      real.entries.slice(stale).map(({ value }) => value),
      order.map(({ value }) => value),
    );
  }
  const ends = list.slice(0, stale).map((entry) => (entry?.end ?? 0) + (entry?.grace ?? 0));
  pair.same(
    ends,
    ends.toSorted((a, b) => a - b),
  );
  pair.dumps.set(space, { real, plain: list.flatMap((entry) => entry ?? []) });
}

/** What was dumped comes back, to where it was. */
export function load({ pair, space }: Scene): unknown {
  const dumped = pair.dumps.get(space);
  if (dumped === undefined) return undefined;
  const count = pair.at(space).load(dumped.real);
  pair.supersede((flight) => isWithin(flight.space, space));
  // One space after the other, as they are emptied.
  pair.model.entries.sort((a, b) => SPACE_ORDER.indexOf(a.space) - SPACE_ORDER.indexOf(b.space));
  pair.same(
    count,
    pair.model.load((other) => isWithin(other, space), dumped.plain),
  );
  return { count };
}
