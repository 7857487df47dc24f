import type { LoaderTask } from '../../../src/arena/protocol.js';

/** A task for threads that look at nothing but its input. */
export function taskOf(input: unknown): LoaderTask {
  const config = {
    name: 'cache',
    maxBytes: 1,
    maxEntries: 1,
    maxEntryBytes: undefined,
    policy: 'lru',
    cost: 'requests' as const,
    ttlMs: 1,
    idleMs: 1,
    graceMs: 0,
    reserveTimeoutMs: 1,
    loaders: {},
    defaultLoader: undefined,
    pool: {},
  };
  const ticket = {
    cache: 0,
    config,
    table: new SharedArrayBuffer(8),
    slots: 1,
    seed: 1,
    requests: new SharedArrayBuffer(8),
  };
  const terms = { ttlMs: 1, idleMs: 1, graceMs: 0, cost: 1 };
  return { keeper: 0, ticket, flight: 1, loader: 'thumb', url: '', key: 'k', hash: 0, input, terms };
}
