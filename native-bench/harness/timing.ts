/**
 * Timing inside a measured process: warm up, then run for a window, in chunks so that the clock is read rarely.
 */

/** Does `operations` operations and returns something computed from all of them. */
export type Batch = (operations: number) => number;
export type AsyncBatch = (operations: number) => Promise<number>;

export interface Window {
  /** Measured time. */
  windowMs: number;
  /** Time spent before, so that the code is compiled and the caches are warm. */
  warmupMs: number;
}

// Everything measured flows into here and is printed in the end, so that no loop can be optimised away.
let sink = 0;

export function consume(checksum: number): void {
  sink = (sink + checksum) % 0x1_0000_0000;
}

export function consumed(): number {
  return sink;
}

/** Operations per second of a synchronous batch. */
export function measure(batch: Batch, { windowMs, warmupMs }: Window): number {
  const chunk = chunkFor(spend(batch, 16, warmupMs), windowMs);
  return spend(batch, chunk, windowMs);
}

/** Operations per second of an asynchronous batch, whose operations follow one another. */
export async function measureAsync(batch: AsyncBatch, { windowMs, warmupMs }: Window): Promise<number> {
  const chunk = chunkFor(await spendAsync(batch, 16, warmupMs), windowMs);
  return spendAsync(batch, chunk, windowMs);
}

/**
 * Runs a batch untimed until so many operations are done or `limitMs` have passed: brings a cache to its steady state,
 * so that the fast and the slow are measured at the same hit rate.
 */
export async function settle(batch: Batch | AsyncBatch, operations: number, limitMs: number): Promise<void> {
  const start = performance.now();
  // Growing, so that the clock costs the fast nothing, and the slow pass the limit by no more than they have taken.
  let chunk = 16;
  for (let done = 0; done < operations && performance.now() - start < limitMs; ) {
    consume(await batch(chunk));
    done += chunk;
    chunk = Math.min(2 * chunk, Math.ceil(operations / 100));
  }
}

// A fiftieth of the window a chunk: the clock costs nothing, and the window is passed by 2 % at most.
function chunkFor(opsPerSecond: number, windowMs: number): number {
  return Math.max(1, Math.floor((opsPerSecond * windowMs) / 1000 / 50));
}

function spend(batch: Batch, chunk: number, windowMs: number): number {
  const start = performance.now();
  let operations = 0;
  let elapsed = 0;
  do {
    consume(batch(chunk));
    operations += chunk;
    elapsed = performance.now() - start;
  } while (elapsed < windowMs);
  return (operations / elapsed) * 1000;
}

async function spendAsync(batch: AsyncBatch, chunk: number, windowMs: number): Promise<number> {
  const start = performance.now();
  let operations = 0;
  let elapsed = 0;
  do {
    consume(await batch(chunk));
    operations += chunk;
    elapsed = performance.now() - start;
  } while (elapsed < windowMs);
  return (operations / elapsed) * 1000;
}
