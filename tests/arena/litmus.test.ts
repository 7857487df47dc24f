import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'tsup';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** At most; half of the rounds are with the barrier. */
const ROUNDS = 8_000_000;
const TIME_MS = 4_000;

const home = mkdtempSync(join(tmpdir(), 'cachalot-litmus-'));

beforeAll(async () => {
  await build({
    config: false,
    entry: { row: fileURLToPath(new URL('../../src/arena/thread-row.ts', import.meta.url)) },
    outDir: home,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    silent: true,
  });
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Two threads that store, each to its own word, and load the other's: how often, and how often both had missed the other. */
async function play() {
  const buffers = {
    rows: new SharedArrayBuffer(64 * 1024),
    steps: new SharedArrayBuffer(4096),
    missed: [new SharedArrayBuffer(ROUNDS), new SharedArrayBuffer(ROUNDS)],
  };
  const deadline = Date.now() + TIME_MS;
  const threads = [0, 1].map((self) => {
    const module = pathToFileURL(join(home, 'row.mjs')).href;
    const workerData = { module, buffers, self, deadline, enough: ROUNDS - 2048 };
    return new Worker(new URL('./fixtures/litmus.worker.mjs', import.meta.url), { workerData });
  });
  await Promise.all(threads.map((thread) => once(thread, 'exit')));
  const [a, b] = buffers.missed.map((buffer) => new Uint8Array(buffer));
  const rounds = Math.min(...[0, 1].map((self) => new Int32Array(buffers.steps)[32 * (1 + self)]!)) - 1;
  const both = { withBarrier: 0, without: 0 };
  const one = { withBarrier: 0, without: 0 };
  for (let round = 1; round <= rounds; round++) {
    const kind = round & 64 ? 'withBarrier' : 'without';
    if (a![round] === 1 && b![round] === 1) both[kind]++;
    if (a![round] !== b![round]) one[kind]++;
  }
  return { rounds, both, one };
}

// That plain accesses do fail shows that two threads have met at all. How often depends on the host, down to never where
// they share one core: so it is told, and not asked for.
it('no two threads miss each other when each publishes a pin and then looks', async ({ annotate }) => {
  const { rounds, both, one } = await play();
  const seen = `${rounds} rounds, by turns with the barrier and without: both missed each other ${both.withBarrier} times with it, ${both.without} without; one the other ${one.withBarrier} and ${one.without} times`;
  await annotate(seen);
  expect(rounds, seen).toBeGreaterThan(0);
  expect(both.withBarrier, seen).toBe(0);
});
