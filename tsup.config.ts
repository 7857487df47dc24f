import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
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

// A constant is folded into the code that uses it where its file imports nothing; else it becomes a variable of the whole
// bundle, which is read and checked each time. So the constants of a file that are numbers
// are put into a file of their own, which only this build sees. Lines stay where they are.
const constantsApart: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'constants-apart',
  setup(build) {
    const namespace = 'constants';
    const constant = /^(export )?const ([A-Z][A-Z0-9_]*)(?:: number)? = ([-+*/%()<>|&~ \w.]+);$/gm;
    const files = new Map<string, string>();
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!/^import (?!type )/m.test(text)) return undefined;
      const values = new Map<string, string>();
      const rest = text.replace(constant, (line, exported: string | undefined, name: string, value: string) => {
        const names = value.replace(/\b\d[\w.]*/g, '').match(/[A-Za-z_]\w*/g) ?? [];
        if (!names.every((each) => values.has(each))) return line;
        values.set(name, value);
        return exported === undefined ? '' : `export { ${name} };`;
      });
      if (values.size === 0) return undefined;
      const file = relative('.', path);
      files.set(file, Array.from(values, ([name, value]) => `export const ${name} = ${value};`).join('\n'));
      const from = JSON.stringify(`${namespace}:${file}`);
      return { contents: `import { ${[...values.keys()].join(', ')} } from ${from};${rest}`, loader: 'ts' };
    });
    build.onResolve({ filter: /^constants:/ }, ({ path }) => {
      return { path: path.slice(namespace.length + 1), namespace, sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: files.get(path) ?? '', loader: 'ts' }));
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
