import { CacheConfigError, SharedCache, type SharedCacheOptions } from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';

const NEWEST = new URL('./support/newest.policy.mjs', import.meta.url);
const caches: SharedCache[] = [];

async function create(policy: SharedCacheOptions<unknown>['policy']): Promise<SharedCache> {
  const cache = await SharedCache.create({ name: `policy ${caches.length}`, maxBytes: 10_000, policy });
  caches.push(cache);
  return cache;
}

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
});
