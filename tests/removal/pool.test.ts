import type { SharedCacheOptions } from 'cachalot';
import { describe, expect, it } from 'vitest';
import { create, sleep } from '../shared/support/threads.js';

const options: Partial<SharedCacheOptions<unknown>> = {
  loaders: { tagged: new URL('./fixtures/tagged.loader.mjs', import.meta.url) },
  pool: { maxThreads: 2 },
};

describe('tags of what the pool loads', () => {
  it('are those of the caller, unless the loader names others', async () => {
    const cache = await create(options);
    await cache.load('tagged', {}, { key: 'a', tags: ['asked'] });
    await cache.load('tagged', { early: ['x', 'y', 'x'] }, { key: 'b', tags: ['asked'] });
    expect([cache.info('a')?.tags, cache.info('b')?.tags]).toEqual([['asked'], ['x', 'y']]);
    expect(await cache.deleteByTag('y')).toBe(1);
    expect([...cache.keys()]).toEqual(['a']);
    await expect(cache.load('tagged', { early: 'x' }, { key: 'c' })).rejects.toThrow('tags: expected an array');
  });

  it('win over loads that run, however late the tag is named', async () => {
    const cache = await create(options);
    await cache.load('tagged', {}, { key: 'warm' });
    const loads = [
      cache.load('tagged', { waitMs: 1000 }, { key: 'started', tags: ['t'] }),
      cache.load('tagged', { waitMs: 1000, early: ['t'] }, { key: 'early' }),
      cache.load('tagged', { waitMs: 1000, late: ['t'] }, { key: 'late' }),
      cache.load('tagged', { waitMs: 1000 }, { key: 'other', tags: ['u'] }),
    ];
    await sleep(100);
    expect(await cache.deleteByTag('t')).toBe(0);
    expect(await Promise.all(loads)).toEqual(['started', 'early', 'late', 'other'].map((key) => ({ key })));
    expect([...cache.keys()].sort()).toEqual(['other', 'warm']);
  });

  it('win over a value that is being written', async () => {
    const cache = await create(options);
    const reservation = await cache.reserve('a', 100, { tags: ['t'] });
    const other = await cache.reserve('b', 100, { tags: ['u'] });
    await cache.deleteByTag('t');
    await Promise.all([reservation.commit(), other.commit()]);
    expect([...cache.keys()]).toEqual(['b']);
    expect(cache.info('b')?.tags).toEqual(['u']);
  });

  it('are charged', async () => {
    const cache = await create();
    await cache.set('a', 1);
    await cache.set('b', 1, { tags: ['t'.repeat(10_000)] });
    expect(cache.info('b')!.size - cache.info('a')!.size).toBeGreaterThanOrEqual(9_984);
    expect(await cache.set('c', 1, { tags: ['t'.repeat(2 ** 21)] })).toBe(false);
  });
});
