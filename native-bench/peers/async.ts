/**
 * The peers whose every call is a promise.
 */

import { loadPeer } from '../harness/in-child.js';
import type { OpenAsync, Value } from './heap-cache.js';

interface KeyvLike {
  get(key: string): Promise<Value | undefined>;
  set(key: string, value: Value): Promise<boolean>;
  serialize: undefined;
  deserialize: undefined;
}

/** keyv over quick-lru, as its README bounds it, with serialization off. */
export const keyv: OpenAsync = async (entries) => {
  const { Keyv } = await loadPeer<{ Keyv: new (options: { store: unknown }) => KeyvLike }>('keyv');
  const { default: QuickLRU } = await loadPeer<{ default: new (options: { maxSize: number }) => unknown }>('quick-lru');
  const cache = new Keyv({ store: new QuickLRU({ maxSize: entries }) });
  cache.serialize = undefined;
  cache.deserialize = undefined;
  return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) };
};

interface BentoModule {
  BentoCache: new (options: {
    default: string;
    ttl: null;
    stores: Record<string, unknown>;
  }) => {
    get(options: { key: string }): Promise<Value | undefined>;
    set(options: { key: string; value: Value }): Promise<boolean>;
  };
  bentostore(): { useL1Layer(driver: unknown): unknown };
}

interface DriverModule {
  memoryDriver(options: { maxItems: number; serialize: boolean }): unknown;
}

/** bentocache with its memory level alone, handing out references. */
export const bentocache: OpenAsync = async (entries) => {
  const { BentoCache, bentostore } = await loadPeer<BentoModule>('bentocache');
  const { memoryDriver } = await loadPeer<DriverModule>('bentocache/drivers/memory');
  const memory = bentostore().useL1Layer(memoryDriver({ maxItems: entries, serialize: false }));
  const cache = new BentoCache({ default: 'memory', ttl: null, stores: { memory } });
  return { get: (key) => cache.get({ key }), set: (key, value) => cache.set({ key, value }) };
};
