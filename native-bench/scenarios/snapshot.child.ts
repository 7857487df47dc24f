/**
 * Fills a cache, saves it, and restores the file into another one that is full of the same, in turns with a plain
 * reading of that file from the beginning to the end. The file lies in the system's cache: it has just been written.
 */

import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobInput, loadProduct, report } from '../harness/in-child.js';
import { median } from '../harness/statistics.js';
import { consume } from '../harness/timing.js';
import type { SnapshotInput } from './snapshot.js';

const AT_ONCE = 256;
const CHUNK_BYTES = 2 ** 20;
const { bytes, total, turns, product } = jobInput<SnapshotInput>();
const { SharedCache } = await loadProduct(product);
const count = Math.floor(total / bytes);
// Room for keys and what each entry costs besides.
const options = {
  maxBytes: Math.ceil(total * 1.05) + count * 512,
  maxEntries: count + AT_ONCE,
  policy: 'lru' as const,
};
const folder = await mkdtemp(join(tmpdir(), 'cachalot-bench-'));
const path = join(folder, 'snapshot');

const from = await SharedCache.create<Uint8Array>({ name: 'from', ...options });
const source = new Uint8Array(bytes).fill(7);
for (let next = 0; next < count; next += AT_ONCE) {
  const keys = Array.from({ length: Math.min(AT_ONCE, count - next) }, (_, i) => `key:${next + i}`);
  await Promise.all(keys.map((key) => from.set(key, source)));
}
const saved = await seconds(() => from.save(path));
await from.close();

const to = await SharedCache.create<Uint8Array>({ name: 'to', ...options });
await to.restore(path);
const times = { plain: [] as number[], restore: [] as number[], above: [] as number[] };
for (let turn = 0; turn < turns; turn++) {
  const plain = await seconds(readPlainly);
  const restored = await seconds(async () => {
    if ((await to.restore(path)) !== count) throw new Error(`snapshot: expected ${count} entries in the file`);
  });
  times.plain.push(plain);
  times.restore.push(restored);
  times.above.push(restored - plain);
}
consume(to.get(`key:${count - 1}`)![bytes - 1]!);
await to.close();
await rm(folder, { recursive: true });
report({
  'save.s': saved,
  'plain.s': median(times.plain),
  'restore.s': median(times.restore),
  'above.s': median(times.above),
});

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function readPlainly(): Promise<void> {
  const file = await open(path);
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) break;
    consume(chunk[bytesRead - 1]!);
  }
  await file.close();
}
