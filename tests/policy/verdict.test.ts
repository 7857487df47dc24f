import { describe, expect, it } from 'vitest';
import { Verdict } from '../../src/policy/verdict.js';

const LRU = 1;
const ENTRIES = 100;

/** Of two strategies, 0 and LRU, and the follower. */
function verdictAfter(...steps: [times: number, ...missed: number[]][]): Verdict {
  const verdict = new Verdict(2, LRU);
  for (const [times, ...missed] of steps) {
    for (let i = 0; i < times; i++) {
      verdict.requested(1);
      for (const who of missed) verdict.missed(who, 1);
      verdict.choose(ENTRIES);
      verdict.forget(ENTRIES);
    }
  }
  return verdict;
}

describe('who leads', () => {
  const follower = verdictAfter().follower;

  it('is the strategy that has missed least of late', () => {
    expect(verdictAfter([5, LRU]).leader).toBe(0);
    expect(verdictAfter([5, 0]).leader).toBe(LRU);
    expect(verdictAfter([5, 0], [6, LRU]).leader).toBe(0);
  });

  it('is LRU where following has missed more than it by a tenth of what is held, not by less', () => {
    // What LRU gains on the follower it does not gain on the favourite.
    expect(verdictAfter([9, follower]).leader).toBe(0);
    expect(verdictAfter([12, follower]).leader).toBe(LRU);
  });

  it('is LRU then until following is ahead again', () => {
    expect(verdictAfter([12, follower], [9, 0, LRU]).leader).toBe(LRU);
    expect(verdictAfter([12, follower], [14, LRU]).leader).toBe(0);
  });
});
