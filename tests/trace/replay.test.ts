import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/cache.js';
import { createPolicy, POLICY_NAMES } from '../../src/policy/index.js';
import { newBatch } from '../../src/trace/batch.js';
import { Replay } from '../../src/trace/replay.js';

const request = fc.record({ id: fc.nat(30), size: fc.integer({ min: 1, max: 40 }) });

function batchOf(requests: readonly { id: number; size: number; cost?: number }[]) {
  const batch = newBatch(requests.length);
  batch.length = requests.length;
  requests.forEach(({ id, size, cost = 1 }, i) => {
    batch.ids[i] = id;
    batch.sizes[i] = size;
    batch.costs[i] = cost;
  });
  return batch;
}

describe('Replay', () => {
  it.each(POLICY_NAMES)('hits and misses as a Cache does under %s, sizes that change and all', (policy) => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 300 }), fc.integer({ min: 1, max: 200 }), (requests, maxBytes) => {
        const cache = new Cache<number, number>({ maxBytes, policy });
        const replay = new Replay(createPolicy(policy), maxBytes);
        for (const { id, size } of requests) {
          // A value above the budget is refused, and the one before goes.
          const found = size > maxBytes ? undefined : cache.get(id);
          expect(replay.request(id, size, 1)).toBe(found !== undefined);
          if (found !== size) cache.set(id, size, { size });
          expect(replay.held).toBe(cache.bytes);
        }
        // Not after each step: to name all victims in order is to ask for the first, which is then bound to go.
        replay.validate();
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('sums requests, bytes and costs, and what was missed of them', () => {
    const requests = [
      { id: 0, size: 60, cost: 5 },
      { id: 1, size: 30, cost: 7 },
      { id: 0, size: 60, cost: 5 },
      { id: 2, size: 40, cost: 1 },
      { id: 1, size: 30, cost: 7 },
      { id: 3, size: 101, cost: 2 },
    ];
    const totals = (cost: 'requests' | 'bytes' | 'balanced' | 'measured') => {
      const replay = new Replay(createPolicy('fifo'), 100, cost);
      replay.replay(batchOf(requests));
      return replay.totals;
    };
    // 2 pushes 0 out; 1 is still there; 3 never fits.
    expect(totals('requests')).toEqual({
      requests: 6,
      misses: 4,
      bytes: 321,
      missedBytes: 231,
      cost: 6,
      missedCost: 4,
    });
    expect(totals('bytes')).toMatchObject({ cost: 321, missedCost: 231 });
    expect(totals('measured')).toMatchObject({ cost: 27, missedCost: 15 });
    expect(totals('balanced').missedCost).toBeCloseTo(Math.sqrt(60) + Math.sqrt(30) + Math.sqrt(40) + Math.sqrt(101));
  });

  it('takes objects of 0 bytes, which cost no room', () => {
    const replay = new Replay(createPolicy('gdsf'), 10, 'bytes');
    for (let round = 0; round < 2; round++) {
      for (let id = 0; id < 5; id++) expect(replay.request(id, 0, 0)).toBe(round === 1);
      expect(replay.request(9, 10, 10)).toBe(round === 1);
    }
    replay.validate();
    expect(replay.held).toBe(10);
  });
});
