import { defineConfig, type Options } from 'tsup';

// Measured processes run plain JavaScript, file by file as it was written: no loader hooks, no second thread, no
// bundling that would let the compiler see a contender and the loop that drives it as one.
const measured: Options = {
  entry: ['native-bench/{harness,peers,transports,scenarios}/**/*.ts', '!native-bench/scenarios/room.child.ts'],
  outDir: 'native-bench/dist',
  format: 'esm',
  target: 'node20',
  platform: 'node',
  bundle: false,
  splitting: false,
  // The two would clean away what the other one has written.
  clean: false,
  dts: false,
  silent: true,
};

// What drives the keeper's own code, which the package does not export, brings it along.
const within: Options = {
  ...measured,
  entry: { 'scenarios/room.child': 'native-bench/scenarios/room.child.ts' },
  bundle: true,
};

export default defineConfig([measured, within]);
