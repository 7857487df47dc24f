/**
 * cachalot's `Cache`. With a weigher it is told what an entry weighs, as lru-cache is by `sizeCalculation`; without,
 * it finds out by itself, which no peer does.
 */

import { loadProduct } from '../harness/in-child.js';
import { type OpenSync, type SyncCache, TTL_MS, type Value, WEIGHT } from './heap-cache.js';

type Policy = 'lru' | 'auto';

export function ours(policy: Policy, ttl?: number): OpenSync {
  return async (entries, product) => {
    const { Cache } = await loadProduct(product);
    const lifetime = ttl === undefined ? {} : { ttl };
    return adapt(new Cache<string, Value>({ maxBytes: entries * WEIGHT, policy, weigher: () => WEIGHT, ...lifetime }));
  };
}

export const oursWithTtl: OpenSync = ours('lru', TTL_MS);

/** Every default: policy `auto`, the built-in estimate. The budget is what `entries` such entries are estimated at. */
export const oursByDefault: OpenSync = async (entries, product) => {
  const { Cache } = await loadProduct(product);
  const probe = new Cache<string, Value>({ maxBytes: '1MiB' });
  probe.set('user:1000000', { id: 0, name: 'name 0' });
  const bytes = probe.bytes;
  await probe.close();
  return adapt(new Cache<string, Value>({ maxBytes: entries * bytes }));
};

interface Storing {
  get(key: string): Value | undefined;
  set(key: string, value: Value): unknown;
}

function adapt(cache: Storing): SyncCache {
  return {
    get: (key) => cache.get(key),
    set: (key, value) => {
      cache.set(key, value);
    },
  };
}
