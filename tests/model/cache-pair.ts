import assert from 'node:assert/strict';
import { Cache } from '../../src/cache.js';
import type { CacheDump, CacheOptions } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import {
  PlainCache,
  type PlainEntry,
  type PlainRemoval,
  state,
  type Terms,
  type Value,
  type Write,
} from './plain-cache.js';

/** A cache whose inside can be checked. */
class OpenCache extends Cache<string, Value> {
  validate(): void {
    this.engine.store.validate();
  }
}

export interface PairOptions extends Partial<Terms> {
  policy: 'auto' | 'lru' | 'lfu' | 'fifo' | 'gdsf';
  maxBytes: number;
  maxEntries?: number | undefined;
  cost?: 'requests' | 'bytes' | 'balanced' | undefined;
  /** Whether anybody listens to removals: nobody may only where the model says who goes. */
  heard: boolean;
}

interface Flight {
  space: string;
  key: string;
  write: Write;
  /** Nothing has been written or removed that wins over it. */
  attached: boolean;
  end: (outcome: Value | Error | undefined) => void;
  answers: Promise<Value | undefined>[];
}

const never = Number.POSITIVE_INFINITY;

/** The namespaces of the test, by the names that lead to them; the cache itself is ''. */
export const SPACES: readonly string[] = ['', 'a', 'b', 'a/x'];

/** A cache beside its model: whatever is done is done to both, and must come out the same. */
export class CachePair {
  readonly clock = new FakeClock(1000);
  readonly cache: OpenCache;
  readonly model: PlainCache;
  readonly flights: Flight[] = [];
  /** The last dump of each space, and what it must hold. */
  readonly dumps = new Map<string, { real: CacheDump<string, Value>; plain: PlainEntry[] }>();
  readonly #told: PlainRemoval[] = [];
  readonly #spaces = new Map<string, Cache<string, Value>>();
  readonly #heard: boolean;
  #lastId = 0;

  constructor({ heard, maxEntries = never, ...options }: PairOptions) {
    const onEvicted: CacheOptions<string, Value>['onEvicted'] = (_key, value, reason) => {
      this.#told.push({ value, reason });
    };
    this.#heard = heard;
    this.cache = new OpenCache({
      ...options,
      maxEntries,
      clock: this.clock,
      sweepInterval: never,
      weigher: ({ weight }) => weight,
      ...(heard ? { onEvicted } : {}),
    });
    const { ttl = never, idleTtl = never, grace = 0, policy, maxBytes } = options;
    const plain = { policy, maxBytes, maxEntries, ttl, idleTtl, grace };
    this.model = new PlainCache(
      plain,
      () => this.clock.now(),
      (candidates) => this.#next(candidates),
    );
    for (const space of SPACES) this.#spaces.set(space, this.#open(space));
  }

  value(weight: number): Value {
    return { id: ++this.#lastId, weight };
  }

  /** The cache itself, or its namespace. */
  at(space: string): Cache<string, Value> {
    return this.#spaces.get(space)!;
  }

  /** The answers of both, for the same. */
  same(actual: unknown, expected: unknown): void {
    if (!Object.is(actual, expected)) assert.deepEqual(actual, expected);
  }

  /** Starts a load, or joins one. */
  load(space: string, key: string, write: Write): void {
    const known = this.model.peek(space, key)?.value;
    const joined = this.flights.find((flight) => flight.attached && flight.space === space && flight.key === key);
    let end: Flight['end'] = () => undefined;
    let ran = false;
    const factory = () => {
      ran = true;
      return new Promise<Value | undefined>((resolve, reject) => {
        end = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
      });
    };
    const answer = this.at(space).getOrSet(key, factory, write);
    this.model.get(space, key);
    this.same(ran, known === undefined && joined === undefined);
    if (known !== undefined) this.#answers.push(answer.then((value) => this.same(value, known)));
    else if (joined) joined.answers.push(answer);
    else this.flights.push({ space, key, write, attached: true, end, answers: [answer] });
  }

  /** Ends a load, and waits until its callers have their answers. */
  async settle(index: number, outcome: Value | Error | undefined): Promise<void> {
    const flight = this.flights.splice(index, 1)[0];
    if (!flight) return;
    const { space, key, attached, write } = flight;
    flight.end(outcome);
    const answers = await Promise.allSettled(flight.answers);
    await this.answered();
    if (attached && outcome !== undefined && !(outcome instanceof Error)) this.model.set(space, key, outcome, write);
    const held = this.model.held(space, key);
    const stale = held && state(held, this.clock.now()) === 'stale' ? held.value : undefined;
    for (const answer of answers) {
      if (!(outcome instanceof Error)) this.same(answer, { status: 'fulfilled', value: outcome });
      else if (stale) this.same(answer, { status: 'fulfilled', value: stale });
      else this.same(answer, { status: 'rejected', reason: outcome });
    }
  }

  /** What was loaded already has been answered. */
  async answered(): Promise<void> {
    await Promise.all(this.#answers.splice(0));
  }

  /** A load of such a key will not be stored. */
  supersede(choose: (flight: Flight) => boolean): void {
    for (const flight of this.flights) if (choose(flight)) flight.attached = false;
  }

  /** The ledger, and what was told. Cheap enough for each step. */
  check(): void {
    const { cache, model } = this;
    this.same(cache.bytes, model.bytes);
    this.same(cache.size, model.freshCount);
    const told = this.#told.splice(0);
    const expected = model.removals.splice(0);
    if (!this.#heard || (told.length === 0 && expected.length === 0)) return;
    const byId = (a: PlainRemoval, b: PlainRemoval) => a.value.id - b.value.id;
    assert.deepEqual(told.sort(byId), expected.sort(byId));
  }

  /** Everything that can be seen, and all that must hold inside. */
  checkAll(): void {
    this.cache.validate();
    const now = this.clock.now();
    for (const space of SPACES) {
      const view = this.at(space);
      const within = this.model.entries.filter((entry) => isWithin(entry.space, space));
      this.same(
        view.bytes,
        within.reduce((sum, { size }) => sum + size, 0),
      ); // prettier-ignore
      this.same(view.size, within.filter(({ end }) => end > now).length);
      const own = new Map(this.model.fresh(space).map((entry) => [entry.key, entry]));
      const seen = [...view.entries()];
      this.same(seen.length, own.size);
      for (const [key, value] of seen) this.same(value, own.get(key)?.value);
      for (const entry of this.model.entries) if (entry.space === space) this.#checkInfo(entry, now);
    }
    const { hits, misses, sets, deletes, evictions, expirations, rejected } = this.cache.stats.snapshot();
    assert.deepEqual({ hits, misses, sets, deletes, evictions, expirations, rejected }, this.model.counts);
  }

  async close(): Promise<void> {
    while (this.flights.length > 0) await this.settle(0, new Error('the end'));
    await this.cache.close();
    this.same([this.cache.size, this.cache.bytes], [0, 0]);
  }

  readonly #answers: Promise<void>[] = [];

  #checkInfo(entry: PlainEntry, now: number): void {
    const info = this.at(entry.space).info(entry.key);
    const is = state(entry, now);
    if (is === 'dead') {
      this.same(info, undefined);
      return;
    }
    const { size, hits, tags, end, born, ttl } = entry;
    const expected = {
      size,
      hits,
      tags,
      ttl,
      age: now - born,
      remainingTtl: Math.max(0, end - now),
      stale: is === 'stale',
    };
    const { cost: _cost, ...seen } = info!;
    assert.deepEqual(seen, expected);
  }

  #next(candidates: readonly PlainEntry[]): PlainEntry {
    const [only, ...others] = candidates;
    assert.ok(only, 'there is one that may go');
    if (!this.#heard) {
      assert.equal(others.length, 0);
      return only;
    }
    const told = this.#told[this.model.removals.length];
    const gone = candidates.find(({ value }) => value === told?.value);
    if (gone) return gone;
    const names = candidates.map(({ space, key, value }) => `${space}:${key} (value ${value.id})`);
    assert.fail(`the next to go for room is ${names.join(' or ')}; value ${told?.value.id} went (${told?.reason})`);
  }

  #open(space: string): Cache<string, Value> {
    let cache: Cache<string, Value> = this.cache;
    for (const name of space === '' ? [] : space.split('/')) cache = cache.namespace(name);
    return cache;
  }
}

/** Whether a namespace is another one, or within it. */
export function isWithin(space: string, outer: string): boolean {
  return outer === '' || space === outer || space.startsWith(`${outer}/`);
}
