import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { defineConfig, type Options } from 'tsup';

// Every entry is written to the root of dist, so that `new URL('./keeper.worker.js', import.meta.url)`
// names the same file from whichever chunk it is evaluated in. The worker files are always started as
// ES modules, also by the CommonJS build: a process has one keeper, whoever asked for it. So is the command.
const entry = {
  index: 'src/index.ts',
  testing: 'src/testing/index.ts',
  cli: 'src/cli/main.ts',
  'keeper.worker': 'src/keeper.worker.ts',
  'loader.worker': 'src/loader.worker.ts',
  'snapshot.worker': 'src/snapshot.worker.ts',
  'simulate.worker': 'src/cli/simulate.worker.ts',
};

// That step also makes import() a require(), which takes no URL and no module that awaits. Where the module is not known
// before run time (a user's configuration, a loader) it is turned back.
const importAtRunTime: NonNullable<Options['plugins']>[number] = {
  name: 'import-at-run-time',
  async buildEnd({ writtenFiles }) {
    for (const { name } of writtenFiles.filter(({ name }) => name.endsWith('.cjs'))) {
      const code = await readFile(name, 'utf8');
      const required = /Promise\.resolve\(\)\.then\(\(\) => _interopRequireWildcard\(require\(((?!["'`]).+)\)\)\)/g;
      await writeFile(name, code.replace(required, 'import($1)'));
    }
  },
};

// A constant is folded into the code that uses it where its file imports nothing and has nothing before it; else it becomes a
// variable of the whole bundle, which is read and checked each time. So the constants of a file that are numbers, or are
// computed of such, their own or imported ones, are put into a file of their own, as numbers, which only this build sees. Lines stay
// where they are. tests/constants.test.ts looks for those that this has missed.
const CONSTANT = /^(export )?const ([A-Z][A-Z0-9_]*)(?:: number)? = ([-+*/%()<>|&~ \w.]+);$/gm;
const constantsBy = new Map<string, Promise<Map<string, number>>>();

/** The constants of a source file, by name. */
function constantsOf(path: string): Promise<Map<string, number>> {
  const known = constantsBy.get(path) ?? readFile(path, 'utf8').then((text) => constantsIn(text, path));
  constantsBy.set(path, known);
  return known;
}

async function constantsIn(text: string, path: string): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  for (const [, names = '', from = ''] of text.matchAll(/^import \{([^}]*)\} from '(\.[^']*)\.js';$/gm)) {
    const constants = await constantsOf(resolve(dirname(path), `${from}.ts`));
    for (const one of names.split(',')) {
      const [name = '', alias = name] = one.trim().split(' as ');
      const value = constants.get(name);
      if (value !== undefined) known.set(alias, value);
    }
  }
  const own = new Map<string, number>();
  for (const [, , name = '', expression = ''] of text.matchAll(CONSTANT)) {
    const names = expression.replace(/\b\d[\w.]*/g, '').match(/[A-Za-z_]\w*/g) ?? [];
    if (!names.every((each) => known.has(each))) continue;
    const value: unknown = new Function(...names, `return ${expression}`)(...names.map((each) => known.get(each)));
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    known.set(name, value);
    own.set(name, value);
  }
  return own;
}

const constantsApart: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'constants-apart',
  setup(build) {
    const namespace = 'constants';
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/, namespace: 'file' }, async ({ path }) => {
      const values = await constantsOf(path);
      if (values.size === 0) return undefined;
      const text = await readFile(path, 'utf8');
      const rest = text.replace(CONSTANT, (line, exported: string | undefined, name: string) => {
        if (!values.has(name)) return line;
        return exported === undefined ? '' : `export { ${name} };`;
      });
      const from = JSON.stringify(`${namespace}:${relative('.', path)}`);
      return { contents: `import { ${[...values.keys()].join(', ')} } from ${from};${rest}`, loader: 'ts' };
    });
    build.onResolve({ filter: /^constants:/ }, ({ path }) => {
      return { path: path.slice(namespace.length + 1), namespace, sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      // What is too long to be repeated stays a variable, and so does whatever comes behind it.
      const lines = Array.from(await constantsOf(resolve(path)), ([name, value]) => ({ name, text: String(value) }));
      lines.sort((a, b) => a.text.length - b.text.length);
      return { contents: lines.map(({ name, text }) => `export const ${name} = ${text};`).join('\n'), loader: 'ts' };
    });
  },
};

export default defineConfig({
  entry,
  plugins: [importAtRunTime],
  esbuildPlugins: [constantsApart],
  format: ['esm', 'cjs'],
  target: 'node20',
  platform: 'node',
  splitting: true,
  shims: true,
  clean: true,
  sourcemap: true,
  // Constants are folded into the code that uses them; names stay. The step that turns chunks into CommonJS cannot
  // read that syntax, and does without.
  esbuildOptions(options, { format }) {
    options.minifySyntax = format === 'esm';
  },
  silent: true,
  async onSuccess() {
    await copyFile('src/config/config.schema.json', 'dist/config.schema.json');
    await copyFile('src/load/loader.door.cjs', 'dist/loader.door.cjs');
  },
  dts: {
    entry: { index: 'src/index.ts', testing: 'src/testing/index.ts' },
    // `Symbol.dispose` and the types of Node: whoever compiles may not have them included by himself.
    banner: '/// <reference types="node" />',
    compilerOptions: { ignoreDeprecations: '6.0' },
  },
});
