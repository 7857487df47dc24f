import { defineConfig } from 'tsup';

// Every entry is written to the root of dist, so that `new URL('./keeper.worker.js', import.meta.url)`
// names the same file from whichever chunk it is evaluated in. The worker files are always started as
// ES modules, also by the CommonJS build: a process has one keeper, whoever asked for it. So is the command.
const entry = {
  index: 'src/index.ts',
  testing: 'src/testing/index.ts',
  cli: 'src/cli/main.ts',
  'keeper.worker': 'src/keeper.worker.ts',
  'loader.worker': 'src/loader.worker.ts',
};

export default defineConfig({
  entry,
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
  dts: {
    entry: { index: 'src/index.ts', testing: 'src/testing/index.ts' },
    compilerOptions: { ignoreDeprecations: '6.0' },
  },
});
