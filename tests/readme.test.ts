import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cache, SharedCache } from 'cachalot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Block,
  expectedOutput,
  fencedBlocks,
  fileName,
  fixtures,
  siblings,
  tableRows,
  transpile,
  typeErrors,
} from './support/markdown.js';
import { runProgram } from './support/run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = fencedBlocks(page);

// Below the repository, so that `cachalot` is this very package, as built.
mkdirSync(join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(join(root, '.cache', 'readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Module {
  block: Block;
  /** Path without extension. */
  path: string;
  /** Started by another module of its section: a loader, a worker. */
  started: boolean;
}

const sectionsOf = (blocks: Block[]) => [...new Set(blocks.map(({ section }) => section))];

/** Files that are no code: `json NAME` behind the fence. */
const dataFiles = blocks.flatMap(({ language, text, section }) => {
  const name = /^json (\S+)$/.exec(language)?.[1];
  return name === undefined
    ? []
    : [{ path: join(folder, `section-${sectionsOf(blocks).indexOf(section)}`, name), text }];
});

/** Blocks of one section lie in one folder, so that they find each other by name. */
function modulesOf(blocks: Block[]): Module[] {
  const code = blocks.filter(({ language }) => language === 'ts' || language === 'js');
  const sections = sectionsOf(blocks);
  return code.map((block) => {
    const name = fileName(block)?.replace(/\.\w+$/, '') ?? `line-${block.line}`;
    const neighbours = code.filter(({ section }) => section === block.section);
    return {
      block,
      path: join(folder, `section-${sections.indexOf(block.section)}`, name),
      started:
        name !== 'main' &&
        (neighbours.some((other) => other !== block && siblings(other).includes(name)) ||
          blocks.some((other) => other.section === block.section && other.text.includes(`"./${name}.js"`))),
    };
  });
}

const modules = modulesOf(blocks);

beforeAll(async () => {
  for (const { path, block } of modules) {
    mkdirSync(dirname(path), { recursive: true });
    if (block.language === 'ts') writeFileSync(`${path}.ts`, block.text);
    writeFileSync(`${path}.js`, block.language === 'ts' ? transpile(block.text) : block.text);
  }
  for (const { path, text } of dataFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  for (const [index, text] of fixtures(page).entries()) {
    const file = join(folder, `fixture-${index}.js`);
    writeFileSync(file, text);
    expect(await runProgram(file, folder)).toEqual({ code: 0, stdout: '', stderr: '' });
  }
});

describe('the code of README.md', () => {
  it('has modules, each with a name of its own, and begins within 30 lines', () => {
    expect(modules.length).toBeGreaterThan(8);
    expect(new Set(modules.map(({ path }) => path)).size).toBe(modules.length);
    expect(modules[0]!.block.line).toBeLessThanOrEqual(30);
  });

  it('is right about its types', { timeout: 60_000 }, () => {
    const files = modules.filter(({ block }) => block.language === 'ts').map(({ path }) => `${path}.ts`);
    expect(typeErrors(files, join(root, 'tsconfig.json'))).toEqual([]);
  });

  it.each(modules.filter(({ started }) => !started).map((module) => [module.block.line, module] as const))(
    'runs, prints what it says, and ends by itself: line %i',
    async (_, { block, path }) => {
      // A program with data beside it is started there.
      const home = dataFiles.some((file) => dirname(file.path) === dirname(path)) ? dirname(path) : folder;
      const { code, stdout, stderr } = await runProgram(`${path}.js`, home);
      expect({ code, stderr, lines: stdout.split('\n').slice(0, -1) }).toEqual({
        code: 0,
        stderr: '',
        lines: expectedOutput(block),
      });
    },
  );

  it('leaves no module unused', () => {
    const mains = modules.filter(({ started }) => !started);
    for (const { path } of modules.filter(({ started }) => started)) {
      const named = [...mains.map(({ block }) => block.text), ...dataFiles.map(({ text }) => text)];
      expect(named.filter((text) => text.includes(`./${basename(path)}.js`))).not.toEqual([]);
    }
  });
});

describe('what README.md names', () => {
  const { name, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  it('are scripts that exist, in its shell blocks', () => {
    const commands = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.trim().split(/\n|&&/))
      .map((command) => command.trim());
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) {
      const script = /^npm run ([\w:-]+)( -- .*)?$/.exec(command)?.[1];
      if (script) expect(Object.keys(scripts)).toContain(script);
      else expect(['npm ci', 'npm test', `npm install ${name}`]).toContain(command);
    }
  });

  it('are files that exist, in its links', () => {
    const links = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });

  it.each([
    ['Cache', 'One thread', () => new Cache({ maxBytes: '1MiB' })],
    ['SharedCache', 'Options and calls', () => SharedCache.create({ name: 'readme', maxBytes: '1MiB' })],
  ] as const)('are members that exist, in the table of calls of %s', async (_, heading, create) => {
    const calls = tableRows(page, heading, 'call').flatMap(([cell]) =>
      [...cell!.matchAll(/`(\w+)[^`]*`/g)].map((match) => match[1]!),
    );
    expect(calls.length).toBeGreaterThan(20);
    const cache = await create();
    expect(calls.filter((call) => !(call in cache))).toEqual([]);
    await cache.close();
  });
});

describe('reading a page', () => {
  it('finds blocks, their names, what they print and whom they start', () => {
    const text = "# A\n```ts\n// main.ts: it\nimport './b.js';\nf(); // → 1 2\n```\n<!-- fixture: x\nsetup();\n-->\n";
    const [block] = fencedBlocks(text);
    expect(block).toMatchObject({ language: 'ts', line: 3, section: 'A' });
    expect(fileName(block!)).toBe('main.ts');
    expect(siblings(block!)).toEqual(['b']);
    expect(expectedOutput(block!)).toEqual(['1 2']);
    expect(fixtures(text)).toEqual(['setup();\n']);
    expect(() => fencedBlocks('```ts\nopen')).toThrow('no end');
    const tables = '## T\n\n| x | y |\n|---|---|\n| 3 | 4 |\n\n| a | b |\n|---|---|\n| 1 | 2 |\n';
    expect(tableRows(tables, 'T', 'a')).toEqual([['1', '2']]);
    expect(() => tableRows(tables, 'T', 'b')).toThrow('no table');
  });

  it('finds errors of type', () => {
    const file = join(folder, 'wrong.ts');
    writeFileSync(file, "export const n: number = 'text';\n");
    expect(typeErrors([file], join(root, 'tsconfig.json'))).toEqual([expect.stringContaining('wrong.ts:1: Type')]);
  });
});
