import { defineConfig } from 'tsup';

// Measured processes run plain JavaScript, file by file as it was written: no loader hooks, no second thread, no
// bundling that would let the compiler see a contender and the loop that drives it as one.
export default defineConfig({
  entry: ['native-bench/{harness,peers,transports,scenarios}/**/*.ts'],
  outDir: 'native-bench/dist',
  format: 'esm',
  target: 'node20',
  platform: 'node',
  bundle: false,
  splitting: false,
  clean: true,
  dts: false,
  silent: true,
});
