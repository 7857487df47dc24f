/**
 * What a write that evicts does, counted: calls of Maps, moves in structures, and bytes allocated, a write. Prints JSON.
 * `node --expose-gc evict.mjs MODULE ENTRIES POLICY...`, MODULE being the library to count in.
 */
import { argv, memoryUsage, stdout } from 'node:process';

const WRITES = 4_000;
/** So many that what is compiled meanwhile, some tens of kilobytes, comes to a byte or two a write. */
const ALLOCATING_WRITES = 40_000;
const WEIGHT = 100;
/** Some of them are disturbed by what sweeps and compiles beside. */
const ROUNDS = 20;
const { Cache } = await import(argv[2]);
const entries = Number(argv[3]);
const keys = Array.from({ length: 2 * entries }, (_, i) => `key-${i}`);
const value = { name: 'the same for all' };

function countMaps(run) {
  const names = ['get', 'has', 'set', 'delete', 'keys', 'entries', 'values'];
  const originals = names.map((name) => [name, Map.prototype[name]]);
  let calls = 0;
  for (const [name, original] of originals) {
    Map.prototype[name] = function (...args) {
      calls++;
      return Reflect.apply(original, this, args);
    };
  }
  run();
  for (const [name, original] of originals) Map.prototype[name] = original;
  return calls / WRITES;
}

/** The least of some runs. */
function allocatedBytes(run) {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc();
    const before = memoryUsage().heapUsed;
    run();
    least = Math.min(least, memoryUsage().heapUsed - before);
  }
  return Math.round(least / ALLOCATING_WRITES);
}

const results = {};
for (const policy of argv.slice(4)) {
  const cache = new Cache({ maxBytes: entries * WEIGHT, policy, weigher: () => WEIGHT });
  let next = 0;
  const write = (count) => {
    for (let i = 0; i < count; i++) {
      cache.set(keys[next], value);
      next = next + 1 === keys.length ? 0 : next + 1;
    }
  };
  write(entries);
  write(20_000);
  const before = cache.stats.snapshot().evictions;
  const maps = countMaps(() => write(WRITES));
  const evictions = (cache.stats.snapshot().evictions - before) / WRITES;
  results[policy] = { maps, evictions, bytes: allocatedBytes(() => write(ALLOCATING_WRITES)) };
  await cache.close();
}
stdout.write(`${JSON.stringify(results)}\n`);
