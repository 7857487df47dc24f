import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { unpackPackage } from './support/packed.js';
import { type Run, runProgram } from './support/run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const { home, installed, remove } = unpackPackage();
afterAll(remove);

interface Lockfile {
  packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
}

/** Runs a program written into a file of the consumer's folder. */
function run(name: string, text: string): Promise<Run> {
  writeFileSync(join(home, name), text);
  return runProgram(name, home);
}

const clean = (stdout: string): Run => ({ code: 0, stdout, stderr: '' });

const USE_CACHE = `
const cache = new Cache({ maxBytes: '1MiB', ttl: '1h', grace: '1h', onEvicted() {} });
cache.set('a', new Uint8Array(1000));
console.log(cache.get('a').length);
`;

const USE_SHARED = `
const cache = await SharedCache.create({ name: 'shared', maxBytes: '16MiB', ttl: '1h' });
await cache.set('a', { n: 1, bytes: new Uint8Array(1000).fill(7) });
const lease = cache.acquire('a');
console.log(lease.value.n, lease.value.bytes[999]);
lease.release();
`;

describe('the packed package', () => {
  it('holds the builds, the types and the papers, and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(readdirSync(installed).sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json']);
    for (const file of ['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts', 'testing.js', 'testing.cjs']) {
      expect(files).toContain(join('dist', file));
    }
    // Without it TypeScript 7 knows nothing of Node where the compiler is not told to include its types.
    for (const types of ['index.d.ts', 'index.d.cts', 'testing.d.ts', 'testing.d.cts']) {
      expect(readFileSync(join(installed, 'dist', types), 'utf8')).toMatch(/^\/\/\/ <reference types="node" \/>/);
    }
    expect(files.filter((file) => /\.test\.|worker\.cjs|cli\.cjs/.test(file))).toEqual([]);
  });

  it('has a file behind every path of its exports', () => {
    const paths = JSON.stringify(manifest.exports).match(/(?<=:")\.\/[^"]+\.(c?js|d\.c?ts|json)(?=")/g) ?? [];
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths)
      if (path !== './package.json') expect(() => readFileSync(join(installed, path))).not.toThrow();
  });

  it('has a file behind every worker that it starts', () => {
    const dist = join(installed, 'dist');
    const code = readdirSync(dist).filter((file) => /\.c?js$/.test(file));
    const workers = code.flatMap((file) => [
      ...readFileSync(join(dist, file), 'utf8').matchAll(/new URL\(["']\.\/([^"']+)["'],/g),
    ]);
    expect(workers.length).toBeGreaterThan(0);
    expect(workers.map((match) => match[1]).filter((name) => !readdirSync(dist).includes(name!))).toEqual([]);
  });

  it('pins every version', () => {
    const versions = Object.values<string>({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  // npm drops the binaries of other platforms from a lockfile when a registry does not have them; `npm ci` fails then.
  it('has a lockfile that names no registry, and the binaries of every platform', () => {
    const lock: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const entries = Object.values(lock.packages);
    expect(entries.filter((entry) => entry.resolved !== undefined)).toEqual([]);
    const wanted = entries.flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const locked = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''));
    expect(wanted.length).toBeGreaterThan(50);
    expect(wanted.filter((name) => !locked.includes(name))).toEqual([]);
  });
});

describe('a program that uses the packed package', () => {
  it('runs as an ES module, and ends by itself', async () => {
    expect(await run('local.mjs', `import { Cache } from 'cachalot';${USE_CACHE}`)).toEqual(clean('1000\n'));
  });

  it('has a command', async () => {
    const bin = `./node_modules/cachalot/${manifest.bin.cachalot}`;
    expect(readFileSync(join(home, bin), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const program = `process.argv.push('--version'); await import('${bin}');`;
    expect(await run('bin.mjs', program)).toEqual(clean(`${manifest.version}\n`));
  });

  it('runs as CommonJS, and ends by itself', async () => {
    expect(await run('local.cjs', `const { Cache } = require('cachalot');${USE_CACHE}`)).toEqual(clean('1000\n'));
  });

  it('gets the same names from both builds', async () => {
    const names = `console.log(Object.keys(lib).filter((name) => name !== 'default').sort().join())`;
    const esm = await run('names.mjs', `import * as lib from 'cachalot'; ${names}`);
    const cjs = await run('names.cjs', `const lib = require('cachalot'); ${names}`);
    expect(esm.stdout).toContain('Cache,CacheClosedError');
    expect(cjs).toEqual(esm);
  });

  it('names its classes alike in both builds, errors too', async () => {
    const names = `console.log(lib.Cache.name, lib.SharedCache.name);
      for (const [name, type] of Object.entries(lib))
      if (type.prototype instanceof lib.CacheError && new type('text').name !== name) console.log(name);
      try { new lib.Cache({ maxBytes: -1 }) } catch (error) { console.log(error.name) }`;
    const expected = clean('Cache SharedCache\nCacheConfigError\n');
    expect(await run('errors.mjs', `import * as lib from 'cachalot'; ${names}`)).toEqual(expected);
    expect(await run('errors.cjs', `const lib = require('cachalot'); ${names}`)).toEqual(expected);
  });

  it('imports the testing tools in both builds', async () => {
    expect(await run('testing.mjs', `import * as t from 'cachalot/testing'; console.log(typeof t)`)).toEqual(
      clean('object\n'),
    );
    expect(await run('testing.cjs', `console.log(typeof require('cachalot/testing'))`)).toEqual(clean('object\n'));
  });

  it('cannot reach past the exports', async () => {
    const { stdout } = await run('inside.mjs', `import('cachalot/dist/index.js').catch((e) => console.log(e.code))`);
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  it('creates a SharedCache as an ES module, and ends by itself without closing it', async () => {
    expect(await run('shared.mjs', `import { SharedCache } from 'cachalot';${USE_SHARED}`)).toEqual(clean('1 7\n'));
  });

  it('creates a SharedCache as CommonJS, and ends by itself without closing it', async () => {
    const text = `const { SharedCache } = require('cachalot');(async () => {${USE_SHARED}})();`;
    expect(await run('shared.cjs', text)).toEqual(clean('1 7\n'));
  });

  it('shares one cache between both builds', async () => {
    const text = `
      import { createRequire } from 'node:module';
      import { SharedCache } from 'cachalot';
      const cjs = createRequire(import.meta.url)('cachalot');
      const cache = await SharedCache.create({ name: 'both', maxBytes: '16MiB' });
      await cache.set('a', new Uint8Array([1, 2, 3]));
      console.log((await cjs.SharedCache.attach('both')).get('a').join());`;
    expect(await run('both.mjs', text)).toEqual(clean('1,2,3\n'));
  });

  it('loads through the pool, and ends by itself', async () => {
    writeFileSync(
      join(home, 'double.loader.mjs'),
      `import { defineLoader } from 'cachalot';
       export default defineLoader(async (n, ctx) => { const bytes = await ctx.allocate(4); bytes.fill(2 * n); return bytes; });`,
    );
    const text = `
      import { SharedCache } from 'cachalot';
      const loaders = { double: new URL('./double.loader.mjs', import.meta.url) };
      const cache = await SharedCache.create({ name: 'loading', maxBytes: '16MiB', loaders });
      console.log((await cache.load('double', 21)).join());`;
    expect(await run('loading.mjs', text)).toEqual(clean('42,42,42,42\n'));
  });
});
