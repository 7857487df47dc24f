import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refSlot } from '../../src/arena/layout.js';
import type { CacheTicket } from '../../src/arena/protocol.js';
import { monotonicNow } from '../../src/common/clock.js';
import { Bench, config, createKeeper, FOREVER, isSame, Line, pattern } from './support/line.js';

const THREADS = 3;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const BYTES = 1024;

let now = 1000;

beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Threads that remember what they have read, a keeper in step with them, and what each key should hold. */
class Stage {
  readonly keeper = createKeeper(monotonicNow);
  readonly threads: Bench[];
  readonly model = new Map<string, { bytes: Uint8Array; until: number; idleMs: number; usedAt: number }>();
  nearHits = 0;
  #version = 0;

  constructor() {
    const first = Bench.create(new Line(this.keeper, 1), config('near', 12 * (BYTES + 512)));
    this.threads = [first];
    for (let thread = 2; thread <= THREADS; thread++) {
      const line = new Line(this.keeper, thread);
      this.threads.push(new Bench(line, line.ask<CacheTicket>({ op: 'attach', name: 'near', timeoutMs: 1000 })));
    }
  }

  get cache() {
    return this.keeper.caches.get(this.threads[0]!.cache)!;
  }

  slotOf(key: string): number {
    return this.cache.store.find(key, this.threads[0]!.hash(key));
  }

  set(thread: number, key: string, ttlMs = Number.POSITIVE_INFINITY, idleMs = Number.POSITIVE_INFINITY): void {
    const bytes = pattern(++this.#version, BYTES);
    expect(this.threads[thread]!.set(key, bytes, { ...FOREVER, ttlMs, idleMs })).toBe(true);
    this.model.set(key, { bytes, until: now + ttlMs, idleMs, usedAt: now });
  }

  /** As a lease does: first what is remembered, then the long way. */
  read(thread: number, key: string): Uint8Array | undefined {
    const { reader, line } = this.threads[thread]!;
    const entry = reader.hitNear(key);
    if (entry !== undefined) {
      this.nearHits++;
      expect(reader.pinnedSlot(reader.pin)).toBe(refSlot(entry.ref));
      const bytes = entry.value as Uint8Array;
      const copy = bytes.slice();
      reader.unpin();
      return copy;
    }
    const known = reader.takeUnsure(key);
    const slot = reader.pinKey(key, known?.hash);
    if (slot < 0) return undefined;
    try {
      if (reader.expires(slot) && !reader.useInTime(slot)) return undefined;
      const view = this.threads[thread]!.bytesAt(slot);
      reader.learn(key, slot, view, known);
      return view.slice();
    } finally {
      reader.unpin();
      expect(line.row.pinsInUse).toBe(0);
    }
  }

  /** Every thread sees what is there now, and nothing else. */
  check(thread: number, key: string): void {
    const seen = this.read(thread, key);
    const expected = this.model.get(key);
    const isHeld = expected !== undefined && this.slotOf(key) >= 0;
    if (!isHeld || now >= expected.until || now >= expected.usedAt + expected.idleMs) {
      expect(seen).toBeUndefined();
      return;
    }
    expect(isSame(seen, expected.bytes), `${key} in thread ${thread}`).toBe(true);
    // Uses are written down when a sixteenth of the time has passed.
    if (now - expected.usedAt > expected.idleMs / 16) expected.usedAt = now;
  }

  delete(thread: number, key: string): void {
    this.threads[thread]!.delete(key);
    this.model.delete(key);
  }

  /** Makes the keeper evict. */
  crowd(thread: number): void {
    for (let i = 0; i < 12; i++) this.threads[thread]!.set(`crowd-${i}`, pattern(i, BYTES));
  }

  clear(thread: number): void {
    const { line, cache } = this.threads[thread]!;
    line.ask({ op: 'clear', cache });
    this.model.clear();
  }

  wait(ms: number): void {
    now += ms;
  }

  relocate(key: string): void {
    const slot = this.slotOf(key);
    if (slot < 0) return;
    const { allocator } = this.keeper.arena;
    const node = this.cache.store.nodeOf(slot);
    const target = allocator.alloc(allocator.units(node));
    if (target === -1) return;
    const { vacated } = this.cache.move(slot, target);
    expect(vacated).toBe(true);
    this.keeper.arena.bytes(node).fill(0xee);
    allocator.free(node);
  }

  end(): void {
    for (const { line } of this.threads) line.close();
  }
}

const thread = fc.nat(THREADS - 1);
const key = fc.constantFrom(...KEYS);
const duration = fc.constantFrom(10, 100, Number.POSITIVE_INFINITY);
const step = fc.oneof(
  { weight: 20, arbitrary: fc.record({ op: fc.constant('read' as const), thread, key }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('set' as const), thread, key, ttl: duration, idle: duration }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('delete' as const), thread, key }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('relocate' as const), key }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(1, 9, 50) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('crowd' as const), thread }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clear' as const), thread }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function take(stage: Stage, one: Step): void {
  switch (one.op) {
    case 'read':
      stage.check(one.thread, one.key);
      break;
    case 'set':
      stage.set(one.thread, one.key, one.ttl, one.idle);
      break;
    case 'delete':
      stage.delete(one.thread, one.key);
      break;
    case 'relocate':
      stage.relocate(one.key);
      break;
    case 'crowd':
      stage.crowd(one.thread);
      break;
    case 'wait':
      stage.wait(one.ms);
      break;
    case 'clear':
      stage.clear(one.thread);
      break;
  }
}

describe('what a thread remembers', () => {
  it('is never shown once another thread has written, deleted, cleared, or evicted it, or its time is over', () => {
    let nearHits = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 150 }), (steps) => {
        now = 1000;
        const stage = new Stage();
        try {
          for (const one of steps) take(stage, one);
          for (const one of KEYS) for (let reader = 0; reader < THREADS; reader++) stage.check(reader, one);
          nearHits += stage.nearHits;
        } finally {
          stage.end();
        }
      }),
      { numRuns: 150, seed: 7 },
    );
    expect(nearHits).toBeGreaterThan(500);
  });

  it('is used again by who reads again, of an entry that expires too', () => {
    const stage = new Stage();
    stage.set(0, 'a', 100);
    for (let i = 0; i < 5; i++) stage.check(1, 'a');
    expect(stage.nearHits).toBe(4);
    now += 100;
    stage.check(1, 'a');
    stage.end();
  });

  it('is handed over to who goes the long way, once, and for the same key only', () => {
    const stage = new Stage();
    const { reader } = stage.threads[0]!;
    for (const one of ['a', 'b']) stage.set(0, one);
    for (const one of ['a', 'b']) stage.check(0, one);
    const { nearHits } = stage;
    for (const one of ['a', 'b']) stage.set(1, one);
    expect(reader.hitNear('a')).toBeUndefined();
    expect(reader.takeUnsure('b')).toBeUndefined();
    expect(reader.hitNear('a')).toBeUndefined();
    expect(reader.takeUnsure('a')?.key).toBe('a');
    expect(reader.takeUnsure('a')).toBeUndefined();
    for (let i = 0; i < 2; i++) for (const one of ['a', 'b']) stage.check(0, one);
    expect(stage.nearHits).toBe(nearHits + 2);
    stage.end();
  });

  it('is what was used most lately, when it is too much', () => {
    const stage = new Stage();
    const { reader } = stage.threads[0]!;
    stage.set(0, 'a');
    stage.set(0, 'b');
    const slot = reader.pinKey('b');
    reader.unpin();
    reader.learn('b', slot);
    for (let i = 0; i < 200_000; i++) {
      reader.learn(`other-${i}`, slot);
      if (i % 20_000 === 0) stage.check(0, 'a');
    }
    expect(stage.nearHits).toBe(9);
    expect(reader.hitNear('b')).toBeUndefined();
    stage.end();
  });
});
