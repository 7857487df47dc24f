/**
 * The stamp on every result: what it was measured on.
 */

import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  node: string;
  v8: string;
  /** Package name to version, of everything compared. */
  packages: Record<string, string>;
  compiler: string;
  redis: string;
}

/** `versions` tells what only a program can: the compiler's and Redis's first line, or why there is none. */
export function describeMachine(root: URL, versions: { compiler: string; redis: string }): Machine {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(new URL('package.json', root), 'utf8'),
  );
  const packages: Record<string, string> = { cachalot: versionOf(new URL('../', root)) };
  for (const name of Object.keys(manifest.dependencies)) {
    packages[name] = versionOf(new URL(`node_modules/${name}/`, root));
  }
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    packages,
    ...versions,
  };
}

function versionOf(folder: URL): string {
  const manifest: { version: string } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return manifest.version;
}
