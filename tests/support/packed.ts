import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isWindows = process.platform === 'win32';

export interface Packed {
  /** The consumer's folder, outside of the repository, so that nothing is found there by accident. */
  home: string;
  installed: string;
  remove(): void;
}

/**
 * What `npm publish` would send, as a consumer has it. It is unpacked by hand, and its dependencies are linked, so
 * that no registry is asked.
 */
export function unpackPackage(): Packed {
  const home = mkdtempSync(join(tmpdir(), 'cachalot-package-'));
  const installed = join(home, 'node_modules', 'cachalot');
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=silent', '--pack-destination', home];
  const [tarball] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8', shell: isWindows }));
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(home, tarball.filename), '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // Types for the compiler, and what the package says that it depends on: nothing else may be needed.
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const link = join(home, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'junction');
  }
  return { home, installed, remove: () => rmSync(home, { recursive: true, force: true }) };
}
