import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { expectedOutput, fencedBlocks, transpile, typeErrors } from './support/markdown.js';
import { runProgram } from './support/run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
// Below the repository, so that `cachalot` is this very package, as built.
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The TypeScript of a page of docs/, block by block. */
function codeOf(page: string) {
  return fencedBlocks(readFileSync(join(root, 'docs', page), 'utf8')).filter(({ language }) => language === 'ts');
}

/** What is to be there before the first block of a page, what looks at the blocks afterwards, and what that prints. */
interface Scene {
  files?: Record<string, string>;
  before: string;
  /** Behind the last line of a block, by its number: sees what the block has declared. */
  behind?: Record<number, string>;
  after: string;
  prints: readonly string[];
}

const SCENES: Record<string, Scene> = {
  'leases.md': {
    before: `
      import { Server } from 'node:http';
      import { SharedCache } from 'cachalot';
      globalThis.pages = await SharedCache.create({ name: 'pages', maxBytes: '1MiB' });
      await pages.set('/', new TextEncoder().encode('<p>a whale</p>'));
      // Some port that is free, and nothing that keeps the process alive.
      const { listen } = Server.prototype;
      Server.prototype.listen = function () {
        globalThis.server = this.unref();
        return listen.call(this, 0);
      };`,
    after: `
      import { readFileSync } from 'node:fs';
      const { port } = server.address();
      const home = await fetch(\`http://localhost:\${port}/\`);
      console.log(home.status, await home.text());
      console.log((await fetch(\`http://localhost:\${port}/other\`)).status);
      console.log(readFileSync('index.html', 'utf8'));
      await pages.clear();
      console.log(pages.stats.snapshot().pinnedBytes);
      server.close();
      server.closeAllConnections();
      await pages.close();`,
    prints: ['200 <p>a whale</p>', '404', '<p>a whale</p>', '0'],
  },
  'threads.md': {
    files: {
      'render.js': "export default (text) => 'rendered ' + text;",
      'decode.loader.js': 'export default (input) => ({ decoded: input });',
    },
    before: '',
    behind: {
      0: "globalThis.pool = pool; console.log(await pool.run('a'), await images.load('decode', 1));",
      1: "console.log(upload.byteLength, new TextDecoder().decode(cache.get('upload/1').decoded));",
    },
    after: `
      import { SharedCache } from 'cachalot';
      await (await SharedCache.attach('images')).close();
      await pool.destroy();`,
    prints: ['rendered a { decoded: 1 }', '0 ...'],
  },
};

describe.each(Object.entries(SCENES))('the code of docs/%s', (page, { files = {}, before, behind, after, prints }) => {
  const blocks = codeOf(page);
  const home = join(folder, page.replace('.md', ''));
  mkdirSync(home);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);

  it('is right about its types', { timeout: 60_000 }, () => {
    const paths = blocks.map(({ text }, index) => {
      const path = join(home, `block-${index}.ts`);
      writeFileSync(path, text);
      return path;
    });
    expect(paths.length).toBeGreaterThan(0);
    expect(typeErrors(paths, join(root, 'tsconfig.json'))).toEqual([]);
  });

  it('does what the page says, and its program ends by itself', async () => {
    writeFileSync(join(home, 'before.js'), before);
    writeFileSync(join(home, 'after.js'), after);
    for (const [index, { text }] of blocks.entries()) {
      writeFileSync(join(home, `block-${index}.js`), `${transpile(text)}\n${behind?.[index] ?? ''}`);
    }
    const order = ['before', ...blocks.map((_, index) => `block-${index}`), 'after'];
    writeFileSync(join(home, 'main.js'), order.map((name) => `await import('./${name}.js');\n`).join(''));
    const { code, stdout, stderr } = await runProgram(join(home, 'main.js'), home);
    expect({ code, stderr, lines: stdout.split('\n').slice(0, -1) }).toEqual({ code: 0, stderr: '', lines: prints });
  });
});

describe('the code of other pages', () => {
  const pages = ['freshness.md'].flatMap((page) =>
    codeOf(page).map((block, index) => [page, block.line, `${page.replace('.md', '')}-${index}`, block] as const),
  );

  it.each(pages)('runs, and prints what it says: docs/%s, line %i', { timeout: 60_000 }, async (_, __, name, block) => {
    writeFileSync(join(folder, `${name}.ts`), block.text);
    expect(typeErrors([join(folder, `${name}.ts`)], join(root, 'tsconfig.json'))).toEqual([]);
    writeFileSync(join(folder, `${name}.js`), transpile(block.text));
    const { code, stdout, stderr } = await runProgram(join(folder, `${name}.js`), folder);
    const lines = stdout.split('\n').slice(0, -1);
    expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: expectedOutput(block) });
  });
});
