import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { estimateSize } from '../../src/weigh/index.js';
import { KINDS } from './kinds.mjs';

const run = promisify(execFile);
const GROWTH = fileURLToPath(new URL('./growth.mjs', import.meta.url));
const CHILDREN = 3;
const TOLERANCE = 0.15;

const kinds = Object.keys(KINDS);
const real = new Map<string, number>();

/** Bytes that the heap and the buffers of a fresh process grow by, per value. */
async function measure(names: string[]): Promise<void> {
  const { stdout } = await run(process.execPath, ['--expose-gc', GROWTH, ...names]);
  for (const [name, bytes] of Object.entries(JSON.parse(stdout))) real.set(name, Number(bytes));
}

describe('an estimate is within 15 % of the memory really taken', () => {
  beforeAll(async () => {
    const shares = Array.from({ length: CHILDREN }, (_, child) => kinds.filter((__, at) => at % CHILDREN === child));
    await Promise.all(shares.map(measure));
  }, 180_000);

  it.each(kinds)(
    '%s',
    async (name) => {
      const made = [1, 2, 3, 4].map((index) => estimateSize(KINDS[name]!(index)));
      const estimate = made.reduce((sum, bytes) => sum + bytes) / made.length;
      const off = (): number => Math.abs(estimate / real.get(name)! - 1);
      // What a busy machine adds to a heap differs from process to process; an estimate that is wrong stays wrong.
      for (let again = 0; again < 3 && off() > TOLERANCE; again++) await measure([name]);
      expect(off(), `estimated ${estimate}, really ${real.get(name)}`).toBeLessThan(TOLERANCE);
    },
    60_000,
  );
});
