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

  it.each(kinds)('%s', (name) => {
    const made = [1, 2, 3, 4].map((index) => estimateSize(KINDS[name]!(index)));
    const estimate = made.reduce((sum, bytes) => sum + bytes) / made.length;
    expect(estimate / real.get(name)!).toBeGreaterThan(1 - TOLERANCE);
    expect(estimate / real.get(name)!).toBeLessThan(1 + TOLERANCE);
  });
});
