import { Cache, SharedCache, type WarmProgress } from 'cachalot';
import { afterEach, describe, expect, it } from 'vitest';
import { type WarmHarness, warmContract } from '../contract/warm.js';

type Options = NonNullable<Parameters<WarmHarness['create']>[0]>;
type PreSet = NonNullable<Options['preSet']>;

warmContract('a Cache', {
  async create({ preSet, loader, ...options } = {}) {
    class Hooked extends Cache<string, string> {
      protected override preSet(key: string, value: string): string {
        return preSet ? preSet(key, value) : value;
      }
    }
    return new Hooked({ maxBytes: '1MiB', ...options, ...(loader && { loader }) });
  },
});

class Hooked extends SharedCache<string> {
  given: PreSet | undefined;

  protected override preSet(key: string, value: string): string {
    return this.given ? this.given(key, value) : value;
  }
}

const caches: SharedCache<string>[] = [];
let names = 0;
afterEach(async () => {
  for (const cache of caches.splice(0)) await cache.close();
});

warmContract('a SharedCache', {
  async create({ preSet, loader, ...options } = {}) {
    const name = `warm ${names++} of ${process.pid}`;
    const cache = (await Hooked.create<string>({ name, maxBytes: '1MiB', ...options })) as Hooked;
    caches.push(cache);
    cache.given = preSet;
    if (loader) await cache.registerLoader('load', (key: never, context) => loader(key, context));
    return cache;
  },
});

describe('warming a SharedCache by the pool', () => {
  it('keeps to the room that is left', async () => {
    const cache = await SharedCache.create<Uint8Array>({
      name: `warm pool of ${process.pid}`,
      maxBytes: '256KiB',
      loaders: { bytes: new URL('./fixtures/bytes.loader.mjs', import.meta.url) },
      pool: { maxThreads: 2 },
    });
    await cache.set('held', new Uint8Array(50_000));
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    const done: string[] = [];
    const onProgress = ({ key, outcome }: WarmProgress<string>) => outcome === 'loaded' && done.push(key);
    const { loaded, skipped, failed } = await cache.warm(keys, { concurrency: 3, onProgress });
    expect([loaded >= 8, loaded + skipped, failed]).toEqual([true, 30, 0]);
    // A thread that starts late may find no room for what was asked of it early.
    expect([...cache.keys()].sort()).toEqual(['held', ...done].sort());
    expect(done.length).toBe(loaded);
    expect(cache.get(done[0]!)).toEqual(new Uint8Array(20_000).fill(1));
    const stats = cache.stats.snapshot();
    expect([stats.evictions, stats.rejected, stats.pinnedBytes, stats.reservedBytes]).toEqual([0, 0, 0, 0]);
    expect(stats.loads).toBeLessThanOrEqual(loaded + 3);
    await cache.close();
  });
});
