import { availableParallelism } from 'node:os';
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
    // Tests of threads need room for these; but one worker at a time would leave a core idle where there are two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    execArgv: ['--expose-gc'],
    // They end hangs, and no test that is slow: machines are busy at times.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', tally],
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
