import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, parseBytes } from '../../src/common/bytes.js';
import { CacheConfigError } from '../../src/common/error.js';
import { usableMemory } from '../../src/common/memory.js';

describe('parseBytes', () => {
  it.each<[unknown, number]>([
    [1, 1],
    [1048576, 1048576],
    [1.9, 1],
    ['1b', 1],
    ['1 byte', 1],
    ['12 bytes', 12],
    ['1kb', 1000],
    ['1KiB', 1024],
    ['1mb', 1e6],
    ['1MiB', 2 ** 20],
    ['512MiB', 512 * 2 ** 20],
    ['2gb', 2e9],
    ['2GiB', 2 ** 31],
    ['1.5gib', 1.5 * 2 ** 30],
    ['.5 TiB', 2 ** 39],
    ['3tb', 3e12],
    [' 64 mib ', 64 * 2 ** 20],
  ])('takes %o for %d', (text, bytes) => {
    expect(parseBytes(text, 'maxBytes')).toBe(bytes);
  });

  it('takes a share of the memory that the process may use', () => {
    expect(parseBytes('25%', 'maxBytes')).toBe(Math.floor(usableMemory() / 4));
    expect(parseBytes('100 %', 'maxBytes')).toBe(Math.floor(usableMemory()));
  });

  it.each<[unknown]>([
    [0],
    [-1],
    [0.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [2 ** 60],
    ['512'],
    [''],
    ['-1mb'],
    ['1xb'],
    ['1e3kb'],
    ['1.2.3mb'],
    ['constructor'],
    ['1constructor'],
    [null],
    [undefined],
    [{}],
    [10n],
    [[1024]],
  ])('refuses %o, naming the option and what came', (value) => {
    expect(() => parseBytes(value, 'maxBytes')).toThrow(CacheConfigError);
    expect(() => parseBytes(value, 'maxBytes')).toThrow(/^maxBytes: expected a positive number of bytes, .*; got /);
  });

  it.each(['0%', '101%', '100.5 %'])('refuses %s, and tells the range', (value) => {
    expect(() => parseBytes(value, 'maxBytes')).toThrow(CacheConfigError);
    expect(() => parseBytes(value, 'maxBytes')).toThrow(
      `maxBytes: expected a percentage above 0 and up to '100%'; got "${value}"`,
    );
  });

  it('answers a positive safe integer, or throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double(), fc.string(), fc.stringMatching(/^\d{0,4}(\.\d)? ?(%|[kmgtKMGT]?i?[bB])$/)),
        (value) => {
          let bytes: number;
          try {
            bytes = parseBytes(value, 'x');
          } catch (error) {
            expect(error).toBeInstanceOf(CacheConfigError);
            return;
          }
          expect(Number.isSafeInteger(bytes) && bytes > 0).toBe(true);
        },
      ),
      { seed: 20261121 },
    );
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [512 * 2 ** 20, '512 MiB'],
    [2 ** 50, '1024 TiB'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
