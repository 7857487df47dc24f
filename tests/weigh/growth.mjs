// node --expose-gc growth.mjs KIND...: real bytes per value of each kind, as JSON. Allocates until about 4 MiB are
// held, seven times, and takes the median: now and then the heap grows or shrinks for reasons of its own.
import { KINDS } from './kinds.mjs';

const TARGET = 4 * 2 ** 20;

function used() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function growth(make, count, from) {
  const held = new Array(count).fill(undefined);
  const before = used();
  for (let i = 0; i < count; i++) held[i] = make(from + i);
  const after = used();
  if (held[count - 1] === undefined) throw new Error('not held');
  return (after - before) / count;
}

const sizes = {};
for (const kind of process.argv.slice(2)) {
  const make = KINDS[kind];
  const first = Math.max(64, growth(make, 8, 0));
  const count = Math.max(4, Math.min(20_000, Math.round(TARGET / first)));
  const growths = [1, 2, 3, 4, 5, 6, 7].map((turn) => growth(make, count, turn * 100_000));
  sizes[kind] = growths.sort((a, b) => a - b)[3];
}
process.stdout.write(JSON.stringify(sizes));
