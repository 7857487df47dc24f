/**
 * The ways to read across threads, by name.
 */

import { cachalotBytes, cachalotImage } from './cachalot.js';
import { lmdb } from './lmdb.js';
import { postMessage } from './post-message.js';
import { redis } from './redis.js';
import { lruCacheOfViews, mapAndView } from './shared-view.js';
import type { Transport } from './transport.js';

export const transports: Readonly<Record<string, Transport>> = {
  'Map + view': mapAndView,
  'cachalot, bytes': cachalotBytes,
  'cachalot, image': cachalotImage,
  'lru-cache of views': lruCacheOfViews,
  postMessage,
  lmdb,
  Redis: redis,
};

/** Throws a `RangeError` for a name that is none of them. */
export function transportCalled(name: string): Transport {
  const transport = transports[name];
  if (!transport)
    throw new RangeError(`transport: expected one of ${Object.keys(transports).join(', ')}, got '${name}'`);
  return transport;
}
