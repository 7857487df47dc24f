/**
 * The synchronous peers, each opened as its own documentation recommends.
 */

import { loadPeer } from '../harness/in-child.js';
import { type OpenSync, type SyncCache, TTL_MS, type Value, WEIGHT } from './heap-cache.js';

interface MapLike {
  get(key: string): Value | undefined;
  set(key: string, value: Value): unknown;
}

type Constructor<Options> = new (options: Options) => MapLike;

/** No bound at all: not a cache, the floor of what a look-up costs. */
export const bareMap: OpenSync = async () => adapt(new Map<string, Value>());

interface LruOptions {
  maxSize: number;
  sizeCalculation: () => number;
  ttl?: number;
}

/** lru-cache bounded by size, as a budget of bytes asks for. */
export function lruCache(ttl?: number): OpenSync {
  return async (entries) => {
    const { LRUCache } = await loadPeer<{ LRUCache: Constructor<LruOptions> }>('lru-cache');
    const lifetime = ttl === undefined ? {} : { ttl };
    return adapt(new LRUCache({ maxSize: entries * WEIGHT, sizeCalculation: () => WEIGHT, ...lifetime }));
  };
}

/** Keeps two generations: up to twice the entries asked for. */
export const quickLru: OpenSync = async (entries) => {
  const { default: QuickLRU } = await loadPeer<{ default: Constructor<{ maxSize: number }> }>('quick-lru');
  return adapt(new QuickLRU({ maxSize: entries }));
};

export const tinyLru: OpenSync = async (entries) => {
  const { lru } = await loadPeer<{ lru: (max: number) => MapLike }>('tiny-lru');
  return adapt(lru(entries));
};

export const mnemonist: OpenSync = async (entries) => {
  const { LRUMap } = await loadPeer<{ LRUMap: Constructor<number> }>('mnemonist');
  return adapt(new LRUMap(entries));
};

/** Evicts by time to live, not by use. */
export const ttlCache: OpenSync = async (entries) => {
  const { TTLCache } = await loadPeer<{ TTLCache: Constructor<{ max: number; ttl: number }> }>('@isaacs/ttlcache');
  return adapt(new TTLCache({ max: entries, ttl: TTL_MS }));
};

/** Keeps two generations: up to twice the entries asked for. */
export const flru: OpenSync = async (entries) => {
  const peer = await loadPeer<{ default: (max: number) => MapLike }>('flru');
  return adapt(peer.default(entries));
};

interface MemoryOptions {
  lruSize: number;
  useClone: boolean;
}

/** The memory level of cacheable. It clones by default; here it hands out references, as the others do. */
export const cacheableMemory: OpenSync = async (entries) => {
  const { CacheableMemory } = await loadPeer<{ CacheableMemory: Constructor<MemoryOptions> }>('@cacheable/memory');
  return adapt(new CacheableMemory({ lruSize: entries, useClone: false }));
};

function adapt(cache: MapLike): SyncCache {
  return {
    get: (key) => cache.get(key),
    set: (key, value) => {
      cache.set(key, value);
    },
  };
}
