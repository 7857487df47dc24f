import { describe, expect, it } from 'vitest';
import { HEADER, UNIT_BYTES } from '../../src/arena/layout.js';
import type { Grant } from '../../src/arena/write-protocol.js';
import { Bench, config, createKeeper, isSame, Line, pattern, type Refused } from './support/line.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Memory that is really used, beside what was before. */
function grown(before: number): number {
  return process.memoryUsage.rss() - before;
}

describe('an arena of more than 4 GiB', () => {
  it('is written, read and moved beyond them, and takes no memory that was not touched', () => {
    const before = process.memoryUsage.rss();
    const keeper = createKeeper(() => 1);
    const line = new Line(keeper);
    const bench = Bench.create(line, config('vast', 8 * GIB, { maxEntries: 1000 }));
    expect(keeper.arena.buffers[0]!.byteLength).toBeGreaterThan(8 * GIB);
    const granted = (key: string, bytes: number): Grant => {
      const answer = line.answerTo<Grant | Refused>(bench.reserve(key, bytes))?.result;
      expect(answer, key).toHaveProperty('unit');
      return answer as Grant;
    };
    const low = granted('low', 3 * GIB);
    const mid = granted('mid', 2.5 * GIB);
    const values = Array.from({ length: 8 }, (_, id) => pattern(id, MIB + id * 1000));
    for (const [id, value] of values.entries()) expect(bench.set(`value ${id}`, value)).toBe(true);
    const placeOf = (key: string): number => {
      const slot = bench.reader.pinKey(key);
      const { byteOffset } = bench.bytesAt(slot);
      bench.reader.unpin();
      return byteOffset;
    };
    for (const [id, value] of values.entries()) {
      expect(placeOf(`value ${id}`)).toBeGreaterThan(4 * GIB);
      expect(isSame(bench.get(`value ${id}`), value)).toBe(true);
    }
    expect(bench.get('value 9')).toBeUndefined();

    // The hole between 3 and 5.5 GiB does not do for what comes, so the values behind it have to make way.
    line.ask({ op: 'abort', reservation: mid.reservation });
    const wide = granted('wide', 3.9 * GIB);
    expect(wide.unit * UNIT_BYTES).toBeLessThan(7 * GIB);
    keeper.validate();
    expect(bench.table.header(HEADER.movedBytes)).toBeGreaterThan(8 * MIB);
    for (const [id, value] of values.entries()) expect(isSame(bench.get(`value ${id}`), value)).toBe(true);

    for (const { reservation } of [low, wide]) line.ask({ op: 'abort', reservation });
    expect(grown(before)).toBeLessThan(200 * MIB);
    line.ask({ op: 'close', cache: bench.cache });
    expect(keeper.arena.allocator.largestHole()).toBe(keeper.arena.allocator.totalUnits);
    line.close();
  });

  it('keeps no single value of 4 GiB or more, whose length a record could not hold', () => {
    const keeper = createKeeper(() => 1);
    const line = new Line(keeper);
    const bench = Bench.create(line, config('vast', 8 * GIB, { maxEntries: 1000 }));
    expect(line.answerTo<Refused>(bench.reserve('too large', 4 * GIB))?.result).toEqual({ refused: 'size' });
    expect(line.answerTo<Refused>(bench.reserve('large', 4 * GIB - 65536))?.result).toHaveProperty('unit');
    keeper.validate();
    line.close();
  });
});
