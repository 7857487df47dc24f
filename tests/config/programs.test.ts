import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { fencedBlocks, transpile } from '../support/markdown.js';

// Whole programs, each in a process and a folder of its own, with the built package.
const root = fileURLToPath(new URL('../..', import.meta.url));
mkdirSync(join(root, '.cache'), { recursive: true });
const home = mkdtempSync(join(root, '.cache', 'programs-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let programs = 0;

interface Result {
  code: number | string;
  stdout: string;
  stderr: string;
}

/** Runs `main.mjs` or `main.cjs` of some files. */
function run(
  files: Record<string, string>,
  nodeOptions: string[] = [],
  env: Record<string, string> = {},
): Promise<Result> {
  const cwd = join(home, String(programs++));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
  const main = 'main.cjs' in files ? 'main.cjs' : 'main.mjs';
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...nodeOptions, main],
      { cwd, timeout: 20_000, env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) => resolve({ code: error ? (error.signal ?? error.code ?? 1) : 0, stdout, stderr }),
    );
  });
}

const clean = (stdout: string): Result => ({ code: 0, stdout: `${stdout}\n`, stderr: '' });

const SHOW = `
  console.log(caches.a.maxBytes, caches.b.name, await caches.a.fetch('four'));
  await caches.close();`;
const ESM = `import { createCaches } from 'cachalot';
  const caches = await createCaches();${SHOW}`;
const CJS = `const { createCaches } = require('cachalot');
  (async () => { const caches = await createCaches();${SHOW} })();`;
const BODY = JSON.stringify({
  $schema: './schema.json',
  maxBytes: '8MiB',
  caches: {
    a: { kind: 'local', share: 0.5, loader: './length.mjs' },
    b: { kind: 'shared', share: 0.5 },
  },
});
const EXPECTED = clean('4194304 b 4');
// Awaiting at the top: a module that require() does not take.
const LENGTH = 'await null; export default (key) => key.length;';
const DEFINED = `import { defineConfig } from 'cachalot'; await null; export default defineConfig(${BODY});`;

describe('a program with a configuration', () => {
  it.each<[string, Record<string, string>]>([
    ['JSON', { 'cachalot.config.json': BODY }],
    ['a module', { 'cachalot.config.mjs': DEFINED }],
    ['a function', { 'cachalot.config.mjs': `export default async () => (${BODY});` }],
    ['CommonJS', { 'cachalot.config.cjs': `module.exports = ${BODY};` }],
    ['compiled to CommonJS', { 'cachalot.config.cjs': `exports.__esModule = true; exports.default = ${BODY};` }],
    [
      '.js',
      { 'cachalot.config.js': DEFINED, 'package.json': '{"type":"module","name":"x"}', 'node_modules/.keep': '' },
    ],
  ])('written as %s, runs in both builds', async (name, config) => {
    const files = { ...config, 'length.mjs': LENGTH };
    // A package of its own finds cachalot as an installed one.
    const link = `import { symlinkSync } from 'node:fs'; symlinkSync(${JSON.stringify(root)}, 'node_modules/cachalot');`;
    const preload = name === '.js' ? { 'link.mjs': link } : {};
    const options = name === '.js' ? ['--import', './link.mjs'] : [];
    expect(await run({ ...files, ...preload, 'main.mjs': ESM }, options)).toEqual(EXPECTED);
    expect(await run({ ...files, ...preload, 'main.cjs': CJS }, options)).toEqual(EXPECTED);
  });

  const TYPED = `import { defineConfig } from 'cachalot';\nconst share: number = 0.5;\nexport default defineConfig(${BODY.replaceAll('0.5', 'share')});`;

  it('written in TypeScript, runs with tsx', async () => {
    const files = { 'cachalot.config.mts': TYPED, 'length.mjs': LENGTH };
    expect(await run({ ...files, 'main.mjs': ESM }, ['--import', 'tsx'])).toEqual(EXPECTED);
    expect(await run({ ...files, 'main.cjs': CJS }, ['--import', 'tsx'])).toEqual(EXPECTED);
  });

  it('written in TypeScript, runs by itself where Node reads that, and says what it needs elsewhere', async () => {
    const result = await run({ 'cachalot.config.ts': TYPED, 'length.mjs': LENGTH, 'main.mjs': ESM });
    if ('typescript' in process.features && process.features.typescript) {
      expect({ ...result, stderr: '' }).toEqual(EXPECTED);
      return;
    }
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(
      /CacheConfigError: .*cachalot\.config\.ts: expected a file that Node [\d.]+ can read; got TypeScript, which needs Node 22\.18 or newer, or tsx: npm install --save-dev tsx, then node --import tsx main\.mjs/,
    );
  });

  it.each([
    ['mjs', 'export default'],
    ['cjs', 'module.exports ='],
    ['json', ''],
  ])('takes on the budgets of a changed .%s, and nothing else', async (extension, head) => {
    const text = `import { utimesSync, writeFileSync } from 'node:fs';
      import { createCaches } from 'cachalot';
      const file = 'cachalot.config.${extension}';
      let changes = 0;
      const write = (maxBytes, ttl) => {
        const cost = '${extension}' === 'json' ? '' : ', "cost": (value) => value.length';
        writeFileSync(file, \`${head} { "maxBytes": "\${maxBytes}", "caches": { "a": { "kind": "local", "share": 0.5, "ttl": "\${ttl}"\${cost} } } }\`);
        utimesSync(file, ++changes, changes);
      };
      write('8MiB', '1h');
      const caches = await createCaches();
      write('2MiB', '1h');
      await caches.apply();
      console.log(caches.a.maxBytes);
      write('4MiB', '1m');
      console.log(await caches.apply().catch(({ message }) => message.replace(/^.*: caches/, 'caches')), caches.a.maxBytes);
      write('8MiB', '1h');
      await caches.apply();
      console.log(caches.a.maxBytes);`;
    const refused = 'caches.a.ttl: expected the caches as they were created; only budgets can change';
    expect(await run({ 'main.mjs': text })).toEqual(clean(`1048576\n${refused} 1048576\n4194304`));
  });

  it('says what a module that cannot be imported fails with', async () => {
    const broken = await run({ 'cachalot.config.mjs': 'throw new Error("sunk")', 'main.mjs': ESM });
    expect(broken.stderr).toMatch(
      /CacheConfigError: .*cachalot\.config\.mjs: expected a module that can be imported; sunk/,
    );
    const nothing = await run({ 'cachalot.config.mjs': 'export const config = {};', 'main.mjs': ESM });
    expect(nothing.stderr).toMatch(/expected a configuration as its default export; it exports config/);
  });
});

describe('memory', () => {
  const GIB = 2 ** 30;
  const LIMIT = { 'limit.mjs': `process.constrainedMemory = () => ${GIB};` };

  it('50% is half of the limit under which a program runs', async () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const blocks = fencedBlocks(readme).filter(({ section }) => section === 'Budgets by configuration');
    const [json, main, loader] = blocks;
    expect(blocks).toHaveLength(3);
    // From nothing to a working cache.
    const lines = [main, loader].flatMap((block) =>
      block!.text
        .trim()
        .split('\n')
        .filter((line) => !/^(\/\/.*)?$/.test(line)),
    );
    expect(lines.length + json!.text.trim().split('\n').length).toBeLessThan(15);
    const files = {
      'cachalot.config.json': json!.text,
      'main.mjs': `${transpile(main!.text)}console.log(caches.posters.maxBytes);`,
      'render.loader.js': transpile(loader!.text),
      ...LIMIT,
    };
    const posters = Math.floor((GIB / 2) * 0.7);
    expect(await run(files, ['--import', './limit.mjs'])).toEqual(clean(`1638400\ntrue 67108864\n${posters}`));
  });

  it('percentages of local caches are of the heap, where that is less', async () => {
    const text = `import { getHeapStatistics } from 'node:v8';
      import { createCaches } from 'cachalot';
      const caches = await createCaches({ maxBytes: '50%', caches: {
        own: { kind: 'local', maxBytes: '10%' }, part: { kind: 'local', share: 0.6 }, bytes: { kind: 'shared', share: 0.1 },
      } });
      const heap = getHeapStatistics().heap_size_limit;
      console.log(heap < 2 ** 29, caches.own.maxBytes === Math.floor(heap / 10), caches.part.maxBytes === Math.floor(heap / 2));
      console.log(caches.bytes.maxBytes);`;
    const env = { NODE_OPTIONS: '--max-old-space-size=128' };
    const limit = Math.floor(Math.floor(GIB / 2) * 0.1);
    expect(await run({ 'main.mjs': text, ...LIMIT }, ['--import', './limit.mjs'], env)).toEqual(
      clean(`true true true\n${limit}`),
    );
  });

  it('the environment of the process is heard', async () => {
    const config = JSON.stringify({ maxBytes: '1GiB', caches: { a: { kind: 'local', share: 0.5 } } });
    const text = `import { createCaches } from 'cachalot'; console.log((await createCaches()).a.maxBytes);`;
    const files = { 'cachalot.config.json': config, 'main.mjs': text };
    expect(await run(files, [], { CACHALOT_MAX_BYTES: '2MiB', CACHALOT_DEV: '1' })).toEqual(clean('1048576'));
    const refused = await run(files, [], { CACHALOT_CACHES_A_SHAR: '1' });
    expect(refused.stderr).toContain('did you mean CACHALOT_CACHES_A_SHARE?');
  });
});

describe('who does not use it', () => {
  it('does not load valibot', async () => {
    const cjs = `require('cachalot');
      console.log(Object.keys(require.cache).filter((file) => file.includes('valibot')).length);`;
    expect(await run({ 'main.cjs': cjs })).toEqual(clean('0'));
    // Of the other build: whatever is imported before anything is called.
    const dist = join(root, 'dist');
    const seen = new Set(['index.js']);
    for (const file of seen) {
      const text = readFileSync(join(dist, file), 'utf8');
      expect(text).not.toMatch(/^(import|export)\b[^;]*["']valibot["']/m);
      for (const [, name] of text.matchAll(/^(?:import|export)\b[^;]*["']\.\/([^"']+)["']/gm)) seen.add(name!);
    }
    expect(seen.size).toBeGreaterThan(2);
    expect(
      readdirSync(dist)
        .filter((file) => file.endsWith('.js'))
        .some((file) => !seen.has(file) && /["']valibot["']/.test(readFileSync(join(dist, file), 'utf8'))),
    ).toBe(true);
  });
});
