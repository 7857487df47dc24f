import assert from 'node:assert/strict';
import type { RemovalReason, SharedCacheOptions } from '../../src/index.js';
import { SharedCache } from '../../src/shared-cache.js';
import type { KeeperHere } from './here.js';
import type { Terms, Write } from './plain-cache.js';

/** A value of the model test: its bytes tell which it is. */
export interface Image {
  id: number;
  bytes: Uint8Array;
}

interface Entry extends Terms {
  space: string;
  key: string;
  value: Image;
  size: number;
  tags: string[];
  born: number;
  /** Where its TTL ends, or where it was made to. */
  until: number;
  used: number;
}

interface Removal {
  id: string;
  reason: RemovalReason;
}

interface Written {
  space: string;
  key: string;
  value: Image;
  write: Write;
  /** What the write said, if it said anything. */
  stored?: boolean;
  /** Whether nothing can have taken it out again. */
  isSure?: boolean;
}

/** What an operation may take out. */
interface Expected {
  must?: readonly Entry[];
  may?: readonly Entry[];
  /** Overwritten besides. */
  mayReplace?: readonly Entry[];
  reason?: RemovalReason;
  /** Whether others may go for room. */
  room?: boolean;
  /** What is written with others, and may go for those that are written after it. */
  written?: readonly string[];
}

interface Flight {
  space: string;
  key: string;
  write: Write;
  attached: boolean;
  end: (outcome: Image | Error | undefined) => void;
  answers: Promise<Image | undefined>[];
}

const never = Number.POSITIVE_INFINITY;
/** More than any value costs besides its bytes. */
const OVERHEAD = 2048;

export const SPACES: readonly string[] = ['', 'a', 'b', 'a/x'];

/**
 * A SharedCache beside a plain model. Who goes for room is the keeper's affair, and is told; that nothing else goes, that
 * the stale go before the fresh, and that all the rest is there, is not.
 */
export class SharedPair {
  readonly flights: Flight[] = [];
  entries: Entry[] = [];
  readonly #spaces = new Map<string, SharedCache<Image>>();
  #lastId = 0;

  private constructor(
    readonly cache: SharedCache<Image>,
    readonly here: KeeperHere,
    readonly time: { now: number },
    readonly terms: Terms,
    readonly told: Removal[],
    readonly maxEntries: number,
  ) {}

  static async create(
    options: Omit<SharedCacheOptions<Image>, 'onEvicted' | keyof Terms> & Partial<Terms>,
    here: KeeperHere,
    time: { now: number },
  ): Promise<SharedPair> {
    const told: Removal[] = [];
    const cache = await SharedCache.create<Image>({
      ...options,
      onEvicted(key, { namespace = '' }, reason) {
        told.push({ id: `${namespace.replaceAll(':', '/')}|${key}`, reason });
      },
    });
    const { ttl = never, idleTtl = never, grace = 0 } = options;
    const pair = new SharedPair(cache, here, time, { ttl, idleTtl, grace }, told, options.maxEntries ?? never);
    for (const space of SPACES) {
      let view = cache;
      for (const name of space === '' ? [] : space.split('/')) view = view.namespace(name);
      pair.#spaces.set(space, view);
    }
    return pair;
  }

  at(space: string): SharedCache<Image> {
    return this.#spaces.get(space)!;
  }

  image(length: number): Image {
    const id = ++this.#lastId;
    return { id, bytes: new Uint8Array(length).fill(id) };
  }

  same(actual: unknown, expected: unknown): void {
    if (!Object.is(actual, expected)) assert.deepEqual(actual, expected);
  }

  sameImage(actual: Image | undefined, expected: Image | undefined): void {
    this.same(actual?.id, expected?.id);
    if (actual && expected) assert.equal(Buffer.compare(actual.bytes, expected.bytes), 0);
  }

  held(space: string, key: string): Entry | undefined {
    return this.entries.find((entry) => entry.space === space && entry.key === key);
  }

  fresh(space: string, key: string): Entry | undefined {
    const entry = this.held(space, key);
    return entry && this.end(entry) > this.time.now ? entry : undefined;
  }

  end({ until, used, idleTtl }: Entry): number {
    return Math.min(until, used + idleTtl);
  }

  isDead(entry: Entry): boolean {
    return this.end(entry) + entry.grace <= this.time.now;
  }

  /** A read that counts; short rests are not noted. */
  use(entry: Entry | undefined): Image | undefined {
    if (entry && this.time.now - entry.used > entry.idleTtl / 16) entry.used = this.time.now;
    return entry?.value;
  }

  /** A write has been answered. */
  wrote({ space, key, value, write, stored, isSure = true }: Written): void {
    const old = this.held(space, key);
    this.take({ may: old ? [old] : [], reason: 'replace', room: true });
    const info = this.at(space).info(key);
    const { maxBytes } = this.cache;
    if (isSure && value.bytes.length + OVERHEAD <= maxBytes) this.same(info !== undefined, true);
    if (value.bytes.length > maxBytes) this.same(info, undefined);
    if (stored !== undefined) this.same(stored, info !== undefined);
    if (info === undefined) return;
    const { ttl = this.terms.ttl, idleTtl = this.terms.idleTtl, grace = this.terms.grace, tags = [] } = write;
    const now = this.time.now;
    const lived = { ttl, idleTtl, grace, born: now, used: now, until: now + ttl };
    this.entries.push({ ...lived, space, key, value, size: info.size, tags: [...new Set(tags)] });
  }

  /** Whether so much may be too much to be written at once. */
  mayRefuse(bytes: number, entries: number): boolean {
    const { maxBytes } = this.cache;
    return bytes + entries * OVERHEAD > maxBytes || entries > this.maxEntries;
  }

  /** Takes in what was told. `must` are gone with that reason (the dead: `expire`), `may` perhaps; others for room only. */
  take(how: Expected = {}): void {
    const { must = [], may = [], mayReplace = [], reason = 'delete', room = false, written = [] } = how;
    for (const told of this.told.splice(0)) {
      const entry = this.entries.find(({ space, key }) => `${space}|${key}` === told.id);
      if (!entry && written.includes(told.id)) continue;
      assert.ok(entry, `${told.id} leaves (${told.reason}) although it is not there`);
      const isDead = this.isDead(entry);
      const isReplaced = mayReplace.includes(entry) && told.reason !== 'evict';
      const isMeant = isReplaced || must.includes(entry) || (may.includes(entry) && told.reason !== 'evict');
      if (!isMeant && !isDead) {
        assert.ok(room, `${told.id} leaves (${told.reason}) for no reason`);
        const isFresh = this.end(entry) > this.time.now;
        const stale = this.entries.filter((other) => this.end(other) <= this.time.now);
        if (isFresh) assert.deepEqual(stale, [], `${told.id} is fresh, and goes before what is stale`);
      }
      this.same(told.reason, isDead ? 'expire' : isReplaced ? 'replace' : isMeant ? reason : 'evict');
      this.entries.splice(this.entries.indexOf(entry), 1);
    }
    // An old value that is overwritten has always gone, whatever for; what is deleted too.
    for (const entry of [...must, ...may, ...mayReplace])
      assert.ok(!this.entries.includes(entry), `${entry.key} is still there`);
  }

  async load(space: string, key: string, write: Write): Promise<void> {
    const known = this.fresh(space, key);
    const joined = this.flights.find((flight) => flight.attached && flight.space === space && flight.key === key);
    let end: Flight['end'] = () => undefined;
    let ran = false;
    const factory = () => {
      ran = true;
      return new Promise<Image | undefined>((resolve, reject) => {
        end = (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome));
      });
    };
    const answer = this.at(space).getOrSet(key, factory, write);
    if (known) {
      this.sameImage(await answer, this.use(known));
      return;
    }
    answer.catch(() => undefined);
    await settled();
    this.same(ran, joined === undefined);
    if (joined) joined.answers.push(answer);
    else this.flights.push({ space, key, write, attached: true, end, answers: [answer] });
  }

  async settle(index: number, outcome: Image | Error | undefined): Promise<void> {
    const flight = this.flights.splice(index, 1)[0];
    if (!flight) return;
    const { space, key, attached, write } = flight;
    const old = this.held(space, key);
    flight.end(outcome);
    const answers = await Promise.allSettled(flight.answers);
    await settled();
    const value = outcome instanceof Error ? undefined : outcome;
    if (attached && value) this.wrote({ space, key, value, write });
    else this.take({ room: value !== undefined });
    const stale = old && this.entries.includes(old) && this.end(old) <= this.time.now ? old.value : undefined;
    for (const answer of answers) {
      if (answer.status === 'fulfilled') this.sameImage(answer.value, outcome instanceof Error ? stale : outcome);
      else this.same([answer.reason, stale], [outcome, undefined]);
    }
  }

  supersede(choose: (flight: Flight) => boolean): void {
    for (const flight of this.flights) if (choose(flight)) flight.attached = false;
  }

  check(): void {
    const { cache } = this;
    this.take();
    let [bytes, size] = [0, 0];
    for (const entry of this.entries) {
      bytes += entry.size;
      if (this.end(entry) > this.time.now) size++;
    }
    this.same(cache.bytes, bytes);
    this.same(cache.size, size);
    assert.ok(bytes <= cache.maxBytes);
  }

  checkAll(): void {
    this.here.keeper.validate();
    const { now } = this.time;
    for (const space of SPACES) {
      const view = this.at(space);
      const own = this.entries.filter((entry) => entry.space === space);
      const fresh = own.filter((entry) => this.end(entry) > now);
      this.same([...view.keys()].sort(), fresh.map(({ key }) => key).sort());
      for (const entry of own) {
        const { key, value, size, ttl, born, tags } = entry;
        const stale = this.end(entry) <= now;
        this.sameImage(view.peek(key), stale ? undefined : value);
        const { cost: _cost, hits: _hits, ...info } = view.info(key)!;
        const remainingTtl = Math.max(0, this.end(entry) - now);
        assert.deepEqual(info, { size, ttl, remainingTtl, age: now - born, tags, stale });
      }
    }
  }

  async close(): Promise<void> {
    while (this.flights.length > 0) await this.settle(0, new Error('the end'));
    await this.cache.close();
    const { allocator } = this.here.keeper.arena;
    this.same(allocator.freeUnits, allocator.totalUnits);
  }
}

/** Everything that is under way in this turn has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
