import { Cache, type Factory } from 'cachalot';
import { describeFreshness } from '../contract/freshness.js';

type Value = number | null;

describeFreshness('Cache.getOrSet', async (options = {}) => {
  const cache = new Cache<string, Value>({ maxBytes: '1MiB', ...options });
  return Object.assign(cache, { ask: cache.getOrSet.bind(cache) });
});

describeFreshness('Cache.fetch', async (options = {}) => {
  const factories = new Map<string, Factory<Value, string>>();
  const cache = new Cache<string, Value>({
    maxBytes: '1MiB',
    loader: (key, context) => factories.get(key)!(context),
    ...options,
  });
  return Object.assign(cache, {
    ask(key: string, factory: Factory<Value, string>, given = {}) {
      factories.set(key, factory);
      return cache.fetch(key, given);
    },
  });
});
