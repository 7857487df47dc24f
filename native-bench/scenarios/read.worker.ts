/**
 * A reading thread: connects, checks that it reads the right bytes, warms up, waits for the others, reads.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { threadTimes, waitShare } from '../harness/in-child.js';
import { createRandom, uniformDraws, zipfDraws } from '../harness/random.js';
import { type AsyncBatch, measureAsync, settle } from '../harness/timing.js';
import { transportCalled } from '../transports/index.js';
import { byteOf, type ReadInput } from '../transports/transport.js';

export interface ThreadInput {
  input: ReadInput;
  mode: string;
  thread: number;
  /** How many read together. */
  count: number;
  /** Counts those who are ready. */
  barrier: SharedArrayBuffer;
  /** What the transport gives to a thread. */
  data: unknown;
}

export interface ThreadReport {
  opsPerSecond: number;
  /** Per second that the thread had a core: what others do on the machine counts less. */
  opsPerCoreSecond: number;
  waitShare: number;
}

const { input, mode, thread, count, barrier, data } = workerData as ThreadInput;
// Sixteen draws for each key, within limits; a power of two, to wrap by a mask.
const DRAWS = 1 << Math.min(18, Math.max(12, Math.ceil(Math.log2(input.keys * 16))));
const MASK = DRAWS - 1;
/** Writes of a thread that are under way at the same time. */
const WRITES_AT_ONCE = 16;
const WARM_OPERATIONS = 300_000;
// The same for all threads, each at another place: what is popular is so with everybody.
const random = createRandom(input.seed * 1000);
const order =
  input.exponent === 0 ? uniformDraws(input.keys, DRAWS, random) : zipfDraws(input.keys, input.exponent, DRAWS, random);
const { read: reader, write: writer, close } = await transportCalled(input.transport).connect(input, mode, data);
let cursor = Math.floor((DRAWS / count) * thread);
let wrong = 0;
const { opsPerSecond, opsPerCoreSecond } = await run();
if (wrong > 0) throw new Error(`read: ${wrong} reads of ${input.transport} gave a wrong byte`);
const report: ThreadReport = { opsPerSecond, opsPerCoreSecond, waitShare: waitShare() };
parentPort?.postMessage(report);
await close();

async function run(): Promise<Omit<ThreadReport, 'waitShare'>> {
  const { windowMs, warmupMs } = input.window;
  const batch = batchOf();
  // On a busy machine little comes of the time for warming up.
  await settle(batch, WARM_OPERATIONS, warmupMs * 4);
  await measureAsync(batch, { windowMs: 1, warmupMs });
  waitForOthers();
  const before = threadTimes();
  const start = performance.now();
  const opsPerSecond = await measureAsync(batch, { windowMs, warmupMs: 5 });
  const elapsed = (performance.now() - start) * 1e6;
  const running = threadTimes().running - before.running;
  // A thread that waits for an answer has no use for a core: that is no fault of others.
  const waiting = threadTimes().waiting - before.waiting;
  const share = running === 0 ? 1 : 1 - Math.min(waiting / elapsed, 0.99);
  return { opsPerSecond, opsPerCoreSecond: opsPerSecond / share };
}

/** So many operations, one in `writeEvery` of them a write. */
function batchOf(): AsyncBatch {
  if (reader.kind === 'async') return asyncReads(reader.read);
  const every = input.writeEvery ?? 0;
  const reads = syncReads(reader.read);
  if (every === 0) return async (operations) => reads(operations);
  if (writer === undefined) throw new Error(`read: ${input.transport} cannot be written`);
  return writer.kind === 'sync' ? syncMix(reads, writer.write, every) : asyncMix(reads, writer.write, every);
}

function next(): number {
  const id = order[cursor]!;
  cursor = (cursor + 1) & MASK;
  return id;
}

function syncReads(read: (id: number) => number): (operations: number) => number {
  return (operations) => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const id = order[cursor]!;
      cursor = (cursor + 1) & MASK;
      const byte = read(id);
      if (byte !== byteOf(id)) wrong++;
      sum += byte;
    }
    return sum;
  };
}

function asyncReads(read: (id: number) => Promise<number>): AsyncBatch {
  return async (operations) => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const id = next();
      const byte = await read(id);
      if (byte !== byteOf(id)) wrong++;
      sum += byte;
    }
    return sum;
  };
}

function syncMix(reads: (operations: number) => number, write: (id: number) => void, every: number): AsyncBatch {
  return async (operations) => {
    let sum = 0;
    for (let done = 0; done < operations; done += every) {
      sum += reads(Math.min(every - 1, operations - done));
      write(next());
    }
    return sum;
  };
}

/** Nobody waits for a write before it reads on; but so many writes at most are under way. */
function asyncMix(
  reads: (operations: number) => number,
  write: (id: number) => Promise<void>,
  every: number,
): AsyncBatch {
  return async (operations) => {
    let sum = 0;
    const writes: Promise<void>[] = [];
    for (let done = 0; done < operations; done += every) {
      sum += reads(Math.min(every - 1, operations - done));
      writes.push(write(next()));
      if (writes.length === WRITES_AT_ONCE) await Promise.all(writes.splice(0));
    }
    await Promise.all(writes);
    return sum;
  };
}

function waitForOthers(): void {
  const ready = new Int32Array(barrier);
  if (Atomics.add(ready, 0, 1) + 1 === count) Atomics.notify(ready, 0);
  for (let seen = Atomics.load(ready, 0); seen < count; seen = Atomics.load(ready, 0)) Atomics.wait(ready, 0, seen, 10);
}
