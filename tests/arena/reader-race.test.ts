import { describe, expect, it, vi } from 'vitest';
import { refSlot } from '../../src/arena/layout.js';
import type { CacheTicket } from '../../src/arena/protocol.js';
import { slotKey } from '../../src/arena/slot-key.js';
import { Bench, config, createKeeper, isSame, Line, pattern } from './support/line.js';
import { Steps } from './support/steps.js';

// Then a pin is stored by `Atomics`, as everywhere else: a place like the others.
vi.mock('../../src/arena/barrier.js', () => ({ compiledBarrier: () => undefined }));

const BYTES = 1024;

/** A cache that holds `k` in its first version, seen by two threads: one writes, one reads step by step. */
function stage(isKnown: boolean) {
  const keeper = createKeeper(() => 1000);
  const writer = Bench.create(new Line(keeper, 1), config('stage', 64 * 1024));
  const cache = keeper.caches.get(writer.cache)!;
  const { allocator } = keeper.arena;
  for (const key of ['a', 'b', 'k', 'c']) writer.set(key, pattern(0, BYTES));
  const line = new Line(keeper, 2);
  const steps = new Steps();
  const ticket = line.ask<CacheTicket>({ op: 'attach', name: 'stage', timeoutMs: 1000 });
  const reading = new Bench(line, ticket, (table) => steps.watch(table));
  if (isKnown) {
    const slot = steps.during(new Map(), () => reading.reader.pinKey('k'));
    reading.reader.learn('k', slot);
    reading.reader.unpin();
  }
  let version = 0;
  const slotOf = (key: string) => cache.store.find(key, writer.hash(key));
  /** What other threads may have done between two instructions of the reader. */
  const deeds = {
    replace: () => writer.set('k', pattern(++version, BYTES)),
    /** The slot that the key had belongs to another key then. */
    'replace and use again': () => {
      writer.set('k', pattern(++version, BYTES));
      writer.set(`z${version}`, pattern(200, BYTES));
    },
    relocate: () => {
      const slot = slotOf('k');
      if (slot < 0) return;
      const node = cache.store.nodeOf(slot);
      const { vacated } = cache.move(slot, allocator.alloc(allocator.units(node)));
      if (!vacated) return;
      keeper.arena.bytes(node).fill(0xee);
      allocator.free(node);
    },
    'relocate and use again': () => {
      deeds.relocate();
      writer.set(`z${++version}`, pattern(200, BYTES));
      version--;
    },
    'index anew': () => {
      for (let i = 0; i < 150; i++) {
        writer.set(`n${i}`, pattern(3, 8));
        expect(slotOf('k')).toBeGreaterThanOrEqual(0);
      }
    },
    delete: () => writer.delete('k'),
    clear: () => writer.line.ask({ op: 'clear', cache: writer.cache }),
    evict: () => {
      for (let i = 0; i < 80; i++) writer.set(`e${i}`, pattern(100 + i, BYTES));
    },
    'delete and set': () => {
      writer.delete('k');
      writer.set('k', pattern(++version, BYTES));
    },
  };
  return { keeper, writer, reading, steps, deeds, versions: () => version };
}

type Deed = keyof ReturnType<typeof stage>['deeds'];

/** These leave a value under the key at every instant. */
const PRESENT: readonly Deed[] = [
  'replace',
  'replace and use again',
  'relocate',
  'relocate and use again',
  'index anew',
];
const GOING: readonly Deed[] = ['delete', 'clear', 'evict', 'delete and set'];

/** Reads `k` while the deeds are done at the places; gives how many places there were. */
function read(isKnown: boolean, deeds: readonly (readonly [place: number, deed: Deed])[]): number {
  const { keeper, writer, reading, steps, deeds: doings, versions } = stage(isKnown);
  const isPresent = deeds.every(([, deed]) => PRESENT.includes(deed));
  const slot = steps.during(new Map(deeds.map(([place, deed]) => [place, doings[deed]])), () => {
    const entry = reading.reader.hitNear('k');
    if (entry !== undefined) return refSlot(entry.ref);
    return reading.reader.pinKey('k', reading.reader.takeUnsure('k')?.hash);
  });
  const { passed } = steps;
  if (slot < 0) {
    expect(isPresent, 'a key that is present all the time is not missed').toBe(false);
  } else {
    expect(slotKey(reading.table, reading.line.segments, slot)).toBe('k');
    const view = reading.bytesAt(slot);
    const allowed = Array.from({ length: versions() + 1 }, (_, version) => pattern(version, BYTES));
    expect(allowed.some((version) => isSame(view, version))).toBe(true);
    const copy = view.slice();
    // Whatever happens now, the bytes stay.
    const { pin } = reading.reader;
    for (const deed of ['replace', 'delete', 'clear', 'evict'] as const) doings[deed]();
    writer.line.ask({ op: 'resize', cache: writer.cache, maxBytes: 4096 });
    for (let i = 0; i < 10; i++) writer.line.send({ op: 'sweep', cache: writer.cache });
    expect(isSame(view, copy)).toBe(true);
    reading.line.row.unpin(pin);
  }
  expect(reading.line.row.pinsInUse).toBe(0);
  const gone = steps.during(new Map(), () => reading.reader.pinKey('never set'));
  expect(gone).toBe(-1);
  writer.line.ask({ op: 'clear', cache: writer.cache });
  writer.line.notify({ op: 'released' });
  keeper.validate();
  expect(keeper.arena.allocator.freeUnits).toBe(keeper.arena.allocator.totalUnits);
  for (const line of [writer.line, reading.line]) line.close();
  return passed;
}

describe('a read, while other threads do something between two of its instructions', () => {
  describe.each([
    ['for the first time', false],
    ['of a key that the thread remembers', true],
  ])('%s', (_, isKnown) => {
    const places = read(isKnown, []);

    it('has places', () => {
      expect(places).toBeGreaterThanOrEqual(5);
    });

    it.each([...PRESENT, ...GOING])('%s', (deed) => {
      for (let place = 0; place < places; place++) read(isKnown, [[place, deed]]);
    });

    it.each(PRESENT.slice(0, 4))('%s, twice', (deed) => {
      for (let first = 0; first < places; first++) {
        for (let second = first + 1; second < places + 6; second++) {
          read(isKnown, [
            [first, deed],
            [second, deed],
          ]);
        }
      }
    });
  });
});
