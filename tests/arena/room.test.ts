import { describe, expect, it } from 'vitest';
import type { Keeper } from '../../src/arena/keeper.js';
import { HEADER } from '../../src/arena/layout.js';
import type { Grant } from '../../src/arena/write-protocol.js';
import { Bench, config, createKeeper, isSame, Line, pattern, type Refused } from './support/line.js';

const KIB = 1024;
const MIB = 2 ** 20;

/** Small values of different sizes until the budget is full, and then again as many: holes everywhere. */
function fill(bench: Bench, budget: number): Map<string, Uint8Array> {
  const written = new Map<string, Uint8Array>();
  for (let id = 0, bytes = 0; bytes < 2 * budget; id++) {
    const value = pattern(id, 8 * KIB + ((id * 7919) % (40 * KIB)));
    expect(bench.set(`small ${id}`, value)).toBe(true);
    written.set(`small ${id}`, value);
    bytes += value.length;
  }
  return written;
}

/** How many of these are there; each is what was written, and beside `others` the cache holds nothing else. */
function intact(bench: Bench, written: ReadonlyMap<string, Uint8Array>, others = 1): number {
  let held = 0;
  for (const [key, value] of written) {
    const found = bench.get(key);
    if (found === undefined) continue;
    expect(isSame(found, value), key).toBe(true);
    held++;
  }
  expect(held + others).toBe(bench.line.keeper.caches.get(bench.cache)!.store.held);
  return held;
}

function ledger(keeper: Keeper, bench: Bench): { bytes: number; reserved: number; limbo: number } {
  keeper.settle();
  const { store, reservedBytes, limboBytes } = keeper.caches.get(bench.cache)!;
  return { bytes: store.bytes, reserved: reservedBytes, limbo: limboBytes };
}

describe.each(['lru', 'gdsf', 'auto'])('room under %s', (policy) => {
  it('is made for a value of half the arena among small ones', () => {
    const keeper = createKeeper(() => 1);
    const bench = Bench.create(new Line(keeper), config('half', 4 * MIB, { policy }));
    const written = fill(bench, 4 * MIB);
    const large = pattern(1, 2 * MIB);
    expect(bench.set('large', large)).toBe(true);
    keeper.validate();
    expect(bench.table.header(HEADER.movedBytes)).toBeGreaterThan(0);
    expect(isSame(bench.get('large'), large)).toBe(true);
    // The other half is still in use, and lies in one piece each.
    expect(intact(bench, written)).toBeGreaterThan(30);
    expect(ledger(keeper, bench).bytes).toBeGreaterThan(3.8 * MIB);
    expect(ledger(keeper, bench).bytes).toBeLessThanOrEqual(4 * MIB);
    bench.line.close();
  });

  it('is made around what is pinned', () => {
    const keeper = createKeeper(() => 1);
    const bench = Bench.create(new Line(keeper), config('pinned', 4 * MIB, { policy }));
    const written = fill(bench, 4 * MIB);
    const pins: { pin: number; view: Uint8Array; value: Uint8Array }[] = [];
    const first = keeper.arena.allocator.firsts()[0]!;
    const start = (key: string) => {
      const { store } = keeper.caches.get(bench.cache)!;
      return keeper.arena.allocator.start(store.nodeOf(store.find(key, bench.hash(key))));
    };
    expect(keeper.arena.allocator.start(first)).toBe(0);
    for (const [key, value] of written) {
      // In the last third of the arena every fourth is pinned: the window has to lie before it.
      const slot = bench.reader.pinKey(key);
      if (slot < 0) continue;
      if (start(key) * 64 > 2.8 * MIB && pins.length < 12) {
        pins.push({ pin: bench.reader.pin, view: bench.bytesAt(slot), value });
      } else bench.reader.unpin();
    }
    expect(pins.length).toBeGreaterThan(3);
    const large = pattern(2, 2 * MIB);
    expect(bench.set('large', large)).toBe(true);
    expect(isSame(bench.get('large'), large)).toBe(true);
    for (const { view, value } of pins) expect(isSame(view, value)).toBe(true);
    intact(bench, written);
    keeper.validate();
    for (const { pin } of pins) bench.line.row.unpin(pin);
    bench.line.ask({ op: 'clear', cache: bench.cache });
    expect(ledger(keeper, bench)).toEqual({ bytes: 0, reserved: 0, limbo: 0 });
    bench.line.close();
  });
});

describe('room', () => {
  it('is waited for when what is pinned leaves no window, and found when it is released', () => {
    const keeper = createKeeper(() => 1);
    const bench = Bench.create(new Line(keeper), config('waiting', 2 * MIB));
    const written = fill(bench, 2 * MIB);
    const pins: number[] = [];
    for (const key of written.keys()) {
      // Every third in order of age: nowhere is there a window of a megabyte without one.
      if (bench.reader.pinKey(key) < 0) continue;
      if (pins.length * 3 <= Number(key.slice(6)) % 1000) pins.push(bench.reader.pin);
      else bench.reader.unpin();
    }
    const request = bench.reserve('large', MIB);
    expect(bench.line.answerTo(request)).toBeUndefined();
    keeper.validate();
    for (const pin of pins) bench.line.row.unpin(pin);
    bench.line.notify({ op: 'released' });
    const grant = bench.line.answerTo<Grant | Refused>(request)?.result;
    expect(grant).toHaveProperty('unit');
    expect(bench.commit('large', grant as Grant, pattern(3, MIB))).toBe(true);
    expect(isSame(bench.get('large'), pattern(3, MIB))).toBe(true);
    intact(bench, written);
    keeper.validate();
    bench.line.close();
  });

  it('is made in each of several segments, and blocks move between them', () => {
    const keeper = createKeeper(() => 1);
    const bench = Bench.create(new Line(keeper), config('segments', MIB));
    const { line, cache } = bench;
    for (const budget of [2 * MIB, 4 * MIB]) line.ask({ op: 'resize', cache, maxBytes: budget });
    const written = fill(bench, 4 * MIB);
    expect(keeper.arena.buffers.length).toBe(3);
    const { allocator } = keeper.arena;
    const used = allocator.firsts().map((first) => {
      let blocks = 0;
      for (let node = first; node >= 0; node = allocator.next(node)) if (allocator.owner(node) > 0) blocks++;
      return blocks;
    });
    for (const blocks of used) expect(blocks).toBeGreaterThan(5);
    const moved = () => bench.table.header(HEADER.movedBytes);
    const before = moved();
    // Just what the largest segment holds, then what only the second holds, in turns.
    for (let round = 0; round < 6; round++) {
      const value = pattern(round, (round % 2 === 0 ? 1.9 : 0.95) * MIB);
      expect(bench.set(`large ${round}`, value)).toBe(true);
      expect(isSame(bench.get(`large ${round}`), value)).toBe(true);
      for (let id = 0; id < 20; id++) written.set(`again ${round} ${id}`, pattern(id, 30 * KIB));
      for (let id = 0; id < 20; id++) bench.set(`again ${round} ${id}`, pattern(id, 30 * KIB));
      keeper.validate();
    }
    expect(keeper.arena.buffers.length).toBe(3);
    expect(moved()).toBeGreaterThan(before);
    const large = [0, 1, 2, 3, 4, 5].filter((round) => bench.get(`large ${round}`) !== undefined);
    intact(bench, written, large.length);
    line.close();
  });

  it('goes from a closed cache to the next one, but for what is still read', () => {
    const keeper = createKeeper(() => 1);
    const line = new Line(keeper);
    const first = Bench.create(line, config('first', 2 * MIB));
    const written = fill(first, 2 * MIB);
    const last = [...written.keys()].at(-1)!;
    const view = first.bytesAt(first.reader.pinKey(last));
    const { pin } = first.reader;
    line.ask({ op: 'close', cache: first.cache });
    expect(keeper.arena.limboSize).toBe(1);
    const second = Bench.create(line, config('second', 2 * MIB));
    expect(keeper.arena.buffers.length).toBe(1);
    const others = fill(second, 2 * MIB);
    expect(isSame(view, written.get(last)!)).toBe(true);
    expect(intact(second, others, 0)).toBeGreaterThan(50);
    line.row.unpin(pin);
    line.notify({ op: 'released' });
    expect(keeper.arena.limboSize).toBe(0);
    expect(second.set('large', pattern(5, 1.9 * MIB))).toBe(true);
    keeper.validate();
    line.ask({ op: 'close', cache: second.cache });
    expect(keeper.arena.allocator.freeUnits).toBe(keeper.arena.allocator.totalUnits);
    expect(keeper.arena.allocator.fragmentation()).toBe(0);
    line.close();
  });
});
