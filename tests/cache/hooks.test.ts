import { describe, expect, it } from 'vitest';
import { Cache } from '../../src/index.js';

describe('hooks of a subclass', () => {
  class Shouting extends Cache<string, string> {
    protected override preSet(key: string, value: string): string {
      if (value === '') throw new RangeError(`nothing to say for ${key}`);
      return value.toUpperCase();
    }

    protected override postGet(_key: string, value: string): string {
      return `${value}!`;
    }
  }

  it('preSet sees what is set and loaded, postGet what is got', async () => {
    const cache = new Shouting({ maxBytes: 10_000, loader: (key) => key });
    cache.set('a', 'x');
    expect(cache.get('a')).toBe('X!');
    expect(cache.getMany(['a']).get('a')).toBe('X!');
    expect(cache.peek('a')).toBe('X');
    expect([...cache.values()]).toEqual(['X']);
    expect(await cache.getOrSet('b', () => 'y')).toBe('Y!');
    expect(await cache.getOrSet('b', () => 'z')).toBe('Y!');
    expect(await cache.fetch('c')).toBe('C!');
    expect(cache.setMany([['d', 'w']])).toBe(1);
    expect(cache.peek('d')).toBe('W');
  });

  it('preSet may refuse', async () => {
    const cache = new Shouting({ maxBytes: 10_000 });
    cache.set('a', 'x');
    expect(() => cache.set('a', '')).toThrow(RangeError);
    expect(cache.peek('a')).toBe('X');
    await expect(cache.getOrSet('b', () => '')).rejects.toThrow(RangeError);
    expect(cache.has('b')).toBe(false);
  });
});
