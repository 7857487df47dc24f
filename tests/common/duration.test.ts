import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/common/duration.js';
import { CacheConfigError } from '../../src/common/error.js';

describe('parseDuration', () => {
  it.each<[unknown, number]>([
    [250, 250],
    [0.5, 0.5],
    [2 ** 40, 2 ** 40],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['250ms', 250],
    ['1s', 1000],
    ['30 sec', 30_000],
    ['1.5 seconds', 1500],
    ['5m', 300_000],
    ['.5min', 30_000],
    ['1h', 3_600_000],
    ['2 hours', 7_200_000],
    ['7d', 604_800_000],
    ['1W', 604_800_000],
    [' 10 MS ', 10],
  ])('takes %o for %d ms', (value, ms) => {
    expect(parseDuration(value, 'ttl')).toBe(ms);
  });

  it.each<[unknown]>([
    [0],
    [-0],
    [-5],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    ['60'],
    ['0s'],
    ['-1s'],
    ['1 fortnight'],
    ['1constructor'],
    ['1m30s'],
    [''],
    [null],
    [undefined],
    [new Date()],
    [5n],
  ])('refuses %o, naming the option and what came', (value) => {
    expect(() => parseDuration(value, 'ttl')).toThrow(CacheConfigError);
    expect(() => parseDuration(value, 'ttl')).toThrow(/^ttl: expected a positive number of milliseconds, .*; got /);
  });

  it('allows zero where zero means something', () => {
    expect(parseDuration(0, 'timeout', { zero: true })).toBe(0);
    expect(parseDuration('0ms', 'timeout', { zero: true })).toBe(0);
    expect(() => parseDuration(-1, 'timeout', { zero: true })).toThrow(/or Infinity, or 0; got -1 \(number\)$/);
    expect(() => parseDuration(Number.NaN, 'timeout', { zero: true })).toThrow(CacheConfigError);
  });
});
