import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatObjectBytes } from '../../src/weigh/flat.js';
import { Walk } from '../../src/weigh/walk.js';

const leaf = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', 'a', 'same', 'same', 'ünï', 'žluťoučký kůň', null, undefined, true),
  fc.bigInt(),
);

describe('flatObjectBytes', () => {
  it('says what the walk says, of objects without objects', () => {
    const record = fc.dictionary(fc.string({ maxLength: 4 }), leaf, { maxKeys: 24 });
    fc.assert(
      fc.property(record, (value) => {
        expect(flatObjectBytes(value)).toBe(new Walk().measure(value));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it.each([
    ['an array', [1, 2]],
    ['an object in it', { name: 'a', inner: {} }],
    ['a function in it', { run: () => 1 }],
    ['an instance', new Date()],
    ['a dictionary', Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`name${i}`, i]))],
  ])('leaves %s to the walk', (_, value) => {
    expect(flatObjectBytes(value)).toBe(-1);
  });

  it('takes a getter that throws for nothing', () => {
    const value = {
      get broken(): never {
        throw new Error('no');
      },
    };
    expect(flatObjectBytes(value)).toBe(new Walk().measure(value));
  });
});
