import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/common/error.js';
import { invariant } from '../../src/common/invariant.js';

const FAMILY = [
  [errors.CacheConfigError, 'CacheConfigError', 'ERR_CACHE_CONFIG'],
  [errors.CacheKeyError, 'CacheKeyError', 'ERR_CACHE_KEY'],
  [errors.CacheSerializationError, 'CacheSerializationError', 'ERR_CACHE_SERIALIZATION'],
  [errors.CacheLoadError, 'CacheLoadError', 'ERR_CACHE_LOAD'],
  [errors.CacheTimeoutError, 'CacheTimeoutError', 'ERR_CACHE_TIMEOUT'],
  [errors.CacheConnectionError, 'CacheConnectionError', 'ERR_CACHE_CONNECTION'],
  [errors.CacheCorruptionError, 'CacheCorruptionError', 'ERR_CACHE_CORRUPTION'],
  [errors.CacheClosedError, 'CacheClosedError', 'ERR_CACHE_CLOSED'],
] as const;

describe('the error family', () => {
  it.each(FAMILY)('%o is told by class, name and code', (Class, name, code) => {
    const error = new Class('what');
    expect(error).toBeInstanceOf(errors.CacheError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
    expect(error.message).toBe('what');
    expect(inspect(error)).toContain(`${name}: what`);
  });

  it('carries the key and the cause when they are given, and only then', () => {
    const cause = new Error('disk');
    const error = new errors.CacheLoadError('what', { key: 0, cause });
    expect(error.key).toBe(0);
    expect(error.cause).toBe(cause);
    expect('cause' in new errors.CacheLoadError('what')).toBe(false);
    expect(new errors.CacheLoadError('what').key).toBeUndefined();
    expect('cause' in new errors.CacheLoadError('what', { cause: undefined })).toBe(true);
  });
});

describe('describe', () => {
  class Session {}
  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    ['a "b"', '"a \\"b\\"" (string)'],
    ['x'.repeat(100), `"${'x'.repeat(77)}..." (string)`],
    [5, '5 (number)'],
    [Number.NaN, 'NaN (number)'],
    [10n, '10n (bigint)'],
    [true, 'true (boolean)'],
    [Symbol('s'), 'Symbol(s) (symbol)'],
    [function named() {}, 'named (function)'],
    [
      (
        () => () =>
          1
      )(),
      'anonymous (function)',
    ],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [[], 'an instance of Array'],
    [new Session(), 'an instance of Session'],
  ])('tells what %o is', (value, text) => {
    expect(errors.describe(value)).toBe(text);
  });
});

describe('invariant', () => {
  it('throws when a promise to ourselves is broken', () => {
    invariant(1, 'fine');
    expect(() => invariant(0, 'sizes add up')).toThrow('cachalot: invariant broken: sizes add up');
  });
});
