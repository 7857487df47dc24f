import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CacheConfigError } from '../common/error.js';

const STEM = 'cachalot.config';
const EXTENSIONS = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts', 'json'] as const;

/**
 * The configuration file of the program that runs in `cwd`: the one in that directory, else in the next above it, up to
 * the first that holds a package.json. What lies beyond belongs to somebody else.
 *
 * @throws CacheConfigError when there is none, or two that one cannot choose between.
 */
export function findConfig(cwd: string): string {
  let folder = cwd;
  for (;;) {
    const found = oneOf(folder);
    if (found !== undefined) return found;
    const above = dirname(folder);
    if (above === folder || existsSync(join(folder, 'package.json'))) break;
    folder = above;
  }
  const where = folder === cwd ? `in ${cwd}` : `in ${cwd} or above it, up to ${folder}`;
  throw new CacheConfigError(`config: expected a file ${STEM}.{json,js,ts} ${where}; there is none`);
}

function oneOf(folder: string): string | undefined {
  const present = EXTENSIONS.filter((extension) => isFile(join(folder, `${STEM}.${extension}`)));
  // A TypeScript file beside the JavaScript that was made of it.
  const files = present
    .filter(
      (extension) => !(extension.endsWith('ts') && present.some((other) => other === extension.replace('ts', 'js'))),
    )
    .map((extension) => `${STEM}.${extension}`);
  if (files.length > 1) {
    throw new CacheConfigError(`config: expected one configuration file in ${folder}; there are ${files.join(', ')}`);
  }
  return files[0] === undefined ? undefined : join(folder, files[0]);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
