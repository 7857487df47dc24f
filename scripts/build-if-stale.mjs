// Builds when dist is missing or older than what it is made from; else costs a few milliseconds.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUTPUTS = ['dist/index.js', 'dist/index.cjs', 'dist/index.d.ts'];
const CONFIGS = ['package.json', 'tsconfig.json', 'tsup.config.ts'];

function modified(path) {
  return statSync(root + path, { throwIfNoEntry: false })?.mtimeMs;
}

const sources = readdirSync(`${root}src`, { recursive: true }).map((file) => `src/${file}`);
const newest = Math.max(...[...sources, ...CONFIGS].map((path) => modified(path) ?? 0));
const oldest = Math.min(...OUTPUTS.map((path) => modified(path) ?? 0));

if (oldest <= newest) {
  console.error('building cachalot ...');
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], { cwd: root, stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}
