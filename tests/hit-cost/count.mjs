/**
 * What a hit does, counted: look-ups in Maps, atomic operations, and bytes allocated, a hit. Prints JSON.
 * `node --expose-gc --allow-natives-syntax count.mjs MODULE`, MODULE being the library to count in.
 */
import { argv, memoryUsage, stdout } from 'node:process';

const HITS = 20_000;
/** Before bytes are counted: so that what runs is compiled by the last of the compilers, whose code allocates least. */
const WARMING = 50 * HITS;
/** Now and then the heap seems to grow by a page's worth while it is swept or compiled for: one round without that is enough. */
const ROUNDS = 40;
const counts = { maps: 0, atomics: 0 };

function count(object, name, counter) {
  const original = object[name];
  object[name] = function (...args) {
    counts[counter]++;
    return Reflect.apply(original, this, args);
  };
  return () => {
    object[name] = original;
  };
}

const operations = Object.getOwnPropertyNames(Atomics).filter((name) => typeof Atomics[name] === 'function');
const { Cache, SharedCache } = await import(argv[2]);

/** Counters slow down and allocate: what is counted and what is allocated are found in runs of their own. */
function countHits(hit) {
  hit();
  counts.maps = 0;
  counts.atomics = 0;
  const undo = [
    ...['get', 'has', 'set', 'delete'].map((name) => count(Map.prototype, name, 'maps')),
    ...operations.map((name) => count(Atomics, name, 'atomics')),
  ];
  for (let i = 0; i < HITS; i++) hit();
  for (const one of undo) one();
  return { maps: counts.maps / HITS, atomics: counts.atomics / HITS };
}

function allocatedBytes(hit) {
  for (let i = 0; i < WARMING; i++) hit();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc();
    const before = memoryUsage().heapUsed;
    for (let i = 0; i < HITS; i++) hit();
    least = Math.min(least, memoryUsage().heapUsed - before);
  }
  return Math.round(least / HITS);
}

function measure(hit) {
  return { ...countHits(hit), bytes: allocatedBytes(hit) };
}

function heapHit(options) {
  const cache = new Cache({ maxBytes: '64MiB', ...options });
  for (let i = 0; i < 1000; i++) cache.set(`key-${i}`, { i }, { size: 100 });
  let next = 0;
  const keys = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
  return () => {
    if (++next === keys.length) next = 0;
    if (cache.get(keys[next]) === undefined) throw new Error('a miss');
  };
}

const results = {
  lru: measure(heapHit({ policy: 'lru' })),
  auto: measure(heapHit({ policy: 'auto' })),
  ttl: measure(heapHit({ policy: 'lru', ttl: '1h' })),
};

const shared = await SharedCache.create({ name: 'hit-cost', maxBytes: '64MiB' });
const image = { width: 64, height: 64, pixels: new Uint8Array(16_384) };
for (let i = 0; i < 100; i++) await shared.set(`key-${i}`, image);
const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`);
let at = 0;
results.acquire = measure(() => {
  if (++at === keys.length) at = 0;
  const lease = shared.acquire(keys[at]);
  if (lease.value.pixels.length !== 16_384) throw new Error('another value');
  lease.release();
});
results.has = measure(() => {
  if (!shared.has(keys[3])) throw new Error('a miss');
});
await shared.close();
stdout.write(`${JSON.stringify(results)}\n`);
