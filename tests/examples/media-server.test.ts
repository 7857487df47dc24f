import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check, Figures } from '../../examples/media-server/result.mjs';

const MAIN = fileURLToPath(new URL('../../examples/media-server/main.mjs', import.meta.url));
const SIDE = 240;
const PIXEL_BYTES = SIDE * SIDE * 3;
const COLOURS = ['#c1121f', '#003049', '#669bbc', '#fdf0d5'];

interface Result {
  images: number;
  pixelBytes: number;
  runs: Record<'none' | 'direct' | 'half' | 'all', Figures>;
  checks: Check[];
  urls: string[];
}

let folder: string;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachalot-demo-'));
  for (const [i, background] of COLOURS.entries()) {
    const image = sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } });
    await image.png().toFile(join(folder, `${i}.png`));
  }
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** The demo with these arguments; `output` and `errors` grow as it prints. */
function demo(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const text = { output: '', errors: '' };
  child.stdout.on('data', (chunk) => {
    text.output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.errors += chunk;
  });
  return { child, text, exit: once(child, 'close').then(([code]) => code) };
}

describe('the demo', () => {
  it('decodes each image once per miss, never twice at a time, and keeps to its budget', async () => {
    const { text, exit } = demo('--folder', folder, '--threads', '2', '--seconds', '0.5', '--exit', '--json');
    expect(await exit, text.errors).toBe(0);
    const { images, pixelBytes, runs, checks }: Result = JSON.parse(text.output);
    expect({ images, pixelBytes }).toEqual({ images: COLOURS.length, pixelBytes: COLOURS.length * PIXEL_BYTES });
    expect(checks.filter((check) => check.kind === 'correctness' && !check.ok)).toEqual([]);

    const { none, direct, half, all } = runs;
    for (const run of [none, direct, half, all]) {
      expect(run).toMatchObject({ failures: 0, wrong: 0 });
      expect(run.requests).toBeGreaterThan(0);
      expect(run.p99).toBeGreaterThanOrEqual(run.p50);
    }
    expect(none.decodes).toBe(none.requests);
    expect(all.cache).toMatchObject({ totalDecodes: COLOURS.length, misses: 0, evictions: 0, overlapping: 0 });
    expect(all.cache!.bytes).toBeGreaterThanOrEqual(COLOURS.length * PIXEL_BYTES);

    expect(half.cache!.maxBytes).toBe(Math.ceil(all.cache!.bytes / 2));
    expect(half.cache!.bytes).toBeLessThanOrEqual(half.cache!.maxBytes);
    expect(half.cache!.evictions).toBeGreaterThan(0);
    expect(half.cache!.totalDecodes).toBe(half.cache!.totalMisses);
    expect(half.cache!.hits + half.cache!.misses + half.cache!.joined).toBe(half.requests);
    expect(text.errors).toMatch(/requests \/ s .*\d/);
  }, 60_000);

  it('stays up, serves from every thread, and leaves nothing behind on Ctrl-C', async () => {
    const { child, text, exit } = demo('--folder', folder, '--threads', '2', '--seconds', '0.2');
    await expect.poll(() => text.output, { timeout: 40_000 }).toContain('The server stays up');
    const urls = [...text.output.matchAll(/http:\/\/127\.0\.0\.1:\d+(?=[ )\n])/g)].map(([url]) => url);
    expect(urls).toHaveLength(2);
    for (const url of urls) {
      expect(await (await fetch(url)).text()).toContain('0.png');
      const image = await fetch(`${url}/image/2.png?w=60&h=40&format=webp`);
      expect(image.headers.get('content-type')).toBe('image/webp');
      const { data, info } = await sharp(await image.arrayBuffer())
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 60, height: 40 });
      // #669bbc, as near as WebP keeps it.
      for (const [channel, value] of [0x66, 0x9b, 0xbc].entries())
        expect(Math.abs(data[channel] - value)).toBeLessThan(8);
      const stats = await (await fetch(`${url}/stats`)).json();
      const threads = urls.map((other) => ({ port: Number(new URL(other).port), failures: 0 }));
      expect(stats).toMatchObject({ threads, decoded: { overlapping: 0 } });
    }
    const { status, message } = await fetch(`${urls[0]}/image/0.png?w=0`).then(async (answer) => ({
      status: answer.status,
      message: String(((await answer.json()) as { error: unknown }).error),
    }));
    expect(status).toBe(400);
    expect(message).toMatch(/^w: expected a whole number of pixels/);
    expect((await fetch(`${urls[0]}/image/${encodeURIComponent('../main.mjs')}`)).status).toBe(404);

    child.kill('SIGINT');
    expect(await exit, text.errors).toBe(0);
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  }, 60_000);

  it('breaks off on Ctrl-C', async () => {
    const { child, text, exit } = demo('--folder', folder, '--threads', '2', '--seconds', '60', '--exit');
    await expect.poll(() => text.errors, { timeout: 20_000 }).toContain('no cache');
    child.kill('SIGINT');
    expect(await exit).toBe(130);
    expect(text.errors).not.toContain('    at ');
    expect(text.output).not.toContain('requests / s');
  });

  it.each([
    [['--threads', 'many'], /--threads: expected a whole number/],
    [['--folder', '/does/not/exist'], /--folder: \/does\/not\/exist does not exist/],
  ])('refuses %j in one sentence', async (args, message) => {
    const { text, exit } = demo(...args, '--exit');
    expect(await exit).toBe(2);
    expect(text.errors).toMatch(message);
    expect(text.errors).not.toContain('    at ');
  });

  it('tells its options', async () => {
    const { text, exit } = demo('--help');
    expect(await exit).toBe(0);
    expect(text.output).toContain('--budget <size>');
  });
});
