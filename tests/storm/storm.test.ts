import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run.js';
import { fill, makeValue, verify } from './pattern.mjs';
import { NEEDED } from './tally.mjs';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const run = promisify(execFile);

describe('a storm of deaths', () => {
  it('leaves no wrong byte, no hang and no leak', { timeout: 180_000 }, async () => {
    const { stdout } = await run(
      process.execPath,
      [here('./storm.mjs'), '--kills', '60', '--threads', '8', '--seed', '20', '--patience', '60'],
      { timeout: 170_000 },
    ).catch((error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout?.slice(-3_000)}`);
    });
    expect(stdout).toMatch(/^storm: ok: \d+ kills/m);
    expect(stdout).toMatch(/^successions: ok: 2 in/m);
    // The last line: those before tell how far it was.
    const [summary] = /^storm: ok: .*/m.exec(stdout)!;
    const count = (name: string) => Number(new RegExp(`(\\d+) ${name}`).exec(summary)?.[1]);
    for (const name of NEEDED) expect(count(name), name).toBeGreaterThan(0);
  });

  it('a load that was given up keeps no process alive', async () => {
    expect(await runProgram(here('./fixtures/given-up.mjs'), here('.'))).toMatchObject({
      code: 0,
      stdout: 'TimeoutError\n',
    });
  });
});

describe('values that prove themselves', () => {
  it.each(['bytes', 'image', 'pair', 'text'])('%s: what was written is found right', (shape) => {
    expect(verify(makeValue(shape, 'a', 7, 1000), 'a')).toBe(7);
  });

  it('finds each single wrong byte', () => {
    const bytes = fill(new Uint8Array(256), 'a', 2 ** 40 + 1);
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 1;
      expect(() => verify(bytes, 'a'), `byte ${at}`).toThrow();
      bytes[at]! ^= 1;
    }
    expect(verify(bytes, 'a')).toBe(2 ** 40 + 1);
  });

  it('finds the value of another key, a shorter one, and one that is shifted', () => {
    const bytes = fill(new Uint8Array(256), 'a', 1);
    expect(() => verify(bytes, 'b')).toThrow();
    expect(() => verify(bytes.subarray(0, 252), 'a')).toThrow();
    expect(() => verify(bytes.subarray(4), 'a')).toThrow();
  });
});
