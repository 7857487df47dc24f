// Runs the test suite under other majors of Node, against the dist that is there (`npm run build` makes it).
//
//   npm run test:nodes                     Node 22, 24 and 26, without the tests that depend on no major
//   npm run test:nodes -- 24 tests/policy  one major, some tests, whichever they are
//
// The binaries come from the registry's own packages of Node, into .nodes, without touching package.json.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };

/** Plain computing, compilers and papers: what depends on no major. */
const SAME_EVERYWHERE = [
  ...['advice', 'checker', 'cli', 'common', 'memo', 'native-bench', 'policy', 'stats', 'struct', 'trace', 'types'].map(
    (folder) => `tests/${folder}/**`,
  ),
  ...['arena/keeper-model', 'removal/large'].map((name) => `tests/${name}.test.ts`),
  ...['architecture', 'constants', 'docs', 'features', 'readme'].map((name) => `tests/${name}.test.ts`),
];

const root = fileURLToPath(new URL('..', import.meta.url));
const prefix = join(root, '.nodes');
const args = process.argv.slice(2);
const chosen = args.filter((arg) => arg in VERSIONS);
const majors = chosen.length > 0 ? chosen : Object.keys(VERSIONS);
const vitestArgs = args.filter((arg) => !(arg in VERSIONS));

const chosenTests = vitestArgs.length > 0 ? vitestArgs : SAME_EVERYWHERE.map((path) => `--exclude=${path}`);

const bin = (major) => join(prefix, 'node_modules', `node${major}`, 'bin');

function versionOf(major) {
  const node = join(bin(major), 'node');
  return existsSync(node) ? spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() : undefined;
}

function install(majors) {
  const platform = `${process.platform === 'darwin' ? 'bin-darwin' : process.platform}-${process.arch}`;
  const packages = majors.map((major) => `node${major}@npm:node-${platform}@${VERSIONS[major]}`);
  mkdirSync(prefix, { recursive: true });
  const npm = ['install', '--prefix', prefix, '--no-save', '--no-audit', '--no-fund', '--loglevel=error', ...packages];
  if (spawnSync('npm', npm, { cwd: prefix, stdio: 'inherit' }).status !== 0) process.exit(1);
}

// All are named, since npm prunes from the folder whatever an installation does not name.
if (majors.some((major) => versionOf(major) !== `v${VERSIONS[major]}`)) install(Object.keys(VERSIONS));

const failed = majors.filter((major) => {
  console.log(`\n── Node ${versionOf(major)} ──`);
  // What a model and a fuzzer find has been tried at length already.
  const env = {
    MODEL_RUNS: '4',
    CACHALOT_FUZZ: '300',
    ...process.env,
    PATH: `${bin(major)}${delimiter}${process.env.PATH}`,
  };
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...chosenTests];
  return spawnSync(join(bin(major), 'node'), vitest, { cwd: root, env, stdio: 'inherit' }).status !== 0;
});

if (failed.length > 0) {
  console.error(`\nfailed under Node ${failed.join(', ')}`);
  process.exitCode = 1;
}
