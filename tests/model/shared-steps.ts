import { CacheError } from '../../src/index.js';
import { isWithin } from './cache-pair.js';
import type { Write } from './plain-cache.js';
import type { Random } from './random.js';
import { type Image, type SharedPair, SPACES } from './shared-pair.js';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'ключ', 'a longer key than the others, and some more of it'];
const TAGS = ['red', 'blue', 'зелёный'];
const KIB = 1024;

const WEIGHTS = {
  set: 24,
  get: 14,
  setMany: 1,
  getMany: 1,
  deleteMany: 1,
  peek: 3,
  delete: 3,
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
  clear: 0.2,
  take: 2,
  update: 3,
  transaction: 3,
};

interface Scene {
  random: Random;
  pair: SharedPair;
  space: string;
  key: string;
}

/** Takes one random step on both, and adds to `done` what it was. */
export async function sharedStep(random: Random, pair: SharedPair, done: string[]): Promise<void> {
  const name = random.weighted(WEIGHTS);
  const space = random.chance(0.6) ? '' : random.of(SPACES);
  const key = random.of(random.chance(0.5) ? KEYS.slice(0, 3) : KEYS);
  done.push(`${name} ${space}:${key}`);
  const more = await steps[name]({ random, pair, space, key });
  if (more !== undefined) done.push(`${done.pop()} ${JSON.stringify(more)}`);
}

const steps: Record<keyof typeof WEIGHTS, (scene: Scene) => unknown> = {
  async set({ random, pair, space, key }) {
    const image = randomImage(random, pair);
    const write = randomWrite(random);
    supersede(pair, space, key);
    const stored = await pair.at(space).set(key, image, write);
    pair.wrote({ space, key, value: image, write, stored });
    return { id: image.id, length: image.bytes.length, ...write };
  },

  get({ pair, space, key }) {
    const image = pair.at(space).get(key);
    pair.sameImage(image, pair.use(pair.fresh(space, key)));
  },

  async setMany({ random, pair, space }) {
    const write = randomWrite(random);
    const keys = [...new Set(someKeys(random))];
    const entries = keys.map((key) => [key, pair.image(random.int(0, 500))] as const);
    for (const key of keys) supersede(pair, space, key);
    const old = keys.flatMap((key) => pair.held(space, key) ?? []);
    const count = await pair.at(space).setMany(entries, write);
    pair.same(count, keys.length);
    pair.take({ may: old, reason: 'replace', room: true, written: keys.map((key) => `${space}|${key}`) });
    // One of them may have gone for the next.
    for (const [key, value] of entries) pair.wrote({ space, key, value, write, isSure: false });
    return { entries: entries.map(([key, { id }]) => [key, id]), ...write };
  },

  getMany({ random, pair, space }) {
    const keys = someKeys(random);
    const found = pair.at(space).getMany(keys);
    const expected = new Set(keys.filter((key) => pair.fresh(space, key)));
    pair.same([...found.keys()], [...expected]);
    for (const key of keys) if (found.has(key)) pair.sameImage(found.get(key), pair.use(pair.fresh(space, key)));
    return keys;
  },

  async deleteMany({ random, pair, space }) {
    const keys = [...new Set(someKeys(random))];
    for (const key of keys) supersede(pair, space, key);
    const fresh = keys.filter((key) => pair.fresh(space, key));
    const count = await pair.at(space).deleteMany(keys);
    pair.same(count, fresh.length);
    pair.take({ must: keys.flatMap((key) => pair.held(space, key) ?? []) });
    return keys;
  },

  peek({ pair, space, key }) {
    const expected = pair.fresh(space, key)?.value;
    pair.sameImage(pair.at(space).peek(key), expected);
    pair.same(pair.at(space).has(key), expected !== undefined);
  },

  async delete({ pair, space, key }) {
    supersede(pair, space, key);
    const gone = await pair.at(space).delete(key);
    pair.same(gone, pair.fresh(space, key) !== undefined);
    const old = pair.held(space, key);
    pair.take({ must: old ? [old] : [] });
  },

  async touch({ random, pair, space, key }) {
    const ttl = random.maybe(0.5, () => random.int(1, 100));
    const touched = await pair.at(space).touch(key, ttl);
    const entry = pair.fresh(space, key);
    pair.same(touched, entry !== undefined);
    if (!entry) return;
    entry.ttl = ttl ?? entry.ttl;
    entry.born = pair.time.now;
    entry.used = pair.time.now;
    entry.until = pair.time.now + entry.ttl;
  },

  async expire({ pair, space, key }) {
    supersede(pair, space, key);
    const expired = await pair.at(space).expire(key);
    const entry = pair.fresh(space, key);
    pair.same(expired, entry !== undefined);
    if (entry) entry.until = pair.time.now;
  },

  async advance({ random, pair }) {
    const ms = random.int(1, 20);
    pair.time.now += ms;
    // The keeper's own timer: what is dead by now goes.
    pair.here.keeper.settle();
    await pair.cache.sweep();
    pair.take({ must: pair.entries.filter((entry) => pair.isDead(entry)), reason: 'expire' });
    return ms;
  },

  async load({ random, pair, space, key }) {
    const write = randomWrite(random);
    await pair.load(space, key, write);
    return write;
  },

  async settle({ random, pair }) {
    if (pair.flights.length === 0) return undefined;
    const index = random.int(0, pair.flights.length - 1);
    const image = random.chance(0.8) ? randomImage(random, pair) : undefined;
    const { space, key } = pair.flights[index]!;
    await pair.settle(index, image ?? (random.chance(0.7) ? new Error('a load that fails') : undefined));
    return { space, key, id: image?.id, length: image?.bytes.length };
  },

  async deleteByTag({ random, pair, space }) {
    const tags = random.chance(0.7) ? random.of(TAGS) : [random.of(TAGS), random.of(TAGS)];
    const bears = (one: { space: string }, borne: readonly string[]) =>
      isWithin(one.space, space) && borne.some((tag) => [tags].flat().includes(tag));
    const gone = pair.entries.filter((entry) => bears(entry, entry.tags));
    const fresh = gone.filter((entry) => pair.end(entry) > pair.time.now);
    pair.supersede((flight) => bears(flight, flight.write.tags ?? []));
    for (const { space, key } of gone) supersede(pair, space, key);
    pair.same(await pair.at(space).deleteByTag(tags), fresh.length);
    pair.take({ must: gone });
    return tags;
  },

  async deleteByPrefix({ pair, space }) {
    await deleteMatching(
      pair,
      space,
      (key) => key.startsWith('a'),
      () => pair.at(space).deleteByPrefix('a'),
    );
  },

  async deleteByPattern({ pair, space }) {
    await deleteMatching(
      pair,
      space,
      (key) => /^[bcd]$/.test(key),
      () => pair.at(space).deleteByPattern('[b-d]'),
    );
  },

  async deleteWhere({ random, pair, space }) {
    const id = random.int(0, 3);
    const chosen = pair.entries.filter((entry) => entry.space === space && entry.value.id % 4 === id);
    const gone = chosen.filter((entry) => !pair.isDead(entry));
    for (const { key } of gone) supersede(pair, space, key);
    const fresh = gone.filter((entry) => pair.end(entry) > pair.time.now);
    pair.same(await pair.at(space).deleteWhere((_key, value) => value.id % 4 === id), fresh.length);
    pair.take({ must: gone });
    return id;
  },

  async sweep({ pair }) {
    const dead = pair.entries.filter((entry) => pair.isDead(entry));
    pair.same(await pair.cache.sweep(), dead.length);
    pair.take({ must: dead, reason: 'expire' });
  },

  async resize({ random, pair }) {
    const maxBytes = random.int(16, 64) * KIB;
    await pair.cache.resize(maxBytes);
    pair.take({ room: true });
    return maxBytes;
  },

  async clear({ pair, space }) {
    pair.supersede((flight) => isWithin(flight.space, space));
    await pair.at(space).clear();
    pair.take({ must: pair.entries.filter((entry) => isWithin(entry.space, space)), reason: 'clear' });
  },

  async take({ pair, space, key }) {
    supersede(pair, space, key);
    const expected = pair.use(pair.fresh(space, key));
    pair.sameImage(await pair.at(space).take(key), expected);
    const old = pair.held(space, key);
    pair.take({ must: old ? [old] : [] });
  },

  async update({ random, pair, space, key }) {
    const image = randomImage(random, pair);
    const write = randomWrite(random);
    const expected = pair.fresh(space, key)?.value;
    const answer = await pair.at(space).update(
      key,
      (old) => {
        pair.sameImage(old, expected);
        return image;
      },
      write,
    );
    supersede(pair, space, key);
    pair.sameImage(answer, image);
    pair.wrote({ space, key, value: image, write });
    return { id: image.id, length: image.bytes.length, ...write };
  },

  async transaction({ random, pair, space }) {
    const changes = new Map<string, { value: Image; write: Write } | undefined>();
    const failure = random.chance(0.25) ? new Error('a transaction that fails') : undefined;
    let isTooLarge = false;
    const running = pair.at(space).transaction(async (txn) => {
      for (let actions = random.int(0, 5); actions > 0; actions--) {
        const key = random.of(KEYS);
        const known = changes.has(key) ? changes.get(key)?.value : pair.fresh(space, key)?.value;
        const action = random.of(['get', 'set', 'delete'] as const);
        if (action === 'get') {
          if (!changes.has(key)) pair.use(pair.fresh(space, key));
          pair.sameImage(txn.get(key), known);
        } else if (action === 'delete') {
          pair.same(txn.delete(key), known !== undefined);
          changes.set(key, undefined);
        } else {
          const change = { value: randomImage(random, pair), write: randomWrite(random) };
          isTooLarge ||= pair.mayRefuse(change.value.bytes.length, 1);
          txn.set(key, change.value, change.write);
          changes.set(key, change);
        }
        if (random.chance(0.2)) await undefined;
      }
      if (failure) throw failure;
      return changes.size;
    });
    const answer = await running.catch((error: unknown) => error);
    const sum = [...changes.values()].reduce((bytes, change) => bytes + (change?.value.bytes.length ?? 0), 0);
    if (answer instanceof CacheError) {
      // More than fits in at once: others may have gone for it, and nothing else has changed.
      pair.same(isTooLarge || pair.mayRefuse(sum, changes.size), true);
      pair.take({ room: true });
      return 'is refused';
    }
    pair.same(answer, failure ?? changes.size);
    if (failure) return 'fails';
    for (const key of changes.keys()) supersede(pair, space, key);
    const held = (isWrite: boolean) =>
      [...changes].flatMap(([key, change]) =>
        (change !== undefined) === isWrite ? (pair.held(space, key) ?? []) : [],
      );
    const [gone, old] = [held(false), held(true)];
    pair.take({ must: gone, mayReplace: old, room: true });
    for (const [key, change] of changes) if (change) pair.wrote({ space, key, ...change });
    return [...changes].map(([key, change]) => [key, change?.value.id]);
  },
};

function supersede(pair: SharedPair, space: string, key: string): void {
  pair.supersede((flight) => flight.space === space && flight.key === key);
}

/** In one space: namespaces within are not looked at. */
async function deleteMatching(
  pair: SharedPair,
  space: string,
  matches: (key: string) => boolean,
  remove: () => Promise<number>,
): Promise<void> {
  const chosen = (one: { space: string; key: string }) => one.space === space && matches(one.key);
  pair.supersede(chosen);
  const gone = pair.entries.filter(chosen);
  const fresh = gone.filter((entry) => pair.end(entry) > pair.time.now);
  pair.same(await remove(), fresh.length);
  pair.take({ must: gone });
}

/** Mostly small, now and then more than the whole cache. */
function randomImage(random: Random, pair: SharedPair): Image {
  return pair.image(random.chance(0.02) ? random.int(0, 80 * KIB) : random.int(0, random.chance(0.5) ? 300 : 5 * KIB));
}

function someKeys(random: Random): string[] {
  return Array.from({ length: random.int(0, 4) }, () => random.of(KEYS));
}

function randomWrite(random: Random): Write {
  const write: Write = {};
  if (random.chance(0.3)) write.tags = Array.from({ length: random.int(0, 3) }, () => random.of(TAGS));
  if (random.chance(0.5)) return write;
  if (random.chance(0.7)) write.ttl = random.chance(0.1) ? Number.POSITIVE_INFINITY : random.int(1, 100);
  if (random.chance(0.2)) write.idleTtl = random.int(1, 40);
  if (random.chance(0.3)) write.grace = random.int(1, 60);
  return write;
}
