import { describe, expect, it, vi } from 'vitest';
import { UNIT_BYTES } from '../../src/arena/layout.js';
import { isWide, planRecord, writeTrailer } from '../../src/arena/record.js';
import type { Grant, WrittenRecord } from '../../src/arena/write-protocol.js';
import { encodeValue } from '../../src/codec/index.js';
import { Scope } from '../../src/shared/scope.js';
import { readTogether } from '../../src/shared/together.js';
import { Bench, config, createKeeper, FOREVER, Line } from '../arena/support/line.js';
import { Steps } from '../arena/support/steps.js';

// Then a pin is stored by `Atomics`, as everywhere else: a place like the others.
vi.mock('../../src/arena/barrier.js', () => ({ compiledBarrier: () => undefined }));

const KEYS = ['a', 'b', 'c'];

/** A keeper and a reader in this thread; between any two of the reader's accesses a transaction may be carried out. */
function scene() {
  const keeper = createKeeper(() => 1000);
  const line = new Line(keeper);
  const steps = new Steps();
  const plain = Bench.create(line, config('together', 64 * 1024));
  const { ticket } = plain;
  const bench = new Bench(line, ticket, (table) => steps.watch(table));
  const reading = { table: bench.table, reader: bench.reader, scope: new Scope() };
  const write = (key: string, value: number, turn: number): WrittenRecord => {
    const { skeleton } = encodeValue(value);
    const plan = planRecord([], skeleton.length, key, isWide(key));
    const [grant] = line.ask<Grant[]>({
      op: 'reserveMany',
      cache: bench.cache,
      keys: [key],
      hashes: [bench.hash(key)],
      wides: [isWide(key)],
      bytes: [plan.byteLength],
      turn,
      spares: false,
    });
    const { segment, unit, reservation } = grant!;
    const base = unit * UNIT_BYTES + plan.trailer;
    const trailer = line.segments.view(segment, base, plan.byteLength - plan.trailer)!;
    writeTrailer(trailer, [], skeleton, key, isWide(key));
    const units = Math.ceil(plan.byteLength / UNIT_BYTES);
    const { length: skeletonLength } = skeleton;
    return {
      reservation,
      block: 0,
      units,
      externals: [],
      trailer: plan.trailer,
      skeletonLength,
      parts: 0,
      terms: FOREVER,
      loadMs: 0,
    };
  };
  /** Gets a transaction ready, which is carried out when the answer is called. */
  const prepare = (values: Record<string, number>, removed: string[] = []): (() => void) => {
    const { cache } = bench;
    const turn = line.ask<number>({ op: 'turn', cache, key: '', timeoutMs: 60_000 });
    const records = Object.entries(values).map(([key, value]) => write(key, value, turn));
    const hashes = removed.map((key) => bench.hash(key));
    let isDone = false;
    return () => {
      if (!isDone) line.ask({ op: 'finish', cache, turn, records, keys: removed, hashes });
      isDone = true;
    };
  };
  const now = { table: plain.table, reader: plain.reader, scope: new Scope() };
  return { keeper, line, steps, reading, now, prepare };
}

describe('several keys, read while a transaction is carried out', () => {
  it('are of before or of after, wherever it comes in between', () => {
    const { keeper, steps, reading, now, prepare, line } = scene();
    prepare({ a: 1, b: 1 })();
    const seen = (): unknown => Object.fromEntries(readTogether(reading, KEYS));
    steps.during(new Map(), seen);
    const places = steps.passed;
    expect(places).toBeGreaterThan(10);
    let before: unknown = { a: 1, b: 1 };
    const sights = new Set<string>();
    for (let place = 0; place < places; place++) {
      const odd = place % 2 === 0;
      const after = odd ? { b: 2, c: 2 } : { a: 1, b: 1 };
      const carryOut = odd ? prepare({ b: 2, c: 2 }, ['a']) : prepare({ a: 1, b: 1 }, ['c']);
      const sight = steps.during(new Map([[place, carryOut]]), seen);
      expect([before, after], `at ${place}`).toContainEqual(sight);
      // Of another state the reader may have passed fewer places.
      carryOut();
      sights.add(JSON.stringify(sight) === JSON.stringify(after) ? 'after' : 'before');
      expect(Object.fromEntries(readTogether(now, KEYS))).toEqual(after);
      before = after;
      keeper.validate();
    }
    expect(sights).toEqual(new Set(['before', 'after']));
    expect(line.row.pinsInUse).toBe(0);
  });

  it('are so beyond the number of pins, too', () => {
    const { steps, reading, now, prepare, line } = scene();
    const many = [...KEYS, ...Array.from({ length: 1_100 }, (_, i) => `none ${i}`)];
    const seen = (): unknown => Object.fromEntries(readTogether(reading, many));
    let before: unknown = {};
    for (let place = 1; place < 120; place += 7) {
      const after = { a: place, b: place, c: place };
      const sight = steps.during(new Map([[place, prepare(after)]]), seen);
      expect([before, after], `at ${place}`).toContainEqual(sight);
      expect(Object.fromEntries(readTogether(now, KEYS))).toEqual(after);
      before = after;
    }
    expect(line.row.pinsInUse).toBe(0);
  });
});
