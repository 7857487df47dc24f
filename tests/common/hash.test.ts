import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashBefore, hashEnd, hashRest, hashSpread, hashString } from '../../src/common/hash.js';

const COUNT = 200_000;

const FAMILIES: [string, (index: number) => string][] = [
  ['user:0000001', (index) => `user:${String(index).padStart(7, '0')}`],
  ['1', (index) => String(index)],
  ['/img/1/1.jpg', (index) => `/img/${index % 1000}/${Math.floor(index / 1000)}.jpg`],
  ['0001 (binary)', (index) => index.toString(2).padStart(24, '0')],
  ['121:a (ternary)', (index) => `${index.toString(3)}:a`],
  ['beyond Latin-1', (index) => String.fromCharCode(index & 0xffff, 0x4e00 + (index >>> 16))],
  ['long with a late difference', (index) => `${'https://example.org/'.repeat(4)}${index}`],
];

/** Chi-squared over its degrees of freedom: 1 for an even spread. */
function unevenness(hashes: Uint32Array, bucketOf: (hash: number) => number, buckets: number): number {
  const counts = new Uint32Array(buckets);
  for (const hash of hashes) counts[bucketOf(hash)]!++;
  const expected = hashes.length / buckets;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0) / (buckets - 1);
}

const HASHES: [string, (key: string) => number][] = [
  ['hashString', (key) => hashString(key, 42)],
  ['hashEnd and hashRest', (key) => hashRest(key, hashEnd(key, 42))],
];

describe.each(HASHES)('%s', (_, hashOf) => {
  it.each(FAMILIES)('spreads keys such as %s over the low and over the high bits', (__, keyAt) => {
    const hashes = Uint32Array.from({ length: COUNT }, (___, index) => hashOf(keyAt(index)));
    expect(unevenness(hashes, (hash) => hash & 0xfff, 4096)).toBeLessThan(1.15);
    expect(unevenness(hashes, (hash) => hash >>> 20, 4096)).toBeLessThan(1.15);
    // Chance alone makes 200 000² / 2 / 2³² = 4.7 pairs.
    expect(COUNT - new Set(hashes).size).toBeLessThan(16);
  });
});

describe('a hash of a part', () => {
  it('is of the last four code units and the length, of two or four more, or of so many spread over the key', () => {
    expect(hashEnd('other, 1234', 1)).toBe(hashEnd('OTHER, 1234', 1));
    expect(hashEnd('other, 1234', 1)).not.toBe(hashEnd('other,  1234', 1));
    expect(hashEnd('1234', 1)).not.toBe(hashEnd('1234', 2));
    for (const units of [2, 4] as const) {
      const hash = (key: string): number => hashBefore(key, hashEnd(key, 1), units);
      expect(hash(`other, ${'1'.repeat(units)}1234`)).toBe(hash(`OTHER, ${'1'.repeat(units)}1234`));
      // Each of these units, and each of the last four, makes a hash of its own.
      const keys = Array.from({ length: 12 }, (_, at) => `${'.'.repeat(at)}x${'.'.repeat(11 - at)}`);
      expect(new Set(keys.map(hash)).size).toBe(1 + units + 4);
      expect(new Set(['', '1', '12', '123', '1234', '12345', '123456', '1234567'].map(hash)).size).toBe(8);
      expect(hash('1234567') === hash('x234567')).toBe(units === 2);
    }
    expect(hashSpread('a12345678', 1, 16)).not.toBe(hashSpread('b12345678', 1, 16));
    const keys = Array.from({ length: 100 }, (_, at) => `${'.'.repeat(at)}x${'.'.repeat(99 - at)}`);
    // Each unit that is looked at makes a key of its own; all others are one.
    expect(new Set(keys.map((key) => hashSpread(key, 1, 16))).size).toBe(17);
    expect(new Set(keys.map((key) => hashSpread(key, 1, 64))).size).toBe(65);
  });
});

describe('hashString', () => {
  it('is an unsigned 32-bit integer that depends on nothing but the text and the seed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer(), (key, seed) => {
        const hash = hashString(key, seed);
        expect(hash).toBe(hash >>> 0);
        expect(hashString(`${key.slice(0, 3)}${key.slice(3)}`, seed)).toBe(hash);
      }),
      { seed: 20261121 },
    );
  });

  it('turns about half of the bits when one bit of the key or of the seed turns', () => {
    let turned = 0;
    const trials = 20_000;
    for (let trial = 0; trial < trials; trial++) {
      const key = `key ${trial}`;
      const at = trial % key.length;
      const other = key.slice(0, at) + String.fromCharCode(key.charCodeAt(at) ^ 1) + key.slice(at + 1);
      turned +=
        bits(hashString(key, 7) ^ hashString(other, 7)) +
        bits(hashString(key, 7) ^ hashString(key, 7 ^ (1 << (trial % 32))));
    }
    expect(turned / trials / 64).toBeGreaterThan(0.48);
    expect(turned / trials / 64).toBeLessThan(0.52);
  });

  it('tells lengths apart, zeros and all', () => {
    expect(new Set(['', '\0', '\0\0', '\0\0\0', '\0\0\0\0'].map((key) => hashString(key, 0))).size).toBe(5);
  });
});

function bits(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
}
