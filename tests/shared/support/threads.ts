import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SharedCache, type SharedCacheOptions } from 'cachalot';
import { afterEach } from 'vitest';

interface Reply {
  id: number;
  result: unknown;
  error?: { name: string; message: string; code: string };
}

/** What a function is given that runs in another thread; nothing else of its surroundings is there. */
export interface Surroundings {
  SharedCache: typeof SharedCache;
  /** Lives as long as the thread. */
  state: Record<string, never>;
  Worker: typeof Worker;
}

/** Another thread of this process, with the built package in it. */
export class Thread {
  readonly worker = new Worker(new URL('./thread.worker.mjs', import.meta.url), { execArgv: [] });
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #next = 0;

  constructor() {
    this.worker.on('message', (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
  }

  /** Runs a function there, by its text. */
  async run<A extends unknown[], R>(
    action: (surroundings: Surroundings, ...args: A) => R | Promise<R>,
    ...args: A
  ): Promise<R> {
    const id = this.#next++;
    const reply = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    this.worker.postMessage({ id, code: String(action), args });
    const { result, error } = await reply;
    if (error) throw Object.assign(new Error(error.message), { name: error.name, code: error.code });
    return result as R;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

const threads = new Set<Thread>();
const caches = new Set<{ close(): Promise<void> }>();
let names = 0;

export function thread(): Thread {
  const one = new Thread();
  threads.add(one);
  return one;
}

/** A cache under a name of its own, closed after the test. */
export async function create<V = unknown>(options: Partial<SharedCacheOptions<V>> = {}): Promise<SharedCache<V>> {
  const cache = await SharedCache.create<V>({
    name: `cache ${names++} of ${process.pid}`,
    maxBytes: '1MiB',
    ...options,
  });
  caches.add(cache);
  return cache;
}

afterEach(async () => {
  for (const one of threads) await one.end();
  for (const cache of caches) await cache.close();
  threads.clear();
  caches.clear();
});

/** Waits until something holds: half a minute at most, which a busy machine may need to start a few threads. */
export async function until(holds: () => boolean | Promise<boolean>, what = String(holds)): Promise<void> {
  for (let waited = 0; waited < 3000; waited++) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error(`waited in vain until ${what}`);
}

/** Nothing is left of what was held, pinned and written. */
export async function expectEmpty<V>(cache: SharedCache<V>): Promise<void> {
  await cache.clear();
  await until(() => {
    const { bytes, reservedBytes, pinnedBytes, entries } = cache.stats.snapshot();
    return bytes + reservedBytes + pinnedBytes + entries === 0;
  }, 'the ledger is empty');
}

export { sleep };
