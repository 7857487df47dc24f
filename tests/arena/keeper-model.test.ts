import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Keeper } from '../../src/arena/keeper.js';
import { ENTRY_OVERHEAD_BYTES, HEADER } from '../../src/arena/layout.js';
import type { CacheConfig } from '../../src/arena/protocol.js';
import type { Grant } from '../../src/arena/write-protocol.js';
import { Bench, config, createKeeper, FOREVER, isSame, Line, pattern, type Refused } from './support/line.js';

const KIB = 1024;

interface Held {
  seed: number;
  length: number;
}

interface Open {
  key: string;
  seed: number;
  length: number;
  /** Unset while it waits for room. */
  grant: Grant | undefined;
  request: number;
  ttlMs: number;
  /** Something came later that wins. */
  outdone: boolean;
}

interface Pinned {
  pin: number;
  view: Uint8Array;
  copy: Uint8Array;
}

/** What a cache is told to do, and what must be in it after all that it has told of. */
class Model {
  readonly held = new Map<string, Held>();
  readonly open: Open[] = [];
  /** Stored, and not told of yet. */
  readonly #arrived: Open[] = [];
  readonly pinned: Pinned[] = [];
  readonly deadlines = new Map<string, number>();
  /** Bytes that were taken after the last step. */
  committed = 0;

  constructor(
    readonly bench: Bench,
    readonly clock: { now: number },
  ) {}

  begin(key: string, seed: number, length: number): void {
    const request = this.bench.reserve(key, length);
    this.#open({ key, seed, length, request, ttlMs: Number.POSITIVE_INFINITY });
  }

  /** The keeper writes and enters it, as soon as there is room; what does not fit into the outbox goes the long way. */
  store(key: string, seed: number, length: number, ttlMs: number): void {
    const request = this.bench.store(key, pattern(seed, length), { ...FOREVER, ttlMs });
    if (request < 0) this.begin(key, seed, length);
    else this.#open({ key, seed, length, request, ttlMs });
  }

  #open(one: Omit<Open, 'grant' | 'outdone'>): void {
    this.open.push({ ...one, grant: undefined, outdone: false });
    this.look();
  }

  /** Takes in what was granted or refused since the last look. */
  look(): void {
    for (const one of [...this.open]) {
      if (one.grant) continue;
      const answer = this.bench.line.answerTo<Grant | Refused | { stored: boolean }>(one.request)?.result;
      if (answer === undefined) continue;
      if ('refused' in answer) this.open.splice(this.open.indexOf(one), 1);
      else if ('stored' in answer) this.#arrive(one, answer.stored);
      else one.grant = answer;
    }
  }

  /** What was asked for before it, for the same key, is outdone by what is stored. */
  #arrive(one: Open, stored: boolean): void {
    expect(stored).toBe(!one.outdone);
    const at = this.open.indexOf(one);
    this.open.splice(at, 1);
    if (!stored) return;
    for (const other of this.open.slice(0, at)) if (other.key === one.key) other.outdone = true;
    this.#arrived.push(one);
  }

  commit(pick: number, ttlMs: number): void {
    const ready = this.open.filter(({ grant }) => grant !== undefined);
    const one = ready[pick % ready.length];
    if (one === undefined) return;
    one.ttlMs = ttlMs;
    const stored = this.bench.commit(one.key, one.grant!, pattern(one.seed, one.length), { ...FOREVER, ttlMs });
    this.#arrive(one, stored);
    this.tell();
  }

  abort(pick: number): void {
    const ready = this.open.filter(({ grant }) => grant !== undefined);
    const one = ready[pick % ready.length];
    if (one === undefined) return;
    this.open.splice(this.open.indexOf(one), 1);
    this.bench.line.ask({ op: 'abort', reservation: one.grant!.reservation });
  }

  outdo(key?: string): void {
    for (const one of this.open) if (key === undefined || one.key === key) one.outdone = true;
  }

  /** Applies what the keeper has told: each removal takes out just what is held. */
  tell(): void {
    this.look();
    for (const news of this.bench.line.takeNews()) {
      const { key } = news;
      if (news.type === 'removal') {
        const { reason, size } = news;
        const held = this.held.get(key);
        expect(held, `${key} leaves once (${reason})`).toBeDefined();
        if (reason === 'expire') expect(this.deadlines.get(key)).toBeLessThanOrEqual(this.clock.now);
        expect(size).toBeGreaterThanOrEqual(held!.length);
        this.held.delete(key);
        this.deadlines.delete(key);
      } else if (news.type === 'set') {
        const set = this.#arrived.shift();
        expect(key).toBe(set?.key);
        this.held.set(key, { seed: set!.seed, length: set!.length });
        this.deadlines.set(key, this.clock.now + set!.ttlMs);
      }
    }
  }
}

const keys = [...'abcdefghijklmnop', 'ключ', 'a longer key than the others, and some more of it'];

const step = fc.record({
  kind: fc.oneof(
    { weight: 20, arbitrary: fc.constant('set' as const) },
    { weight: 12, arbitrary: fc.constant('store' as const) },
    { weight: 10, arbitrary: fc.constantFrom('begin', 'commit', 'commit', 'abort') },
    { weight: 8, arbitrary: fc.constantFrom('delete', 'expire', 'touch', 'wait', 'sweep') },
    { weight: 8, arbitrary: fc.constantFrom('pin', 'unpin', 'unpin') },
    { weight: 1, arbitrary: fc.constantFrom('resize', 'resize', 'clear') },
  ),
  which: fc.nat(1),
  key: fc.oneof(fc.constantFrom('a', 'b'), fc.constantFrom(...keys)),
  size: fc.oneof(fc.integer({ min: 0, max: 4 * KIB }), fc.integer({ min: 0, max: 20 * KIB })),
  pick: fc.nat(1000),
  ttl: fc.constantFrom(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 50, 500),
});

/** All that must hold after each step. */
function check(keeper: Keeper, models: readonly Model[]): void {
  keeper.validate();
  let entries = 0;
  let charged = 0;
  let reserved = 0;
  for (const model of models) {
    const { bench, held, pinned, open } = model;
    const cache = keeper.caches.get(bench.cache)!;
    const { table } = bench;
    expect(table.header(HEADER.bytes)).toBe(cache.store.bytes);
    // What is pinned or being written when a budget shrinks stays; but nothing is added to it.
    expect(cache.committedBytes).toBeLessThanOrEqual(Math.max(cache.config.maxBytes, model.committed));
    model.committed = cache.committedBytes;
    const found = new Map<string, Held>();
    bench.reader.forEachReady((slot) => {
      const key = bench.reader.key(slot)!;
      expect(found.has(key)).toBe(false);
      const expected = held.get(key);
      expect(expected, `${key} is held`).toBeDefined();
      expect(isSame(bench.bytesAt(slot), pattern(expected!.seed, expected!.length))).toBe(true);
      found.set(key, expected!);
    });
    expect(found.size).toBe(held.size);
    for (const [key, { length }] of held) expect(bench.get(key)?.length).toBe(length);
    for (const key of keys) if (!held.has(key)) expect(bench.get(key)).toBeUndefined();
    for (const { view, copy } of pinned) expect(isSame(view, copy)).toBe(true);
    entries += held.size;
    charged += cache.committedBytes;
    reserved += open.filter(({ grant }) => grant).length;
  }
  const { allocator, limboSize } = keeper.arena;
  const used = (allocator.totalUnits - allocator.freeUnits) * 64;
  expect(used + (entries + reserved + limboSize) * ENTRY_OVERHEAD_BYTES).toBe(charged);
}

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function run(steps: readonly Step[], more: Partial<CacheConfig>) {
  const clock = { now: 1000 };
  const keeper = createKeeper(() => clock.now);
  const models = ['one', 'two'].map((name) => {
    const bench = Bench.create(new Line(keeper), config(name, 64 * KIB, more));
    bench.line.ask({ op: 'subscribe', cache: bench.cache, listening: true });
    return new Model(bench, clock);
  });
  const lookAll = () => {
    for (const model of models) {
      model.look();
      model.tell();
    }
  };
  let seed = 0;
  for (const { kind, which, key, size, pick, ttl } of steps) {
    const model = models[which]!;
    const { bench, held, pinned, open } = model;
    const { line, cache, reader } = bench;
    seed++;
    switch (kind) {
      case 'set':
        model.begin(key, seed, size);
        model.tell();
        if (open.at(-1)?.grant && open.at(-1)?.seed === seed) {
          const ready = open.filter(({ grant }) => grant !== undefined);
          model.commit(ready.length - 1, ttl);
        }
        break;
      case 'store':
        model.store(key, seed, size, ttl);
        break;
      case 'begin':
        model.begin(key, seed, size);
        break;
      case 'commit':
        model.commit(pick, ttl);
        break;
      case 'abort':
        model.abort(pick);
        break;
      case 'delete': {
        const fresh = (model.deadlines.get(key) ?? 0) > clock.now;
        expect(bench.delete(key)).toBe(fresh);
        model.outdo(key);
        break;
      }
      case 'expire': {
        const fresh = (model.deadlines.get(key) ?? 0) > clock.now;
        expect(line.ask({ op: 'expire', cache, key, hash: bench.hash(key) })).toBe(fresh);
        if (fresh) model.deadlines.set(key, clock.now);
        model.outdo(key);
        break;
      }
      case 'touch': {
        const fresh = (model.deadlines.get(key) ?? 0) > clock.now;
        expect(line.ask({ op: 'touch', cache, key, hash: bench.hash(key), ttlMs: 80 })).toBe(fresh);
        if (fresh) model.deadlines.set(key, clock.now + 80);
        break;
      }
      case 'resize':
        line.ask({ op: 'resize', cache, maxBytes: 40 * KIB + (pick % 30) * KIB });
        break;
      case 'pin': {
        const slot = reader.pinKey(key);
        expect(slot >= 0).toBe(held.has(key));
        if (slot < 0) break;
        reader.noteHit(slot);
        const view = bench.bytesAt(slot);
        pinned.push({ pin: reader.pin, view, copy: view.slice() });
        break;
      }
      case 'unpin': {
        const [one] = pinned.splice(pick % Math.max(1, pinned.length), 1);
        if (one) bench.line.row.unpin(one.pin);
        line.notify({ op: 'released' });
        break;
      }
      case 'wait':
        clock.now += pick;
        keeper.settle();
        break;
      case 'sweep':
        line.ask({ op: 'sweep', cache });
        break;
      case 'clear':
        line.ask({ op: 'clear', cache });
        model.outdo();
        model.tell();
        expect(held.size).toBe(0);
        break;
    }
    lookAll();
    check(keeper, models);
  }
  const moved = models.reduce((sum, { bench }) => sum + bench.table.header(HEADER.movedBytes), 0);
  for (const { bench, pinned } of models) for (const { pin } of pinned.splice(0)) bench.line.row.unpin(pin);
  clock.now += 5000;
  keeper.settle();
  lookAll();
  for (const model of models) {
    for (let left = model.open.length; left > 0; left--) model.abort(0);
    expect(model.open).toEqual([]);
    model.bench.line.ask({ op: 'clear', cache: model.bench.cache });
    model.bench.line.notify({ op: 'released' });
  }
  lookAll();
  check(keeper, models);
  const { allocator } = keeper.arena;
  expect(allocator.freeUnits).toBe(allocator.totalUnits);
  for (const { bench } of models) {
    const { table, line, cache } = bench;
    const ledger = [HEADER.bytes, HEADER.reservedBytes, HEADER.limboBytes, HEADER.entries].map((at) =>
      table.header(at),
    );
    expect(ledger).toEqual([0, 0, 0, 0]);
    line.ask({ op: 'close', cache });
    line.close();
  }
  return moved;
}

describe('the keeper, against a model', () => {
  it.each(['lru', 'lfu', 'fifo', 'gdsf', 'auto'])('two caches in one arena under %s', (policy) => {
    let moved = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), (steps) => {
        moved += run(steps, { policy });
      }),
      { seed: 12, numRuns: 8, endOnFailure: true },
    );
    expect(moved).toBeGreaterThan(0);
  });
});
