import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // What crosses threads is tested as users run it: the built package, native modules, real workers.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    execArgv: ['--expose-gc'],
    testTimeout: 30_000,
  },
});
