import { fileURLToPath } from 'node:url';
import type { ArenaClient } from '../arena/client.js';
import type { LoaderOrder } from '../arena/protocol.js';
import { packError } from '../arena/wire-error.js';
import { CacheConfigError, describe } from '../common/error.js';
import { type OwnPool, Pool } from './pool.js';

export type { OwnPool };

/** Whether a user's option is a pool, and not a description of one. */
export function isPool(pool: unknown): pool is OwnPool {
  if (typeof pool !== 'object' || pool === null || typeof Reflect.get(pool, 'run') !== 'function') return false;
  const options: unknown = Reflect.get(pool, 'options');
  const isWhole =
    typeof Reflect.get(pool, 'on') === 'function' &&
    typeof Reflect.get(pool, 'off') === 'function' &&
    Array.isArray(Reflect.get(pool, 'threads')) &&
    typeof options === 'object' &&
    options !== null &&
    typeof Reflect.get(options, 'maxThreads') === 'number';
  if (isWhole) return true;
  throw new CacheConfigError(
    `pool: expected piscina's options, or a Piscina (5 or newer), which has run(), on(), off(), threads and options.maxThreads; got ${describe(pool)}`,
  );
}

/** What runs in the threads of a pool. */
const filename = fileURLToPath(new URL('./loader.door.cjs', import.meta.url));

/**
 * Runs the loads of a cache in a pool of this thread, as the keeper says: a thread of the user's cannot be reached from
 * anywhere else. It ends with the cache, and leaves the pool as it was.
 */
export function serveLoads(client: ArenaClient, cache: number, own: OwnPool): () => void {
  const pool = Pool.around(own, filename);
  const running = new Map<number, () => void>();
  const obey = (order: LoaderOrder): void => {
    switch (order.do) {
      case 'run': {
        const { flight } = order.task;
        const stop = pool.start(order.task, (error) => {
          running.delete(flight);
          client.notify({ op: 'ran', cache, flight, ...(error !== undefined && { error: packError(error) }) });
        });
        running.set(flight, stop);
        break;
      }
      case 'stop':
        running.get(order.flight)?.();
        break;
      case 'lend':
        pool.lend(order.by);
        break;
      case 'hasten':
        pool.hasten(order.flight);
        break;
      case 'prefer':
        pool.prefer(order.flight, order.priority);
        break;
    }
  };
  client.orders.set(cache, obey);
  return () => {
    client.orders.delete(cache);
    for (const stop of running.values()) stop();
    pool.retire();
  };
}
