import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** One plain line for programs, after everything that is for people: `123 passed, 0 failed`. */
const tally: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length };
    for (const module of modules) {
      // A file that cannot be imported, or fails outside of its tests, is a failure too.
      count.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') count[state]++;
      }
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`);
  },
};

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // What crosses threads is tested as users run it: the built package, native modules, real workers.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    // Many tests start threads of their own, and some look at the clock: more at a time than that would be in each other's way.
    maxWorkers: 2,
    execArgv: ['--expose-gc'],
    // They end hangs, and no test that is slow: machines are busy at times.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', tally],
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
