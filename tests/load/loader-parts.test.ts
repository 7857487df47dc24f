import { describe, expect, it } from 'vitest';
import { encodeValue } from '../../src/codec/index.js';
import { CacheConfigError } from '../../src/common/error.js';
import { defineLoader } from '../../src/load/define-loader.js';
import { mergeTerms } from '../../src/load/entry-terms.js';
import { moduleHooks } from '../../src/load/module-hooks.js';
import { PrivateMemory } from '../../src/load/private-memory.js';

describe('defineLoader', () => {
  it('gives back the function', () => {
    const load = (path: string) => path.length;
    expect(defineLoader<string, number>(load)).toBe(load);
  });

  it('refuses what cannot be called', () => {
    expect(() => defineLoader<string, number>(Object('x'))).toThrow(CacheConfigError);
    expect(() => defineLoader<string, number>(Object('x'))).toThrow('expected a function (input, ctx) => value; got');
  });
});

describe('moduleHooks', () => {
  it.each([
    [[], []],
    [['--expose-gc', '--max-old-space-size=100', '--inspect'], []],
    [
      ['--import', 'tsx', '--expose-gc'],
      ['--import', 'tsx'],
    ],
    [
      ['--import=tsx', '-r', './a.js', '--conditions=dev'],
      ['--import=tsx', '-r', './a.js', '--conditions=dev'],
    ],
    [['--expose-gc', '--import'], []],
    [['--experimental-strip-types', '--experimental-strip-types=x'], ['--experimental-strip-types']],
  ])('of %j are %j', (execArgv, hooks) => {
    expect(moduleHooks(execArgv)).toEqual(hooks);
  });
});

describe('mergeTerms', () => {
  const terms = { ttlMs: 1, idleMs: 2, graceMs: 3, cost: 4 };

  it('keeps what is not said', () => {
    expect(mergeTerms(terms, {})).toEqual(terms);
    expect(mergeTerms(terms, { ttl: '1s', idleTtl: '2s', grace: 5, cost: 0.5 })).toEqual({
      ttlMs: 1000,
      idleMs: 2000,
      graceMs: 5,
      cost: 0.5,
    });
  });

  it.each([
    [{ ttl: 0 }, 'ttl: expected'],
    [{ idleTtl: 'x' }, 'idleTtl: expected'],
    [{ grace: -1 }, 'grace: expected'],
    [{ cost: 0 }, 'cost: expected a number above 0; got 0 (number)'],
    [{ cost: Number.POSITIVE_INFINITY }, 'cost: expected'],
  ])('refuses %j', (options, message) => {
    expect(() => mergeTerms(terms, options)).toThrow(message);
  });
});

describe('private memory', () => {
  it('holds a value where it was made, with its skeleton behind it', () => {
    const memory = new PrivateMemory();
    expect(memory.isUsed).toBe(false);
    const pixels = memory.allocate(1000).fill(5);
    expect(memory.isUsed).toBe(true);
    const encoded = encodeValue({ width: 3, a: pixels.subarray(0, 10), b: pixels.subarray(100) });
    const loose = memory.inPlace(encoded);
    expect(loose?.buffer).toBe(pixels.buffer);
    expect(loose?.parts).toEqual([
      { byteOffset: 0, byteLength: 10 },
      { byteOffset: 100, byteLength: 900 },
    ]);
    const { byteOffset, byteLength } = loose!.skeleton;
    expect(byteOffset).toBeGreaterThanOrEqual(1000);
    expect(new Uint8Array(loose!.buffer, byteOffset, byteLength)).toEqual(encoded.skeleton);
    expect(pixels.every((byte) => byte === 5)).toBe(true);
  });

  it('leaves to others what lies elsewhere, in part or in two pieces, or has a large skeleton', () => {
    const memory = new PrivateMemory();
    const one = memory.allocate(100);
    const two = memory.allocate(100);
    const own = new Uint8Array(10);
    expect(memory.holds(one)).toBe(true);
    expect(memory.holds(own)).toBe(false);
    for (const value of ['text', { own }, { own, one }, { one, own }, { one, two }, { one, text: 'x'.repeat(5000) }]) {
      expect(memory.inPlace(encodeValue(value))).toBe(undefined);
    }
  });
});
