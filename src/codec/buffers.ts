import { types } from 'node:util';
import { hiddenCauseOf, refusePlatform } from './platform.js';

/** Things looked at in search of buffers: about 0.2 ms. */
const SEARCH_STEPS = 8192;

interface Found {
  buffers: ArrayBuffer[];
  /** Whether all of the value was looked at. */
  isAll: boolean;
}

/**
 * The ArrayBuffers that lie in a value themselves, not under a view. Breadth first, so that in a graph too large to be
 * searched those near the root, where media lies, are found.
 *
 * @throws CacheSerializationError for what V8 would lose without a word.
 */
export function findBuffers(root: unknown): Found {
  const buffers: ArrayBuffer[] = [];
  const queue = new Set<object>();
  let steps = 0;
  const look = (child: unknown): boolean => {
    if (typeof child === 'object' && child !== null) {
      if (types.isArrayBuffer(child)) {
        if (!queue.has(child)) buffers.push(child);
        queue.add(child);
      } else if (!ArrayBuffer.isView(child)) {
        refusePlatform(child);
        queue.add(child);
      }
    }
    return ++steps < SEARCH_STEPS;
  };
  look(root);
  for (const item of queue) {
    if (!everyChild(item, look)) return { buffers, isAll: false };
  }
  return { buffers, isAll: true };
}

/** Calls `look` for each child until it answers `false`. */
function everyChild(item: object, look: (child: unknown) => boolean): boolean {
  if (Array.isArray(item)) return item.every(look);
  if (types.isMap(item)) {
    for (const [key, value] of item) if (!look(key) || !look(value)) return false;
    return true;
  }
  if (types.isSet(item)) {
    for (const value of item) if (!look(value)) return false;
    return true;
  }
  if (types.isArrayBuffer(item) || types.isProxy(item)) return true;
  return Object.values(item).every(look) && hiddenCauseOf(item).every(look);
}
