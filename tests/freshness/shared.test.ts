import type { Factory, GetOrSetOptions, SharedCache, SharedCacheOptions } from 'cachalot';
import { describeFreshness } from '../contract/freshness.js';
import type { Loads } from '../contract/loads.js';
import { create } from '../shared/support/threads.js';

type Value = number | null;
type Call = (
  cache: SharedCache<Value>,
  key: string,
  options: GetOrSetOptions<Value, string>,
) => Promise<Value | undefined>;

describeFreshness('SharedCache.getOrSet', async (options = {}) => {
  const cache = await create<Value>(options as SharedCacheOptions<Value>);
  return Object.assign(cache, { ask: cache.getOrSet.bind(cache) }) as SharedCache<Value> & Loads;
});

/** Through a loader that is a function of this thread. */
const calls: Record<string, Call> = {
  load: (cache, key, options) => cache.load('made', key, { ...options, key }),
  fetch: (cache, key, options) => cache.fetch(key, options),
  async acquireOrLoad(cache, key, options) {
    const lease = await cache.acquireOrLoad('made', key, { ...options, key });
    const value = lease?.value;
    lease?.release();
    return value;
  },
};

for (const [name, call] of Object.entries(calls)) {
  describeFreshness(`SharedCache.${name}`, async (options = {}) => {
    const cache = await create<Value>(options as SharedCacheOptions<Value>);
    const factories = new Map<string, Factory<Value, string>>();
    await cache.registerLoader('made', (key: string, context) => factories.get(key)!(context));
    return Object.assign(cache, {
      ask(key: string, factory: Factory<Value, string>, given: GetOrSetOptions<Value, string> = {}) {
        factories.set(key, factory);
        return call(cache, key, given);
      },
    }) as SharedCache<Value> & Loads;
  });
}
