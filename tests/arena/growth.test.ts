import { describe, expect, it } from 'vitest';
import { Bench, config, createKeeper, Line, pattern } from './support/line.js';

const MIB = 2 ** 20;

describe('the arena', () => {
  it('has room for a value as large as a budget that has grown', () => {
    const keeper = createKeeper(() => 1);
    const bench = Bench.create(new Line(keeper), config('grown', 2 * MIB));
    const { line, cache } = bench;
    line.ask({ op: 'resize', cache, maxBytes: 3 * MIB });
    expect(keeper.arena.buffers.length).toBe(2);
    expect(bench.set('small', pattern(1, MIB))).toBe(true);
    expect(keeper.arena.buffers.length).toBe(2);
    expect(bench.set('large', pattern(2, 2.5 * MIB))).toBe(true);
    expect(Buffer.compare(bench.get('large')!, pattern(2, 2.5 * MIB))).toBe(0);
    expect(bench.get('small')).toBeUndefined();
    keeper.validate();
    line.close();
  });

  it('is used again by the caches that come later', () => {
    const keeper = createKeeper(() => 1);
    const line = new Line(keeper);
    for (let round = 0; round < 5; round++) {
      const bench = Bench.create(line, config(`round ${round}`, MIB + round));
      expect(bench.set('large', pattern(round, 0.9 * MIB))).toBe(true);
      line.ask({ op: 'close', cache: bench.cache });
    }
    expect(keeper.arena.buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(1.1 * MIB);
    line.close();
  });
});
