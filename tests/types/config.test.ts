import { describe, expectTypeOf, it } from 'vitest';
import {
  type Cache,
  type CachesControl,
  createCaches,
  defineConfig,
  type LocalCacheDefinition,
  loadConfig,
  type SharedCache,
  type SharedCacheDefinition,
} from '../../src/index.js';

interface Image {
  width: number;
}

describe('the types of a configuration', () => {
  const config = defineConfig({
    maxBytes: '50%',
    caches: {
      thumbnails: { kind: 'shared', share: 0.7, policy: 'auto', ttl: '1h', loaders: { thumb: './loaders/thumb.js' } },
      images: { kind: 'shared', share: 0.1 } as SharedCacheDefinition<Image>,
      metadata: { kind: 'local', share: 0.1, ttl: '5m' },
      notes: { kind: 'local', maxBytes: '1MiB' } as LocalCacheDefinition<Image>,
      sizes: { kind: 'local', maxBytes: '1MiB', loader: async (key: string) => ({ width: key.length }) },
      inferred: {
        kind: 'local',
        maxBytes: '1MiB',
        loader: (key, context) => (context.signal.aborted ? 0 : key.length),
      },
    },
  });
  const create = () => createCaches(config);
  type Caches = Awaited<ReturnType<typeof create>>;

  it('tell the kind and the values of each cache', () => {
    expectTypeOf<Caches['thumbnails']>().toEqualTypeOf<SharedCache<unknown>>();
    expectTypeOf<Caches['images']>().toEqualTypeOf<SharedCache<Image>>();
    expectTypeOf<Caches['metadata']>().toEqualTypeOf<Cache<string, unknown>>();
    expectTypeOf<Caches['notes']>().toEqualTypeOf<Cache<string, Image>>();
    expectTypeOf<Caches['sizes']>().toEqualTypeOf<Cache<string, { width: number }>>();
    expectTypeOf<Caches['inferred']>().toEqualTypeOf<Cache<string, number>>();
    expectTypeOf<Caches>().toExtend<CachesControl>();
    expectTypeOf<Caches>().toExtend<AsyncDisposable>();
    // @ts-expect-error no cache of that name
    type _None = Caches['thumbnail'];
  });

  it('are those that are named, for a file', () => {
    const byPath = () => createCaches<{ images: SharedCache<Image> }>('./cachalot.config.json');
    expectTypeOf<Awaited<ReturnType<typeof byPath>>['images']>().toEqualTypeOf<SharedCache<Image>>();
    const unknown = () => createCaches();
    expectTypeOf<Awaited<ReturnType<typeof unknown>>['any']>().toEqualTypeOf<Cache | SharedCache>();
    const loaded = () => loadConfig(config);
    expectTypeOf<Awaited<ReturnType<typeof loaded>>>().toEqualTypeOf(config);
  });

  it('refuse what is no configuration', () => {
    // @ts-expect-error no such kind
    defineConfig({ caches: { a: { kind: 'tiered', share: 0.1 } } });
    // @ts-expect-error no such option
    defineConfig({ caches: { a: { kind: 'local', share: 0.1, tll: '1h' } } });
    // @ts-expect-error an option of the other kind
    defineConfig({ caches: { a: { kind: 'shared', share: 0.1, copy: true } } });
    // @ts-expect-error no such policy
    defineConfig({ caches: { a: { kind: 'shared', share: 0.1, policy: 'lur' } } });
    // @ts-expect-error no caches
    defineConfig({ maxBytes: 1 });
    // @ts-expect-error no such option of the whole
    defineConfig({ maxByte: 1, caches: {} });
  });
});
