import { describe, expect, it } from 'vitest';
import { foreignToWire, fromWire, packError, toWire, unpackError } from '../../src/arena/wire-error.js';
import { CacheClosedError, CacheError, CacheKeyError, CacheLoadError } from '../../src/common/error.js';

const cross = (thrown: unknown): unknown => unpackError(structuredClone(packError(thrown)));
const answer = (error: unknown): Error => fromWire(structuredClone(toWire(error)));

describe('an error that crosses to another thread', () => {
  it.each([new Error('a'), new TypeError('b'), new RangeError('c'), new CacheClosedError('d'), new CacheKeyError('e')])(
    'keeps its class, message and stack: %s',
    (error) => {
      const copy = cross(error);
      expect(copy).toBeInstanceOf(error.constructor);
      expect(copy).toMatchObject({ name: error.name, message: error.message, stack: error.stack });
    },
  );

  it('keeps its name, its code and what else was set on it, but for what cannot cross', () => {
    const error = Object.assign(new Error('no'), { name: 'OddError', code: 'E_ODD', list: [1], retry: () => {} });
    const copy = cross(error);
    expect(copy).toMatchObject({ name: 'OddError', code: 'E_ODD', list: [1] });
    expect(copy).not.toHaveProperty('retry');
    expect(cross(new DOMException('gone', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'gone' });
  });

  it('keeps its causes, as far as they go', () => {
    const error = new CacheLoadError('outer', { key: 'k', cause: new TypeError('inner', { cause: 'innermost' }) });
    const copy = answer(error) as CacheLoadError;
    expect(copy).toBeInstanceOf(CacheLoadError);
    expect(copy.key).toBe('k');
    expect(copy.cause).toBeInstanceOf(TypeError);
    expect((copy.cause as Error).cause).toBe('innermost');
    const circle = new Error('round');
    circle.cause = circle;
    expect(cross(circle)).toMatchObject({ message: 'round', cause: { message: 'round' } });
  });

  it('may be anything that was thrown', () => {
    for (const thrown of ['text', 5, null, undefined, { plain: true }]) expect(cross(thrown)).toEqual(thrown);
    expect(cross(() => {})).toEqual(new Error('a function that cannot be cloned'));
    expect(fromWire(structuredClone(foreignToWire('text')))).toBe('text');
  });

  it('of the keeper itself stays what it is', () => {
    expect(answer(new CacheError('odd'))).toBeInstanceOf(CacheError);
    expect(answer(new RangeError('bug'))).toBeInstanceOf(RangeError);
    expect(answer(new RangeError('bug'))).not.toBeInstanceOf(CacheError);
  });
});
