import { describe, expect, it, vi } from 'vitest';
import { Cache, type CacheEvents, type CacheOptions } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';

type Events = CacheEvents<string, number>;
const NAMES: (keyof Events)[] = [
  'hit',
  'miss',
  'set',
  'delete',
  'evict',
  'expire',
  'clear',
  'load',
  'loadError',
  'maxSizeExceeded',
];

function make(options: Partial<CacheOptions<string, number>> = {}) {
  const clock = new FakeClock();
  const seen: [string, unknown][] = [];
  const cache = new Cache<string, number>({ maxBytes: 30, weigher: () => 10, policy: 'lru', clock, ...options });
  for (const name of NAMES) cache.on(name, (event) => seen.push([name, event]));
  return { cache, clock, seen, names: () => seen.splice(0).map(([name]) => name) };
}

describe('events', () => {
  it('carry one object', async () => {
    const { cache, seen } = make();
    cache.set('a', 1);
    cache.get('a');
    cache.get('b');
    cache.delete('a');
    expect(seen.splice(0)).toEqual([
      ['set', { key: 'a', value: 1, size: 10 }],
      ['hit', { key: 'a', value: 1, size: 10 }],
      ['miss', { key: 'b' }],
      ['delete', { key: 'a', value: 1, size: 10, reason: 'delete' }],
    ]);
    await cache.getOrSet('c', () => 3);
    await expect(cache.getOrSet('d', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(seen.splice(0)).toEqual([
      ['miss', { key: 'c' }],
      ['set', { key: 'c', value: 3, size: 10 }],
      ['load', { key: 'c', value: 3, durationMs: expect.any(Number) }],
      ['miss', { key: 'd' }],
      ['loadError', { key: 'd', error: new Error('no'), durationMs: expect.any(Number) }],
    ]);
    expect(cache.set('e', 5, { size: 31 })).toBe(false);
    expect(seen).toEqual([['maxSizeExceeded', { key: 'e', value: 5, size: 31 }]]);
  });

  it('tell each key of what removes many', () => {
    const { cache, clock, seen, names } = make();
    cache.setMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    cache.deleteMany(['a', 'b']);
    cache.set('d', 4, { ttl: 10 });
    expect(names()).toEqual(['set', 'set', 'set', 'delete', 'delete', 'set']);
    clock.advance(10);
    cache.clear();
    expect(seen.map(([name, event]) => [name, (event as { key: string }).key])).toEqual([
      ['clear', 'c'],
      ['expire', 'd'],
    ]);
  });

  it('on, once and off give the cache back and do what they say', () => {
    const cache = new Cache<string, number>({ maxBytes: 1000 });
    const always = vi.fn();
    const first = vi.fn();
    expect(cache.on('set', always).once('set', first)).toBe(cache);
    cache.set('a', 1);
    cache.set('b', 1);
    expect(cache.off('set', always)).toBe(cache);
    cache.set('c', 1);
    expect([always.mock.calls.length, first.mock.calls.length]).toEqual([2, 1]);
    expect(() => cache.on('nothing' as 'set', always)).toThrow(/expected one of hit, miss/);
    expect(() => cache.on('set', 5 as never)).toThrow(/listener of 'set': expected a function; got 5/);
  });
});

describe('removals', () => {
  const collect = (options: Partial<CacheOptions<string, number>> = {}) => {
    const told: string[] = [];
    const made = make({ onEvicted: (key, value, reason) => void told.push(`${key}=${value} ${reason}`), ...options });
    return { ...made, told };
  };

  it('are told exactly once, with the reason', () => {
    const { cache, clock, told } = collect();
    cache.set('a', 1);
    cache.set('a', 2);
    cache.set('a', 2);
    expect(told.splice(0)).toEqual(['a=1 replace', 'a=2 replace']);
    cache.delete('a');
    cache.set('b', 1);
    cache.take('b');
    expect(told.splice(0)).toEqual(['a=2 delete', 'b=1 delete']);
    cache.setMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]);
    expect(told.splice(0)).toEqual(['a=1 evict']);
    cache.resize(20);
    cache.clear();
    expect(told.splice(0)).toEqual(['b=2 evict', 'c=3 clear', 'd=4 clear']);
    cache.set('e', 1, { ttl: 5 });
    cache.set('f', 1, { ttl: 5 });
    clock.advance(5);
    cache.set('e', 2);
    cache.sweep();
    expect(told.splice(0)).toEqual(['e=1 expire', 'f=1 expire']);
  });

  it('are told by nobody after close', async () => {
    const { cache, told, names } = collect();
    cache.set('a', 1);
    names();
    await cache.close();
    expect([told, names()]).toEqual([[], []]);
  });

  it('are told when the cache is consistent: a listener may do anything', () => {
    const { clock } = make();
    const told: string[] = [];
    const cache: Cache<string, number> = new Cache<string, number>({
      maxBytes: 30,
      weigher: () => 10,
      policy: 'lru',
      clock,
      onEvicted: (key, value, reason) => {
        told.push(`${key} ${reason} ${cache.has(key)} ${cache.bytes <= 30}`);
        if (reason === 'evict' && value > 0) cache.set(key, value - 1);
        if (reason === 'clear') cache.set('after', 0);
      },
    });
    cache.setMany([
      ['a', 2],
      ['b', 0],
      ['c', 0],
      ['d', 0],
    ]);
    expect(told.splice(0)).toEqual(['a evict false true', 'b evict false true']);
    expect(cache.peek('a')).toBe(1);
    cache.clear();
    expect(told.length).toBe(5);
    expect([...cache.keys()]).toEqual(['after']);
    expect(cache.bytes).toBe(10);
  });

  it('are told in the order in which they happened, also those that a listener causes', () => {
    const told: string[] = [];
    const cache: Cache<string, number> = new Cache<string, number>({
      maxBytes: 30,
      weigher: () => 10,
      onEvicted: (key) => {
        told.push(key);
        if (key !== 'a') return;
        cache.set('late', 1);
        cache.delete('late');
      },
    });
    cache.setMany([
      ['a', 1],
      ['b', 1],
    ]);
    cache.clear();
    expect(told).toEqual(['a', 'b', 'late']);
  });

  it('a listener that throws, rejects or stalls harms nobody', async () => {
    const errors: unknown[] = [];
    let mode = 'throw';
    const { cache, told } = collect({
      onEvicted: (key) => {
        if (mode === 'throw') throw new Error(`thrown ${key}`);
        if (mode === 'reject') return Promise.reject(new Error(`rejected ${key}`));
        return new Promise<void>(() => undefined);
      },
    });
    cache.on('error', ({ error }) => errors.push((error as Error).message));
    cache.on('set', () => {
      throw new Error('listener');
    });
    expect(cache.set('a', 1)).toBe(true);
    expect(cache.delete('a')).toBe(true);
    mode = 'reject';
    cache.set('b', 1);
    cache.delete('b');
    mode = 'stall';
    cache.set('c', 1);
    cache.delete('c');
    await new Promise(setImmediate);
    expect(errors.toSorted()).toEqual(['listener', 'listener', 'listener', 'rejected b', 'thrown a']);
    expect([cache.bytes, told]).toEqual([0, []]);
  });

  it('an error that nobody listens to is a warning, once, and throws nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const cache = new Cache<string, number>({
      maxBytes: 1000,
      name: 'unheard',
      onEvicted: () => {
        throw new Error('whoever hears it');
      },
    });
    for (let i = 0; i < 3; i++) {
      cache.set('a', 1);
      cache.delete('a');
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0]?.[0])).toMatch(/unheard: Error: whoever hears it/);
    warn.mockRestore();
  });
});
