import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CacheConfigError, describe } from '../common/error.js';
import { parseJson } from './json.js';

const MODULES = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * What a configuration file holds: the value of a JSON file, the default export of a module, or what that returns if it
 * is a function.
 *
 * @throws CacheConfigError when it cannot be read, with the place of a mistake in JSON.
 */
export async function readConfig(file: string): Promise<unknown> {
  const extension = extname(file);
  if (extension === '.json') return parseJson(await textOf(file), file);
  if (!MODULES.includes(extension)) {
    const known = ['.json', ...MODULES].join(', ');
    throw new CacheConfigError(`config: expected the path of a file (${known}); got ${describe(file)}`);
  }
  const exported = await importFile(file);
  let config = exported['default'];
  // What was compiled to CommonJS has its default export one level below.
  if (typeof config === 'object' && config !== null && '__esModule' in config && 'default' in config)
    config = config.default;
  if (config === undefined) {
    const names = Object.keys(exported).join(', ') || 'nothing';
    throw new CacheConfigError(`${file}: expected a configuration as its default export; it exports ${names}`);
  }
  return typeof config === 'function' ? await config() : config;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CacheConfigError(`config: expected a file that can be read; ${reasonOf(cause)}`, { cause });
  }
}

/** When each module was last changed, as of its last import. */
const imported = new Map<string, number>();

/** Where to import a file from: Node reads no address twice, so a file that was changed is given another one. */
function addressOf(file: string): string {
  const { href } = pathToFileURL(file);
  const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isSame = (imported.get(file) ?? changed) === changed;
  if (isSame && !imported.has(file)) imported.set(file, changed);
  if (isSame) return href;
  // CommonJS is remembered by its path.
  delete createRequire(href).cache[file];
  return `${href}?changed=${changed}`;
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(addressOf(file))) as Record<string, unknown>;
  } catch (cause) {
    if (isTypeScript(cause)) throw new CacheConfigError(needsTsx(file), { cause });
    throw new CacheConfigError(`${file}: expected a module that can be imported; ${reasonOf(cause)}`, { cause });
  }
}

/** Whether what could not be read is the file, or one that it imports, for being TypeScript. */
function isTypeScript(cause: unknown): boolean {
  if (!(cause instanceof Error && 'code' in cause)) return false;
  return cause.code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[mc]?ts\b/.test(cause.message);
}

/** Node reads TypeScript by itself from 22.18 on. */
function needsTsx(file: string): string {
  const program = process.argv[1] === undefined ? 'main.js' : basename(process.argv[1]);
  return (
    `${file}: expected a file that Node ${process.versions.node} can read; got TypeScript, which needs Node 22.18 or newer, ` +
    `or tsx: npm install --save-dev tsx, then node --import tsx ${program}`
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause);
}
