import { getHeapStatistics } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { usableHeap, usableMemory } from '../../src/common/memory.js';
import { divide } from '../../src/config/budget.js';

const GIB = 2 ** 30;

beforeEach(() => {
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(GIB);
});
afterEach(() => vi.restoreAllMocks());

const budgets = (config: object): Record<string, number> => {
  const { budgets, mistakes } = divide(config);
  expect(mistakes).toEqual([]);
  return Object.fromEntries(budgets);
};
const mistakes = (config: object): string[] =>
  divide(config).mistakes.map(({ keys, message }) => `${keys.join('.')}: ${message}`);

describe('budgets', () => {
  it('are fractions of the whole, which may be a fraction of the memory', () => {
    const caches = { a: { kind: 'shared', share: 0.7 }, b: { kind: 'local', share: 0.1 } };
    const half = GIB / 2;
    expect(budgets({ maxBytes: '50%', caches })).toEqual({ a: Math.floor(half * 0.7), b: Math.floor(half * 0.1) });
    expect(budgets({ maxBytes: 1000, caches })).toEqual({ a: 700, b: 100 });
  });

  it('of their own come out of the whole and change no share', () => {
    const caches = {
      a: { kind: 'shared', share: 0.5 },
      b: { kind: 'local', maxBytes: '25%' },
      c: { kind: 'local', maxBytes: 7 },
    };
    expect(budgets({ maxBytes: '100%', caches })).toEqual({ a: GIB / 2, b: GIB / 4, c: 7 });
    const { a: _a, ...others } = caches;
    expect(budgets({ caches: others })).toEqual({ b: GIB / 4, c: 7 });
  });

  it('may fill the whole, whatever the rounding', () => {
    const share = (kind: string, shares: number[]) =>
      Object.fromEntries(shares.map((share, n) => [`c${n}`, { kind, share }]));
    for (const shares of [[0.7, 0.2, 0.1], [0.1, 0.1, 0.1, 0.7], Array.from({ length: 30 }, () => 1 / 30)]) {
      const all = budgets({ maxBytes: 1_000_003, caches: share('shared', shares) });
      const total = Object.values(all).reduce((sum, bytes) => sum + bytes, 0);
      expect(total).toBeLessThanOrEqual(1_000_003);
      expect(total).toBeGreaterThan(1_000_003 - shares.length);
    }
  });
});

describe('the heap', () => {
  const heap = getHeapStatistics().heap_size_limit;

  it('bounds percentages of local caches, not those of shared ones, and not what is said in bytes', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1.8e19);
    // A heap that is smaller than the memory, on every machine.
    expect(usableHeap()).toBeLessThanOrEqual(heap);
    const caches = { a: { kind: 'local', maxBytes: '20%' }, b: { kind: 'shared', maxBytes: '20%' } };
    expect(budgets({ caches })).toEqual({ a: Math.floor(usableHeap() / 5), b: Math.floor(usableMemory() / 5) });
    expect(budgets({ caches: { a: { kind: 'local', maxBytes: 2 ** 44 } } })).toEqual({ a: 2 ** 44 });
  });

  it('bounds what local caches have of a whole that is a percentage, all together, in proportion', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1.8e19);
    const limit = usableHeap() / 2;
    const whole = usableMemory() / 2;
    const caches = {
      a: { kind: 'local', share: 0.6 },
      b: { kind: 'local', share: 0.3 },
      c: { kind: 'shared', share: 0.1 },
    };
    const { a, b, c } = budgets({ maxBytes: '50%', caches });
    const factor = Math.min(1, limit / (0.9 * whole));
    expect(a! / (0.6 * whole * factor)).toBeCloseTo(1, 6);
    expect(b! / (0.3 * whole * factor)).toBeCloseTo(1, 6);
    expect(a! + b!).toBeLessThanOrEqual(limit);
    expect(c).toBe(Math.floor(0.1 * Math.floor(whole)));
  });
});

describe('budgets that do not add up', () => {
  it.each<[string, object, string[]]>([
    [
      'shares above 1',
      { maxBytes: GIB, caches: { a: { kind: 'shared', share: 0.7 }, b: { kind: 'local', share: 0.4 } } },
      ['caches: expected shares that sum up to at most 1; got 1.1 (a 0.7, b 0.4)'],
    ],
    [
      'more than the whole',
      { maxBytes: GIB, caches: { a: { kind: 'shared', share: 0.7 }, b: { kind: 'local', maxBytes: '512MiB' } } },
      ['caches: expected budgets within maxBytes, which is 1.0 GiB; got 1.2 GiB (a 717 MiB, b 512 MiB)'],
    ],
    [
      'local caches of more than 100%',
      { maxBytes: GIB, caches: { a: { kind: 'local', maxBytes: '60%' }, b: { kind: 'local', maxBytes: '41%' } } },
      ['caches: expected local caches of at most 100% together; got 101% (a 60%, b 41%)'],
    ],
    [
      'shares of nothing',
      { caches: { a: { kind: 'shared', share: 0.5 }, b: { kind: 'local', share: 0.4 } } },
      [`maxBytes: expected the whole budget, of which 'a', 'b' have shares; got undefined`],
    ],
    [
      'none, and two',
      { maxBytes: GIB, caches: { a: { kind: 'shared' }, b: { kind: 'local', share: 0.4, maxBytes: 5 } } },
      [
        'caches.a: expected a budget: share or maxBytes; got neither',
        'caches.b: expected a budget: share or maxBytes; got both: share 0.4 (number), maxBytes 5 (number)',
      ],
    ],
    [
      'one that is misspelt is a mistake already',
      { maxByts: 9, caches: { a: { kind: 'local', shar: 1 }, b: { share: 1 } } },
      [],
    ],
    ['what is no budget at all is told elsewhere', { maxBytes: 'x', caches: { a: 5, b: { share: 'x' } } }, []],
    ['nothing', {}, []],
  ])('%s', (_, config, expected) => {
    expect(mistakes(config)).toEqual(expected);
  });
});
