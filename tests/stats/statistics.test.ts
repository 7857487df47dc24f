import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/index.js';
import { Counters } from '../../src/stats/counters.js';
import { LatencyHistogram } from '../../src/stats/histogram.js';

describe('LatencyHistogram', () => {
  it('is zeros before the first record, and after a reset', () => {
    const histogram = new LatencyHistogram();
    const zeros = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
    expect(histogram.summary()).toEqual(zeros);
    histogram.record(5);
    histogram.reset();
    expect(histogram.summary()).toEqual(zeros);
  });

  it('is right within a sixteenth, from nanoseconds to an hour', () => {
    const duration = fc.double({ min: 1e-4, max: 3_600_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 200 }), (durations) => {
        const histogram = new LatencyHistogram();
        for (const one of durations) histogram.record(one);
        const sorted = durations.toSorted((a, b) => a - b);
        const summary = histogram.summary();
        for (const [name, share] of [
          ['p50', 0.5],
          ['p90', 0.9],
          ['p99', 0.99],
          ['p999', 0.999],
        ] as const) {
          const exact = sorted[Math.ceil(sorted.length * share) - 1]!;
          expect(summary[name]).toBeGreaterThanOrEqual(exact * 0.999_999 - 1e-6);
          expect(summary[name]).toBeLessThanOrEqual(exact * (1 + 1 / 16) + 2e-6);
        }
        expect(summary.max).toBe(sorted.at(-1));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('takes what is out of range', () => {
    const histogram = new LatencyHistogram();
    for (const odd of [0, -1, Number.NaN, 1e12]) histogram.record(odd);
    expect(histogram.summary().max).toBe(1e12);
  });
});

describe('Counters', () => {
  it('rates are fractions; that of nothing is 0', () => {
    const counters = new Counters();
    const held = { entries: 0, bytes: 0, maxBytes: 10, hitBytes: 0 };
    expect(counters.snapshot(held)).toMatchObject({ hitRate: 0, byteHitRate: 0, savedTime: 0, gets: 0 });
    counters.hits = 3;
    counters.misses = 1;
    counters.missBytes = 100;
    counters.recordLoad(20);
    counters.recordLoad(40);
    const snapshot = counters.snapshot({ ...held, hitBytes: 300, savedTime: 90 });
    expect(snapshot).toMatchObject({ hitRate: 0.75, byteHitRate: 0.75, gets: 4, loadTimeTotal: 60, savedTime: 90 });
    counters.reset();
    expect(counters.snapshot(held)).toEqual(new Counters().snapshot(held));
  });
});

describe('the statistics of a cache', () => {
  it('count every get as a hit or a miss, bytes too', () => {
    const cache = new Cache<string, number>({ maxBytes: 100, weigher: (value) => value });
    cache.set('a', 30);
    cache.set('b', 10);
    for (let i = 0; i < 4; i++) cache.get('a');
    cache.get('c');
    cache.set('a', 20);
    cache.get('a');
    cache.delete('a');
    expect(cache.stats.snapshot()).toMatchObject({
      hits: 5,
      misses: 1,
      gets: 6,
      sets: 3,
      deletes: 1,
      entries: 1,
      bytes: 10,
      maxBytes: 100,
      hitRate: 5 / 6,
      byteHitRate: 140 / 180,
      pinnedBytes: 0,
      reservedBytes: 0,
      fragmentation: 0,
    });
  });

  it('start anew at reset, with what is held', () => {
    const cache = new Cache<string, number>({ maxBytes: 100, weigher: () => 10 });
    cache.set('a', 1);
    cache.get('a');
    cache.stats.reset();
    expect(cache.stats.snapshot()).toMatchObject({
      hits: 0,
      sets: 0,
      hitRate: 0,
      byteHitRate: 0,
      entries: 1,
      bytes: 10,
    });
    cache.get('a');
    expect(cache.stats.snapshot()).toMatchObject({ hits: 1, hitRate: 1, byteHitRate: 1 });
  });

  it('a snapshot is frozen', () => {
    const snapshot = new Cache({ maxBytes: 100 }).stats.snapshot();
    expect([snapshot, snapshot.latency, snapshot.latency.hit].every(Object.isFrozen)).toBe(true);
  });

  it('time loads and misses, and a sample of the hits', async () => {
    const cache = new Cache<string, number>({ maxBytes: 100, weigher: () => 1 });
    await cache.getOrSet('a', () => new Promise((resolve) => setTimeout(resolve, 20, 1)));
    for (let i = 0; i < 3000; i++) cache.get('a');
    const { latency, loadTimeTotal, savedTime } = cache.stats.snapshot();
    expect(latency.load.p50).toBeGreaterThan(15);
    expect(latency.miss.max).toBeGreaterThan(15);
    expect(latency.hit.max).toBeGreaterThan(0);
    expect(latency.hit.p50).toBeLessThan(latency.load.p50);
    expect(savedTime).toBeCloseTo(loadTimeTotal * 3000, 3);
  });

  it('time the first hit after a reset', () => {
    const cache = new Cache<string, number>({ maxBytes: 100, weigher: () => 1 });
    cache.set('a', 1);
    for (let i = 0; i < 2; i++) {
      cache.get('a');
      expect(cache.stats.snapshot().latency.hit.max).toBeGreaterThan(0);
      cache.stats.reset();
      expect(cache.stats.snapshot().latency.hit.max).toBe(0);
    }
  });
});
