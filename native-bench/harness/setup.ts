/**
 * What has to stand before anything is measured: the peers, the builds, the C++ program, Redis. What is missing and
 * can be got is got; what cannot is named together with the command that gets it.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const BENCH = new URL('../', import.meta.url);
const ROOT = new URL('../', BENCH);

export type Program = { program: string } | { missing: string };

export interface Tools {
  ceiling: Program;
  redis: Program;
  versions: { compiler: string; redis: string };
}

export type Say = (text: string) => void;

/** Installs the peers unless all are there in their exact versions. */
export function installPeers(say: Say): void {
  const manifest: { dependencies: Record<string, string> } = readJson(new URL('package.json', BENCH));
  const installed = Object.entries(manifest.dependencies).every(([name, version]) => {
    const file = new URL(`node_modules/${name}/package.json`, BENCH);
    return existsSync(file) && readJson<{ version: string }>(file).version === version;
  });
  if (installed) return;
  say('installing the peers into native-bench/node_modules');
  // Their native parts come prebuilt: no install script is needed, so none is run.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', fileURLToPath(BENCH)]);
}

/** Builds the package under test, unless its build is newer than its sources, and the measured side of the harness. */
export function build(say: Say): void {
  say('building the package and the benchmarks');
  run(process.execPath, [fileURLToPath(new URL('scripts/build-if-stale.mjs', ROOT))]);
  const tsup = fileURLToPath(new URL('node_modules/tsup/dist/cli-default.js', ROOT));
  run(process.execPath, [tsup, '--config', 'native-bench/tsup.config.ts']);
}

/**
 * A copy of the build, so that a rebuild in the middle of a long run changes nothing. Returns its entry. A build given
 * by name is measured where it lies.
 */
export function productToMeasure(given: string | undefined): URL {
  if (given !== undefined) return pathToFileURL(given);
  const copy = new URL('.cache/bench/dist/', ROOT);
  rmSync(copy, { recursive: true, force: true });
  cpSync(new URL('dist/', ROOT), copy, { recursive: true });
  return new URL('index.js', copy);
}

/** Finds or installs the compiler and Redis, and makes the C++ program. */
export function prepareTools(say: Say): Tools {
  installPackages(say);
  const gxx = firstLine('g++', ['--version']);
  const make = firstLine('make', ['--version']);
  const redis = firstLine('redis-server', ['--version']);
  return {
    ceiling: gxx && make ? { program: makeCeiling() } : { missing: hint('g++ make', 'the C++ ceiling is left out') },
    redis: redis ? { program: 'redis-server' } : { missing: hint('redis-server', 'Redis is left out') },
    versions: { compiler: gxx ?? 'none', redis: redis ?? 'none' },
  };
}

const PACKAGES: Readonly<Record<string, string>> = { 'g++': 'g++', make: 'make', 'redis-server': 'redis-server' };

function installPackages(say: Say): void {
  const missing = Object.keys(PACKAGES).filter((program) => firstLine(program, ['--version']) === undefined);
  if (missing.length === 0 || process.getuid?.() !== 0 || firstLine('apt-get', ['--version']) === undefined) return;
  const names = missing.map((program) => PACKAGES[program]!);
  say(`installing ${names.join(' ')} with apt-get`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...names]]) {
    const result = spawnSync('apt-get', args, { env: environment, encoding: 'utf8' });
    if (result.status !== 0) say(`apt-get ${args[0]} failed: ${result.stderr.trim().split('\n').at(-1)}`);
  }
}

function hint(packages: string, consequence: string): string {
  return `${consequence}; to have it: sudo apt-get install -y ${packages}`;
}

function makeCeiling(): string {
  run('make', ['--silent', '-C', fileURLToPath(new URL('cpp', BENCH))]);
  return fileURLToPath(new URL('cpp/bin/ceiling', BENCH));
}

/** Silent when it works; else an error with the end of what was printed. */
function run(command: string, args: string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: fileURLToPath(ROOT), encoding: 'utf8' });
  if (status === 0) return;
  const printed = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-20).join('\n');
  throw new Error(`${command} ${args.join(' ')} failed (${error?.message ?? `status ${status}`})\n${printed}`);
}

function firstLine(command: string, args: string[]): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.split('\n')[0]?.trim() : undefined;
}

function readJson<T>(file: URL): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
