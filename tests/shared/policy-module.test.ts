import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheConfigError, SharedCache, type SharedCacheOptions } from 'cachalot';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

const NEWEST = new URL('./support/newest.policy.mjs', import.meta.url);
const caches: SharedCache[] = [];

async function create(policy: SharedCacheOptions<unknown>['policy']): Promise<SharedCache> {
  const cache = await SharedCache.create({ name: `policy ${caches.length}`, maxBytes: 10_000, policy });
  caches.push(cache);
  return cache;
}

const directory = await mkdtemp(join(tmpdir(), 'cachalot-policy-'));
afterAll(() => rm(directory, { recursive: true }));

afterEach(() => Promise.all(caches.splice(0).map((cache) => cache.close())));

const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}` as const;

describe('a policy of a module', () => {
  it.each<[string, URL | `${string}:${string}`]>([
    ['a class', NEWEST],
    ['a class, by a string', NEWEST.href as `${string}:${string}`],
    ['a function', module(`import Newest from '${NEWEST.href}'; export default () => new Newest()`)],
  ])('says who goes: %s', async (_, policy) => {
    const cache = await create(policy);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await cache.set(key, new Uint8Array(3000))).toBe(true);
    expect([...cache.keys()].sort()).toEqual(['a', 'b', 'f']);
    expect(cache.stats.advise()).toHaveLength(4);
  });

  it('is made for each cache anew', async () => {
    const [one, other] = [await create(NEWEST), await create(NEWEST)];
    for (const cache of [one, other, one, other]) {
      for (let i = 0; i < 5; i++) await cache.set(`${i}`, new Uint8Array(3000));
      expect([...cache.keys()].sort()).toEqual(['0', '1', '4']);
    }
  });

  it.each<[RegExp, unknown]>([
    [/policy: expected the URL of a module; there is no file .*none\.mjs/, new URL('./none.mjs', import.meta.url)],
    [/policy: expected one of 'auto'.* or the URL of a module; got "mru"/, 'mru'],
    [/expected a module; importing it failed: boo/, module("throw new Error('boo')")],
    [/expected a class, or a function .* got 5 \(number\)/, module('export default 5')],
    [/expected an object that implements Policy; it has no insert,/, module('export default () => ({})')],
    [/expected a Policy; got undefined/, module('export default () => {}')],
  ])('is refused otherwise: %s', async (message, policy) => {
    const attempt = create(policy as URL);
    await expect(attempt).rejects.toBeInstanceOf(CacheConfigError);
    await expect(attempt).rejects.toThrow(message);
  });

  const faulty = (method: string, body: string) =>
    module(`import Newest from '${NEWEST.href}';
      export default class extends Newest { ${method}(handle) { ${body} } }`);

  it.each([
    ['insert() threw: boo', faulty('insert', "throw new Error('boo')")],
    ['touch() threw: "boo" (string)', faulty('touch', "throw 'boo'")],
    ['update() threw: boo', faulty('update', "throw new Error('boo')")],
    ['remove() threw: boo', faulty('remove', "throw new Error('boo')")],
    ['defer() threw: boo', faulty('defer', "throw new Error('boo')")],
    ['victim() threw: boo', faulty('victim', "throw new Error('boo')")],
    ['victim(): expected the handle of one of 3 entries; got NaN (number)', faulty('victim', 'return NaN')],
    ['victim(): expected the handle of one of 3 entries; got undefined', faulty('victim', '')],
    ['victim(): expected the handle of one of 3 entries; got -1 (number)', faulty('victim', 'return -1')],
    ['victim(): expected the handle of one of 3 entries; got 1000000 (number)', faulty('victim', 'return 1e6')],
    ['victim(): expected another one than entry 2, which has just been deferred', faulty('defer', '')],
    ['touch(): expected a synchronous method; got a promise', faulty('touch', 'return Promise.reject(1)')],
    ['order() threw: boo', faulty('order', "throw new Error('boo')")],
    ['order(): expected each of 3 handles once; got an instance of Array', faulty('order', 'return [0, 0, 1]')],
  ])('that fails is told once, and the cache goes on: %s', async (fault, policy) => {
    const cache = await create(policy);
    const errors: unknown[] = [];
    cache.on('error', ({ error }) => errors.push(error));
    for (const key of ['a', 'b', 'c']) expect(await cache.set(key, new Uint8Array(3000))).toBe(true);
    const lease = cache.acquire('c')!;
    const saved = join(directory, 'saved');
    await cache.save(saved);
    // Uses are heard of when room is made.
    for (const key of ['a', 'b', 'a', 'd', 'd', 'e', 'f']) {
      cache.get(key);
      expect(await cache.set(key, new Uint8Array(3000))).toBe(true);
    }
    expect(lease.value).toEqual(new Uint8Array(3000));
    lease.release();
    expect(await cache.delete('f')).toBe(true);
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBe(1);
    expect(errors[0]).toBeInstanceOf(CacheConfigError);
    expect(String(errors[0])).toContain(`policy of ${policy}: ${fault}; the cache goes on with 'auto'`);
  });

  it('whose own methods fail between requests does not end the keeper', async () => {
    // Swept by the keeper's timer.
    const cache = await create(faulty('remove', "throw new Error('boo')"));
    const { keeper } = cache.handle;
    const errors: unknown[] = [];
    cache.on('error', ({ error }) => errors.push(error));
    await cache.set('a', 1, { ttl: 20 });
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBe(1);
    expect(cache.bytes).toBe(0);
    expect(await cache.set('b', 1)).toBe(true);
    expect(cache.handle.keeper).toBe(keeper);
  });

  it('that can be made but once: the next cache goes on with another', async () => {
    const once = module(`import Newest from '${NEWEST.href}'; let made = 0;
      export default () => { if (++made > 2) throw new Error('no more'); return new Newest(); }`);
    await create(once);
    const errors: unknown[] = [];
    const cache = await create(once);
    cache.on('error', ({ error }) => errors.push(error));
    expect(await cache.set('a', 1)).toBe(true);
    await expect.poll(() => errors.length, { timeout: 20_000 }).toBe(1);
    expect(String(errors[0])).toContain('making it failed: no more');
  });
});
