/**
 * A reading thread: connects, checks that it reads the right bytes, warms up, waits for the others, reads.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { waitShare } from '../harness/in-child.js';
import { createRandom, uniformDraws, zipfDraws } from '../harness/random.js';
import { measure, measureAsync } from '../harness/timing.js';
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
  waitShare: number;
}

const { input, mode, thread, count, barrier, data } = workerData as ThreadInput;
// Sixteen draws for each key, within limits; a power of two, to wrap by a mask.
const DRAWS = 1 << Math.min(18, Math.max(12, Math.ceil(Math.log2(input.keys * 16))));
const MASK = DRAWS - 1;
const random = createRandom(input.seed * 1000 + thread);
const order =
  input.exponent === 0 ? uniformDraws(input.keys, DRAWS, random) : zipfDraws(input.keys, input.exponent, DRAWS, random);
const { read: reader, close } = await transportCalled(input.transport).connect(input, mode, data);
let cursor = 0;
let wrong = 0;
const opsPerSecond = await run();
if (wrong > 0) throw new Error(`read: ${wrong} reads of ${input.transport} gave a wrong byte`);
const report: ThreadReport = { opsPerSecond, waitShare: waitShare() };
parentPort?.postMessage(report);
await close();

async function run(): Promise<number> {
  const { windowMs, warmupMs } = input.window;
  if (reader.kind === 'sync') {
    const { read } = reader;
    const batch = (operations: number): number => {
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
    measure(batch, { windowMs: 1, warmupMs });
    waitForOthers();
    return measure(batch, { windowMs, warmupMs: 5 });
  }
  const { read } = reader;
  const batch = async (operations: number): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < operations; done++) {
      const id = order[cursor]!;
      cursor = (cursor + 1) & MASK;
      const byte = await read(id);
      if (byte !== byteOf(id)) wrong++;
      sum += byte;
    }
    return sum;
  };
  await measureAsync(batch, { windowMs: 1, warmupMs });
  waitForOthers();
  return measureAsync(batch, { windowMs, warmupMs: 5 });
}

function waitForOthers(): void {
  const ready = new Int32Array(barrier);
  if (Atomics.add(ready, 0, 1) + 1 === count) Atomics.notify(ready, 0);
  for (let seen = Atomics.load(ready, 0); seen < count; seen = Atomics.load(ready, 0)) Atomics.wait(ready, 0, seen, 10);
}
