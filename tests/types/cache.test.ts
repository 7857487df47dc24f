import { describe, expectTypeOf, it } from 'vitest';
import { Cache, type LoadContext, type RemovalReason, type StatsSnapshot } from '../../src/index.js';

interface Image {
  width: number;
}

describe('the types of Cache', () => {
  const cache = new Cache<string, Image>({ maxBytes: '1MiB', loader: (key) => ({ width: key.length }) });

  it('reads', () => {
    expectTypeOf(cache.get('a')).toEqualTypeOf<Image | undefined>();
    expectTypeOf(cache.get('a', null)).toEqualTypeOf<Image | null>();
    expectTypeOf(cache.getMany(['a'])).toEqualTypeOf<Map<string, Image>>();
    expectTypeOf(cache.entries()).toEqualTypeOf<IterableIterator<[string, Image]>>();
    expectTypeOf(cache.getOrSet('a', () => ({ width: 1 }))).toEqualTypeOf<Promise<Image | undefined>>();
    expectTypeOf(cache.fetch('a')).toEqualTypeOf<Promise<Image | undefined>>();
    expectTypeOf(cache.stats.snapshot()).toEqualTypeOf<StatsSnapshot>();
  });

  it('writes', () => {
    expectTypeOf(cache.set('a', { width: 1 }, { ttl: '1m' })).toEqualTypeOf<boolean>();
    expectTypeOf(cache.update('a', (old) => old ?? { width: 1 })).toEqualTypeOf<Image>();
    // @ts-expect-error a value of another type
    cache.set('a', 1);
    // @ts-expect-error a key of another type
    cache.get(1);
  });

  it('events and callbacks', () => {
    cache.on('evict', (event) => {
      expectTypeOf(event.value).toEqualTypeOf<Image>();
      expectTypeOf(event.reason).toEqualTypeOf<RemovalReason>();
    });
    cache.on('loadError', (event) => expectTypeOf(event.error).toBeUnknown());
    // @ts-expect-error no such event
    const unknownEvent = () => cache.on('gone', () => undefined);
    expectTypeOf(unknownEvent).toBeFunction();
    expectTypeOf<LoadContext<Image>['staleValue']>().toEqualTypeOf<Image | undefined>();
    expectTypeOf<LoadContext<Image>['fail']>().returns.toBeNever();
  });

  it('the context may be returned from', async () => {
    await cache.getOrSet('s', (context) => context.skip());
    await cache.getOrSet('t', async (context) =>
      context.key === 't' ? context.skip({ width: 1 }) : context.fail('no'),
    );
    expectTypeOf(cache).toExtend<AsyncDisposable>();
  });
});
