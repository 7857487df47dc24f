import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  cycles,
  earlyFields,
  forbiddenImports,
  forbiddenPackages,
  type ImportTable,
  importGraph,
  longFiles,
  type PackageTable,
  readSources,
  tableOf,
} from './support/import-graph.js';

/** Who may import whom. The same table stands in src/README.md. `top` is the files of src that have no row here. */
const TABLE: ImportTable = {
  top: [
    'config',
    'cache',
    'shared',
    'memo',
    'transaction',
    'options.ts',
    'load',
    'arena',
    'snapshot',
    'advice',
    'policy',
    'struct',
    'weigh',
    'codec',
    'stats',
    'common',
  ],
  config: [
    'shared',
    'options.ts',
    'load',
    'arena',
    'snapshot',
    'policy',
    'struct',
    'weigh',
    'codec',
    'stats',
    'common',
  ],
  cache: [
    'transaction',
    'options.ts',
    'load',
    'snapshot',
    'advice',
    'policy',
    'struct',
    'weigh',
    'codec',
    'stats',
    'common',
  ],
  shared: [
    'transaction',
    'options.ts',
    'load',
    'arena',
    'snapshot',
    'advice',
    'policy',
    'struct',
    'weigh',
    'codec',
    'stats',
    'common',
  ],
  memo: ['options.ts', 'load', 'common'],
  'options.ts': ['load', 'policy', 'struct', 'weigh', 'codec', 'stats', 'common'],
  testing: ['common'],
  cli: ['trace', 'advice', 'policy', 'struct', 'stats', 'common'],
  trace: ['advice', 'policy', 'struct', 'stats', 'common'],
  transaction: ['load', 'common'],
  load: ['arena', 'policy', 'struct', 'weigh', 'codec', 'stats', 'common'],
  arena: ['snapshot', 'advice', 'policy', 'struct', 'weigh', 'codec', 'stats', 'common'],
  snapshot: ['codec', 'common'],
  advice: ['policy', 'struct', 'stats', 'common'],
  policy: ['struct', 'weigh', 'codec', 'stats', 'common'],
  struct: ['common'],
  weigh: ['common'],
  codec: ['common'],
  stats: ['common'],
  common: [],
};

/** A dependency has one door, so that it can be replaced behind it. */
const PACKAGES: PackageTable = {
  piscina: ['load/threads.ts'],
  'object-sizeof': ['weigh/layout.ts'],
  picomatch: ['common/glob.ts'],
  valibot: ['config/schema.ts'],
};

const MAX_LINES = 350;

const src = fileURLToPath(new URL('../src', import.meta.url));

describe('src', () => {
  const sources = readSources(src);
  const graph = importGraph(sources);

  it('has files', () => {
    expect(sources.size).toBeGreaterThan(0);
    expect([...graph.files.values()].flat().length).toBeGreaterThan(0);
  });

  it('has a folder or a file for every room of the table', () => {
    const names = [...sources.keys()].flatMap((file) => [file, file.split('/')[0]]);
    expect(Object.keys(TABLE).filter((room) => room !== 'top' && !names.includes(room))).toEqual([]);
  });

  it('imports downwards only', () => {
    expect(forbiddenImports(graph, TABLE)).toEqual([]);
  });

  it('has no cycles', () => {
    expect(cycles(graph)).toEqual([]);
  });

  it('imports nothing from outside of src, and every import leads to a file', () => {
    expect(graph.lost).toEqual([]);
  });

  it('imports each package at its one door', () => {
    expect(forbiddenPackages(graph, PACKAGES)).toEqual([]);
  });

  it(`has no file above ${MAX_LINES} lines`, () => {
    expect(longFiles(sources, MAX_LINES)).toEqual([]);
  });

  it('has no private field that begins with a public one: CommonJS makes the private ones first', () => {
    expect(earlyFields(sources)).toEqual([]);
  });

  it('shows the same table in src/README.md', () => {
    expect(tableOf(readFileSync(`${src}/README.md`, 'utf8'), 'Who may import whom')).toEqual(TABLE);
  });
});

describe('the check itself', () => {
  const graphOf = (files: Record<string, string>) => importGraph(new Map(Object.entries(files)));

  it('knows the table for a downward one', () => {
    const order = Object.keys(TABLE);
    for (const [room, allowed] of Object.entries(TABLE)) {
      for (const below of allowed)
        expect(order.indexOf(below), `${room} → ${below}`).toBeGreaterThan(order.indexOf(room));
    }
  });

  it.each([
    ['a value', `import { Cache } from '../cache.js';`],
    ['a type', `import type { Cache } from '../cache.js';`],
    ['a re-export', `export { Cache } from '../cache.js';`],
    ['a type re-export', `export type * from '../cache.js';`],
    ['a side effect', `import '../cache.js';`],
    ['a dynamic import', `const load = () => import('../cache.js');`],
    ['an import type', `export type C = import('../cache.js').Cache;`],
    ['an import over lines', `import {\n  type Cache,\n} from "../cache.js";`],
  ])('finds an upward import: %s', (_, text) => {
    const graph = graphOf({ 'cache.ts': 'export class Cache {}', 'policy/lru.ts': text });
    expect(forbiddenImports(graph, TABLE)).toEqual(['policy/lru.ts → cache.ts']);
  });

  it('lets downward and inner imports pass', () => {
    const graph = graphOf({
      'cache.ts': `import './policy/lru.js'; import './common/error.js';`,
      'policy/lru.ts': `import '../struct/heap.js'; import './policy.js';`,
      'policy/policy.ts': '',
      'struct/heap.ts': `import '../common/error.js';`,
      'common/error.ts': '',
    });
    expect(forbiddenImports(graph, TABLE)).toEqual([]);
    expect(cycles(graph)).toEqual([]);
    expect(graph.lost).toEqual([]);
  });

  it('finds an import between rooms of one level', () => {
    const graph = graphOf({ 'codec/encode.ts': `import '../weigh/index.js';`, 'weigh/index.ts': '' });
    expect(forbiddenImports(graph, TABLE)).toEqual(['codec/encode.ts → weigh/index.ts']);
  });

  it('knows a file with a row of its own', () => {
    const graph = graphOf({
      'cache.ts': '',
      'options.ts': `import './cache.js';`,
      'cache/a.ts': `import '../options.js';`,
    });
    expect(forbiddenImports(graph, TABLE)).toEqual(['options.ts → cache.ts']);
  });

  it('finds a room without a row', () => {
    expect(forbiddenImports(graphOf({ 'helpers/misc.ts': '' }), TABLE)).toHaveLength(1);
  });

  it('finds cycles, of two files and of type imports in three', () => {
    const two = graphOf({ 'arena/a.ts': `import './b.js';`, 'arena/b.ts': `import './a.js';` });
    expect(cycles(two)).toEqual(['arena/a.ts → arena/b.ts → arena/a.ts']);
    const three = graphOf({
      'start.ts': `import './a.js';`,
      'a.ts': `import type { B } from './b.js';`,
      'b.ts': `import type { C } from './c.js';`,
      'c.ts': `import type { A } from './a.js';`,
    });
    expect(cycles(three)).toEqual(['a.ts → b.ts → c.ts → a.ts']);
  });

  it('finds imports that leave src or lead nowhere', () => {
    const graph = graphOf({ 'cache.ts': `import '../tests/support/fake.js'; import './gone.js';` });
    expect(graph.lost).toEqual(['cache.ts → ../tests/support/fake.ts', 'cache.ts → gone.ts']);
  });

  it('finds a package at a wrong door, an unknown one, and a built-in without its prefix', () => {
    const graph = graphOf({
      'load/threads.ts': `import { Piscina } from 'piscina'; import 'node:fs';`,
      'load/flight.ts': `import type { Piscina } from 'piscina';`,
      'cache.ts': `import 'lodash'; import 'fs'; import 'cachalot';`,
    });
    expect(forbiddenPackages(graph, PACKAGES)).toEqual([
      'load/flight.ts → piscina',
      'cache.ts → lodash',
      'cache.ts → fs',
      'cache.ts → cachalot',
    ]);
  });

  it('finds long files', () => {
    const sources = new Map([
      ['short.ts', 'x\n'.repeat(350)],
      ['long.ts', 'x\n'.repeat(351)],
    ]);
    expect(longFiles(sources, MAX_LINES)).toEqual(['long.ts: 351 lines']);
  });

  it('finds a private field that begins with a public one', () => {
    const early = 'class A {\n  readonly #b = new B(this.c);\n  #d = this.#b;\n  #e = () => this.c;\n}\n';
    expect(earlyFields(new Map([['a.ts', early]]))).toEqual(['a.ts: #b = new B(this.c)']);
  });

  it('reads the table of a page', () => {
    const page =
      '# Title\n## One\n| a | b |\n|---|---|\n| `x` | `y` |\n## Two\n| room | may |\n|---|---|\n| `top` | `a`, `b` |\n| `a` | nothing |\n';
    expect(tableOf(page, 'Two')).toEqual({ top: ['a', 'b'], a: [] });
  });
});
