import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalArgs, canonicalKey } from '../../src/common/canonical-key.js';

/*
 * Values out of so few pieces that two of them are often equal, nearly equal, or made of the same text: where an encoding
 * that is not injective would be found out. `isDeepStrictEqual` is the judge: it is Node's own, and follows the same rules.
 */
const SEED = 20261121;

const leaf = fc.constantFrom<unknown>(
  ...[0, -0, 1, Number.NaN, 0n, 1n, true, false, null, undefined, '', '0', '1', 'a', 'd1;', 's1:a', 'u', 'a1:', '#'],
);
const name = fc.constantFrom('a', 'b', '0', '1', '', 'length', '__proto__', 's1:a');
const bytes = fc.uint8Array({ maxLength: 3, max: 1 });

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map((list) => objectOf(list)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((list) => new Map(list)),
    fc.array(tie('value'), { maxLength: 3 }).map((list) => new Set(list)),
    fc.nat(2).map((ms) => new Date(ms)),
    bytes,
    bytes.map((list) => new Int8Array(list)),
    bytes.map((list) => Buffer.from(list)),
    bytes.map((list) => list.buffer.slice(0)),
    fc.nat(2).map((length) => new Array<unknown>(length)),
    leaf.filter((one) => one !== null && one !== undefined).map((one) => Object(one) as unknown),
    fc.constantFrom(/a/, /a/g, /b/),
    tie('value').map((cause) => new Error('a', { cause })),
  ),
}));

function objectOf(list: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, member] of list) {
    Object.defineProperty(object, name, { value: member, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Another value, as near as can be: of the same parts, in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return [...value].reverse();
  if (value instanceof Map) return new Map([...value].reverse());
  if (value instanceof Set) return new Set([...value].reverse());
  if (value instanceof Object && Object.getPrototypeOf(value) === Object.prototype) {
    return objectOf(Object.entries(value).reverse());
  }
  return value;
}

/** How often two were the same, so that the test is not about differences only. */
function compare(left: unknown, right: unknown): boolean {
  const same = isDeepStrictEqual(left, right);
  expect(canonicalKey(left) === canonicalKey(right)).toBe(same);
  return same;
}

describe('keys', () => {
  it('are equal for what is the same, and for nothing else', () => {
    let same = 0;
    const property = fc.property(value, value, (left, right) => {
      if (compare(left, right)) same++;
    });
    fc.assert(property, { seed: SEED, numRuns: 30_000 });
    expect(same).toBeGreaterThan(300);
  });

  it('do not depend on an order that has no meaning, and do on one that has', () => {
    fc.assert(
      fc.property(value, (one) => void compare(one, turned(one))),
      { seed: SEED, numRuns: 10_000 },
    );
  });

  it('notice a part that is put into another place', () => {
    let same = 0;
    const property = fc.property(value, value, (one, other) => {
      const wrapped = [[one, other], [[one], other], [[one, other]], { a: one, b: other }, { a: { b: one }, c: other }];
      for (const left of wrapped) for (const right of wrapped) if (compare(left, right)) same++;
    });
    fc.assert(property, { seed: SEED, numRuns: 1500 });
    expect(same).toBeGreaterThanOrEqual(1500 * 5);
  });

  it('of calls leave out the undefined at the end', () => {
    const args = fc.array(fc.oneof(leaf, value), { maxLength: 4 });
    const property = fc.property(args, args, fc.nat(3), (left, right, more) => {
      const trimmed = (list: unknown[]) => list.slice(0, list.findLastIndex((one) => one !== undefined) + 1);
      expect(canonicalArgs(left) === canonicalArgs(right)).toBe(isDeepStrictEqual(trimmed(left), trimmed(right)));
      expect(canonicalArgs([...left, ...Array<undefined>(more).fill(undefined)])).toBe(canonicalArgs(left));
    });
    fc.assert(property, { seed: SEED, numRuns: 10_000 });
  });

  it('stay what they are from one version to the next, since they are saved', () => {
    expect(canonicalArgs(['/a.jpg', { w: 1, h: [2, undefined] }])).toBe('a2:s6:/a.jpgo2:s1:ha2:d2;us1:wd1;');
    expect(canonicalArgs(['x'.repeat(500)])).toBe('a1:#dPmrO8FX_G8T2zsobf68EaTskhzcAsr3S_3i6hssnjM');
  });
});
