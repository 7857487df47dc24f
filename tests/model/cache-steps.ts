import { type CachePair, isWithin, type PairOptions, SPACES } from './cache-pair.js';
import { dump, load, transaction } from './cache-wholes.js';
import { type PlainEntry, state } from './plain-cache.js';
import type { Random } from './random.js';
import { randomKey, randomWrite, type Scene, someKeys, supersede, TAGS, weight } from './scene.js';

/** How often each step is taken. */
const WEIGHTS = {
  set: 22,
  get: 16,
  setMany: 1,
  getMany: 1,
  deleteMany: 1,
  peek: 3,
  delete: 3,
  take: 2,
  update: 3,
  touch: 3,
  expire: 3,
  advance: 6,
  load: 4,
  settle: 4,
  deleteByTag: 1,
  deleteByPrefix: 0.5,
  deleteByPattern: 0.5,
  deleteWhere: 0.5,
  sweep: 1,
  resize: 1,
  clear: 0.15,
  transaction: 3,
  dump: 0.3,
  restore: 0.3,
};

type StepName = keyof typeof WEIGHTS;

/** The options of a run. */
export function randomOptions(random: Random, policy: PairOptions['policy']): PairOptions {
  const isExact = policy === 'lru' || policy === 'fifo' || policy === 'lfu';
  const heard = !isExact || random.chance(0.7);
  const isTimed = heard && random.chance(0.8);
  return {
    policy,
    maxBytes: random.int(200, 2000),
    maxEntries: random.maybe(0.5, () => random.int(1, 30)),
    cost: random.of(['requests', 'bytes', 'balanced'] as const),
    heard,
    ...(isTimed && random.chance(0.5) ? { ttl: random.int(1, 100) } : {}),
    ...(isTimed && random.chance(0.2) ? { idleTtl: random.int(1, 50) } : {}),
    ...(isTimed && random.chance(0.4) ? { grace: random.int(1, 50) } : {}),
  };
}

/** Takes one random step on both, and adds to `done` what it was. */
export async function step(random: Random, pair: CachePair, isTimed: boolean, done: string[]): Promise<void> {
  const name = random.weighted(WEIGHTS);
  const space = random.chance(0.6) ? '' : random.of(SPACES);
  const key = randomKey(random);
  done.push(`${name} ${space}:${key}`);
  const more = await steps[name]({ random, pair, space, key, isTimed });
  if (more !== undefined) done.push(`${done.pop()} ${JSON.stringify(more)}`);
}

const steps: Record<StepName, (scene: Scene) => unknown> = {
  set({ random, pair, space, key, isTimed }) {
    const value = pair.value(weight(random));
    const write = randomWrite(random, isTimed);
    const stored = pair.at(space).set(key, value, write);
    supersede(pair, space, key);
    pair.same(stored, pair.model.set(space, key, value, write));
    return { id: value.id, weight: value.weight, ...write };
  },

  get({ pair, space, key }) {
    const value = pair.at(space).get(key);
    pair.same(value, pair.model.get(space, key)?.value);
  },

  setMany({ random, pair, space, isTimed }) {
    const write = randomWrite(random, isTimed);
    const entries = someKeys(random).map((key) => [key, pair.value(weight(random))] as const);
    const stored = pair.at(space).setMany(entries, write);
    let expected = 0;
    for (const [key, value] of entries) {
      supersede(pair, space, key);
      if (pair.model.set(space, key, value, write)) expected++;
    }
    pair.same(stored, expected);
    return { entries, write };
  },

  getMany({ random, pair, space }) {
    const keys = someKeys(random);
    const found = pair.at(space).getMany(keys);
    const expected = new Map();
    for (const key of keys) {
      const entry = pair.model.get(space, key);
      if (entry) expected.set(key, entry.value);
    }
    pair.same([...found], [...expected]);
    return keys;
  },

  deleteMany({ random, pair, space }) {
    const keys = someKeys(random);
    const count = pair.at(space).deleteMany(keys);
    for (const key of keys) supersede(pair, space, key);
    pair.same(count, keys.filter((key) => pair.model.delete(space, key)).length);
    return keys;
  },

  peek({ pair, space, key }) {
    const cache = pair.at(space);
    const value = cache.peek(key);
    const expected = pair.model.peek(space, key)?.value;
    pair.same(value, expected);
    pair.same(cache.has(key), expected !== undefined);
  },

  delete({ pair, space, key }) {
    const gone = pair.at(space).delete(key);
    supersede(pair, space, key);
    pair.same(gone, pair.model.delete(space, key));
  },

  take({ pair, space, key }) {
    const value = pair.at(space).take(key);
    supersede(pair, space, key);
    pair.same(value, pair.model.get(space, key)?.value);
    pair.model.delete(space, key);
  },

  update({ random, pair, space, key, isTimed }) {
    const write = randomWrite(random, isTimed);
    const value = pair.value(weight(random));
    const expected = pair.model.peek(space, key)?.value;
    const stored = pair.at(space).update(
      key,
      (old) => {
        pair.same(old, expected);
        return value;
      },
      write,
    );
    supersede(pair, space, key);
    pair.same(stored, value);
    pair.model.set(space, key, value, write);
    return { id: value.id, weight: value.weight, ...write };
  },

  touch({ random, pair, space, key, isTimed }) {
    const ttl = isTimed ? random.maybe(0.5, () => random.int(1, 100)) : undefined;
    const touched = pair.at(space).touch(key, ttl);
    pair.same(touched, pair.model.touch(space, key, ttl));
    return ttl;
  },

  expire({ pair, space, key, isTimed }) {
    if (!isTimed) return;
    const expired = pair.at(space).expire(key);
    supersede(pair, space, key);
    pair.same(expired, pair.model.expire(space, key));
  },

  advance({ random, pair }) {
    const ms = random.int(1, 20);
    pair.clock.advance(ms);
    return ms;
  },

  load({ random, pair, space, key, isTimed }) {
    const write = randomWrite(random, isTimed);
    pair.load(space, key, write);
    return write;
  },

  async settle({ random, pair }) {
    if (pair.flights.length === 0) return undefined;
    const index = random.int(0, pair.flights.length - 1);
    const value = random.chance(0.8) ? pair.value(weight(random)) : undefined;
    const outcome = value ?? (random.chance(0.7) ? new Error('a load that fails') : undefined);
    const { space, key } = pair.flights[index]!;
    await pair.settle(index, outcome);
    return { space, key, outcome: value ?? String(outcome) };
  },

  deleteByTag({ random, pair, space }) {
    const tags = random.chance(0.7) ? random.of(TAGS) : [random.of(TAGS), random.of(TAGS)];
    const bears = (one: { space: string }, borne: readonly string[]) =>
      isWithin(one.space, space) && borne.some((tag) => tags.includes(tag));
    const count = pair.at(space).deleteByTag(tags);
    const gone = pair.model.entries.filter((entry) => bears(entry, entry.tags));
    pair.supersede((flight) => bears(flight, flight.write.tags ?? []));
    for (const { space, key } of gone) supersede(pair, space, key);
    pair.same(count, pair.model.deleteAll(gone));
    return tags;
  },

  deleteByPrefix({ random, pair, space }) {
    const prefix = random.of(['1', '2', '13']);
    const count = pair.at(space).deleteByPrefix(prefix);
    deleteMatching(pair, space, (key) => key.startsWith(prefix), count);
    return prefix;
  },

  deleteByPattern({ random, pair, space }) {
    const isGlob = random.chance(0.5);
    const count = pair.at(space).deleteByPattern(isGlob ? '1?' : /[35]$/);
    deleteMatching(pair, space, (key) => (isGlob ? key.length === 2 : /[35]$/.test(key)), count);
    return isGlob;
  },

  deleteWhere({ random, pair, space }) {
    const weight = random.int(50, 150);
    const count = pair.at(space).deleteWhere((_key, value, info) => value.weight > weight || info.hits > 2);
    const isWanted = ({ value, hits }: PlainEntry) => value.weight > weight || hits > 2;
    const now = pair.clock.now();
    const held = pair.model.entries.filter((entry) => entry.space === space && state(entry, now) !== 'dead');
    const gone = held.filter(isWanted);
    for (const { key } of gone) supersede(pair, space, key);
    pair.same(count, pair.model.deleteAll(gone));
    return weight;
  },

  sweep({ pair }) {
    const count = pair.cache.sweep();
    pair.same(count, pair.model.sweep());
  },

  resize({ random, pair }) {
    const maxBytes = random.int(200, 2000);
    pair.cache.resize(maxBytes);
    pair.model.resize(maxBytes);
    return maxBytes;
  },

  clear({ pair, space }) {
    pair.at(space).clear();
    pair.supersede((flight) => isWithin(flight.space, space));
    if (space === '') pair.model.clear();
    else
      pair.model.deleteAll(
        pair.model.entries.filter((entry) => isWithin(entry.space, space)),
        'clear',
      );
  },

  transaction,
  dump,
  restore: load,
};

/** In one space: namespaces within are not looked at. */
function deleteMatching(pair: CachePair, space: string, matches: (key: string) => boolean, count: number): void {
  const chosen = (one: { space: string; key: string }) => one.space === space && matches(one.key);
  pair.supersede(chosen);
  pair.same(count, pair.model.deleteAll(pair.model.entries.filter(chosen)));
}
