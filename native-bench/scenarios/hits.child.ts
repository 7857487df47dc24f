/**
 * The plain hits of one build: what every feature must leave as fast as it was.
 */

import { collect, jobInput, loadProduct, report } from '../harness/in-child.js';
import type { Metrics } from '../harness/scenario.js';
import { type Batch, measure } from '../harness/timing.js';

const ENTRIES = 10_000;
const WINDOW = { windowMs: 150, warmupMs: 100 };

const { product } = jobInput<{ product: string }>();
const { Cache, SharedCache } = await loadProduct(product);
const keys = Array.from({ length: ENTRIES }, (_, i) => `image:${i}`);
const metrics: Metrics = {};

for (const [name, options] of Object.entries({
  'Cache lru': { policy: 'lru' },
  'Cache auto': { policy: 'auto' },
  'Cache lru, ttl': { policy: 'lru', ttl: '1h' },
} as const)) {
  const cache = new Cache<string, { id: number }>({ maxBytes: '64MiB', ...options });
  keys.forEach((key, id) => {
    cache.set(key, { id }, { size: 100 });
  });
  run(name, (key) => cache.get(key)!.id);
}

const shared = await SharedCache.create<{ id: number; pixels: Uint8Array }>({ name: 'hits', maxBytes: '128MiB' });
const pixels = new Uint8Array(4096).fill(7);
for (const [id, key] of keys.entries()) await shared.set(key, { id, pixels });
run('SharedCache acquire', (key) => {
  const lease = shared.acquire(key)!;
  const byte = lease.value.pixels[0]!;
  lease.release();
  return byte;
});
run('SharedCache get', (key) => shared.get(key)!.id);
run('SharedCache has', (key) => Number(shared.has(key)));
await shared.close();
report(metrics);

function run(name: string, hit: (key: string) => number): void {
  let at = 0;
  const batch: Batch = (operations) => {
    let sum = 0;
    for (let i = 0; i < operations; i++) {
      if (++at === ENTRIES) at = 0;
      sum += hit(keys[at]!);
    }
    return sum;
  };
  collect();
  metrics[name] = measure(batch, WINDOW);
}
