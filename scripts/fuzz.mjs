// Restores damaged and forged snapshots, many more of them than the test suite does.
//
//   npm run fuzz             10 000 files
//   npm run fuzz -- 100000   as many as that
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, CACHALOT_FUZZ: process.argv[2] ?? '10000' };
const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'tests/snapshot', '-t', 'damaged or forged'];
process.exitCode = spawnSync(process.execPath, vitest, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
