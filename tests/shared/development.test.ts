import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

// What `CACHALOT_DEV=1` finds out. It is read when a cache is created, and by the keeper: each test is a program.

// Below the repository, so that `cachalot` is this very package, as built.
const cacheFolder = fileURLToPath(new URL('../../.cache', import.meta.url));
mkdirSync(cacheFolder, { recursive: true });
const folder = mkdtempSync(join(cacheFolder, 'development-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = `import { SharedCache } from 'cachalot';
const cache = await SharedCache.create({ name: 'tiles', maxBytes: '64KiB', policy: 'lru', loaders: {} });
await cache.set('k', { width: 1, pixels: new Uint8Array(20_000).fill(7) });
const messageOf = (action) => { try { action(); return 'nothing'; } catch (error) { return error.name + ': ' + error.message; } };
`;

let count = 0;

/** Runs a program; what it prints, and its warnings. */
function run(
  body: string,
  env: Record<string, string> = { CACHALOT_DEV: '1' },
): Promise<{ out: string; warnings: string }> {
  const file = join(folder, `program-${count++}.mjs`);
  writeFileSync(file, HEAD + body);
  const { PATH, SystemRoot, TEMP } = process.env;
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--expose-gc', file],
      { env: { PATH, SystemRoot, TEMP, ...env }, timeout: 20_000 },
      (error, out, warnings) =>
        error ? reject(new Error(`${error.message}\n${warnings}`)) : resolve({ out, warnings }),
    );
  });
}

describe('in development mode', () => {
  it('a value that is read after the release is an error that says where it was taken and released', async () => {
    const body = `
      function takesIt() { return cache.acquire('k'); }
      function releasesIt(lease) { lease.release(); }
      const lease = takesIt();
      lease.value.pixels;
      releasesIt(lease);
      console.log(messageOf(() => lease.value));`;
    const { out } = await run(body);
    expect(out).toMatch(
      /^CacheError: lease of 'tiles': expected its value to be read before release\(\); it was read after\. /,
    );
    expect(out).toMatch(/It was taken:\n {4}at takesIt \(.*program-\d+\.mjs/);
    expect(out).toMatch(/and released:\n {4}at releasesIt \(.*program-\d+\.mjs/);
    expect(out).not.toMatch(/\/dist\//);
    const { out: otherwise } = await run(body, {});
    expect(otherwise).toBe('nothing\n');
  });

  it('a write through a lease is an error at its release, and the bytes go back all the same', async () => {
    const { out } = await run(`
      function takesIt() { return cache.acquire('k'); }
      const lease = takesIt();
      lease.value.pixels[19_999]++;
      console.log(messageOf(() => lease.release()), lease.isReleased, messageOf(() => lease.release()));`);
    expect(out).toMatch(
      /^CacheError: lease of 'tiles': expected its bytes unchanged at release\(\); somebody wrote through it/,
    );
    expect(out).toMatch(/It was taken:\n {4}at takesIt \(.*program-\d+\.mjs/);
    expect(out).toMatch(/true nothing\n$/);
  });

  it('a write is found out too by a promise or a stream that has ended', async () => {
    const { out, warnings } = await run(`
      import { PassThrough } from 'node:stream';
      const lease = cache.acquire('k');
      lease.value.pixels[0]++;
      await lease.releaseWhen(Promise.resolve()).catch((error) => console.log(error.message));
      const other = cache.acquire('k');
      other.value.pixels[0]++;
      await other.releaseWhen(Promise.reject(new Error('own'))).catch((error) => console.log(error.message));
      const last = cache.acquire('k');
      last.value.pixels[0]++;
      last.releaseWhen(new PassThrough().end().resume());`);
    expect(out).toMatch(/^lease of 'tiles': expected its bytes unchanged[\s\S]*\nown\n$/);
    expect(warnings.match(/expected its bytes unchanged/g)).toHaveLength(2);
  });

  it('bytes that were given back are overwritten', async () => {
    const { out } = await run(`
      const lease = cache.acquire('k');
      const { pixels } = lease.value;
      await cache.delete('k');
      console.log(pixels[0], pixels.at(-1), cache.stats.snapshot().pinnedBytes > 20_000);
      lease.release();
      while (cache.stats.snapshot().pinnedBytes > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log(pixels[0] === 7, pixels.at(-1) === 7);`);
    expect(out).toBe('7 7 true\nfalse false\n');
  });

  it('a lease that is lost is a warning that says where it was taken, and its bytes stay', async () => {
    const { out, warnings } = await run(`
      let pixels;
      function losesIt() { pixels = cache.acquire('k').value.pixels; }
      let isTold = false;
      process.once('warning', () => { isTold = true; });
      losesIt();
      for (let i = 0; i < 1000 && !isTold; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await cache.delete('k');
      console.log(pixels[0], cache.stats.snapshot().pinnedBytes > 20_000);`);
    expect(warnings).toMatch(
      /cache 'tiles': a lease was lost without release\(\); it was taken:\n {4}at losesIt \(.*program-\d+\.mjs/,
    );
    expect(out).toBe('7 true\n');
  });

  it('tells where a lease was taken that was waited for', async () => {
    const { out } = await run(`
      await cache.registerLoader('load', () => new Uint8Array(100));
      async function waitsForIt() { return cache.acquireOrLoad('load', 1); }
      await cache.load('load', 1);
      const lease = await waitsForIt();
      lease.release();
      console.log(messageOf(() => lease.value));`);
    expect(out).toMatch(/It was taken:\n[\s\S]*at async waitsForIt|It was taken:\n[\s\S]*at waitsForIt/);
  });

  it('a lease that waits for its stream is not lost', async () => {
    const { warnings } = await run(`
      import { PassThrough } from 'node:stream';
      const stream = new PassThrough();
      (() => cache.acquire('k').releaseWhen(stream))();
      for (let i = 0; i < 50; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      stream.destroy();`);
    expect(warnings).toBe('');
  });
});
