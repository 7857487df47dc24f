/**
 * The in-process contenders by name.
 */

import { bentocache, keyv } from './async.js';
import { type Contender, type OpenAsync, type OpenSync, TTL_MS } from './heap-cache.js';
import { ours, oursByDefault, oursWithTtl } from './ours.js';
import { bareMap, cacheableMemory, flru, lruCache, mnemonist, quickLru, tinyLru, ttlCache } from './sync.js';

const sync = (open: OpenSync): Contender => ({ kind: 'sync', open });
const asynchronous = (open: OpenAsync): Contender => ({ kind: 'async', open });

export const contenders: Readonly<Record<string, Contender>> = {
  'cachalot lru': sync(ours('lru')),
  'cachalot auto': sync(ours('auto')),
  'cachalot lru + ttl': sync(oursWithTtl),
  'cachalot, all defaults': sync(oursByDefault),
  Map: sync(bareMap),
  'lru-cache maxSize': sync(lruCache()),
  'lru-cache maxSize + ttl': sync(lruCache(TTL_MS)),
  'mnemonist LRUMap': sync(mnemonist),
  'quick-lru': sync(quickLru),
  'tiny-lru': sync(tinyLru),
  '@isaacs/ttlcache': sync(ttlCache),
  flru: sync(flru),
  CacheableMemory: sync(cacheableMemory),
  keyv: asynchronous(keyv),
  bentocache: asynchronous(bentocache),
};

/** Too slow to be the point: measured in every other round. */
export const SLOW: ReadonlySet<string> = new Set(['@isaacs/ttlcache', 'CacheableMemory', 'keyv', 'bentocache']);
