import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TABLE_INDEX_CHOICE } from '../../src/arena/layout.js';

const { arch } = process;

beforeEach(() => {
  vi.resetModules();
  vi.doUnmock('../../src/arena/barrier.js');
});

afterEach(() => {
  Object.defineProperty(process, 'arch', { value: arch });
  vi.restoreAllMocks();
});

/** What a look-up stores to its row, and loads from the table, in order, on such a processor; and what is pinned then. */
async function orderedAccesses(processor: string, key: string, hasBarrier = true) {
  Object.defineProperty(process, 'arch', { value: processor });
  const accesses: string[] = [];
  vi.doMock('../../src/arena/barrier.js', () => ({
    compiledBarrier: () => (hasBarrier ? () => accesses.push('barrier') : undefined),
  }));
  const { Bench, config, createKeeper, Line, pattern } = await import('./support/line.js');
  const keeper = createKeeper(() => 1000);
  const bench = Bench.create(new Line(keeper), config('weak', 64 * 1024));
  expect(bench.set('k', pattern(1, 100))).toBe(true);
  const { words } = bench.table;
  const { load, store } = Atomics;
  vi.spyOn(Atomics, 'load').mockImplementation((array, at) => {
    if (array.buffer === words.buffer) accesses.push(at === TABLE_INDEX_CHOICE ? 'load choice' : 'load slot');
    return load(array, at);
  });
  vi.spyOn(Atomics, 'store').mockImplementation((array, at, value) => {
    if (array.buffer === bench.line.row.words.buffer) accesses.push('store');
    return store(array, at, value);
  });
  // Twice: by then the mark above all pins has been raised as high as need be.
  for (let i = 0; i < 2; i++) {
    accesses.length = 0;
    const isFound = bench.reader.pinKey(key) >= 0;
    expect(isFound).toBe(key === 'k');
    if (isFound && i === 0) bench.reader.unpin();
  }
  vi.restoreAllMocks();
  return { accesses, pinned: keeper.arena.held().size };
}

describe('a look-up', () => {
  it.each([
    ['arm64', 'store'],
    ['x64', 'barrier'],
  ])('that finds something is two ordered accesses on %s', async (processor, pinning) => {
    const { accesses, pinned } = await orderedAccesses(processor, 'k');
    expect(accesses).toEqual([pinning, 'load slot']);
    expect(pinned).toBe(1);
  });

  it('stores its pin in order where there is no WebAssembly', async () => {
    const { accesses, pinned } = await orderedAccesses('x64', 'k', false);
    expect(accesses).toEqual(['store', 'load slot']);
    expect(pinned).toBe(1);
  });

  it('that finds nothing ends its loads before it looks whether the index was rebuilt, where they keep no order', async () => {
    const { accesses, pinned } = await orderedAccesses('arm64', 'away');
    expect(accesses).toEqual(['store', 'load choice']);
    expect(pinned).toBe(0);
  });

  it('that finds nothing does not pay for that where they do', async () => {
    const { accesses } = await orderedAccesses('x64', 'away');
    expect(accesses).toEqual(['load choice']);
  });
});
