import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CacheConfigError, describe } from '../common/error.js';
import { divide } from './budget.js';
import type { CachalotConfig } from './definition.js';
import { findConfig } from './find.js';
import { loaderUrl } from './loader-url.js';
import { configError, type Mistake, pathOf } from './mistake.js';
import { isRecord } from './options.js';
import { type Environment, override } from './overrides.js';
import { readConfig } from './read.js';

export interface LoadConfigOptions {
  /** Where a file is looked for, and where relative paths begin. Default: the working directory. */
  cwd?: string | URL | undefined;
  /** Where `CACHALOT_*` overrides are taken from; `{}` for none. Default: `process.env`. */
  env?: Environment | undefined;
}

/** What was loaded here: complete, right, and not to be overridden once more. The value is where it came from. */
const loaded = new WeakMap<object, string>();

/**
 * A configuration: of a file, by its path; of the file that is found from the working directory on, when nothing is given;
 * or the given object. Overrides of the environment are put in, everything is checked, and paths of loaders are made
 * absolute.
 *
 * A file that is looked for is `cachalot.config.{js,mjs,cjs,ts,mts,cts,json}` in the working directory, else above it, up to
 * the first directory with a package.json.
 *
 * @throws CacheConfigError with all mistakes at once, each with its path (`issues`).
 */
export function loadConfig(source?: string | URL, options?: LoadConfigOptions): Promise<CachalotConfig>;
export function loadConfig<const C extends CachalotConfig>(source: C, options?: LoadConfigOptions): Promise<C>;
export function loadConfig(
  source?: string | URL | CachalotConfig,
  options?: LoadConfigOptions,
): Promise<CachalotConfig> {
  return loadAny(source, options);
}

/** As `loadConfig`, whatever the source. */
export async function loadAny(
  source?: string | URL | CachalotConfig,
  { cwd = process.cwd(), env = process.env }: LoadConfigOptions = {},
): Promise<CachalotConfig> {
  if (typeof source === 'object' && !(source instanceof URL) && loaded.has(source)) return source;
  const folder = cwd instanceof URL ? fileURLToPath(cwd) : resolve(cwd);
  const file = fileOf(source, folder);
  const origin = file ?? 'config';
  const base = file === undefined ? folder : dirname(file);
  const { config, mistakes, variables } = override(file === undefined ? source : await readConfig(file), env);
  // Whoever uses no configuration does not pay for what checks them.
  const { mistakesIn } = await import('./schema.js');
  const found = [...mistakesIn(config, base), ...divide(config).mistakes].map((mistake) => blame(mistake, variables));
  if (mistakes.length + found.length > 0) throw configError(origin, [...mistakes, ...found]);
  const whole = withUrls(config as CachalotConfig, base);
  loaded.set(whole, origin);
  return whole;
}

/** Where a configuration came from, for messages. */
export function originOf(config: CachalotConfig): string {
  return loaded.get(config) ?? 'config';
}

function fileOf(source: unknown, folder: string): string | undefined {
  if (source === undefined) return findConfig(folder);
  if (source instanceof URL && source.protocol === 'file:') return fileURLToPath(source);
  if (typeof source === 'string' && source !== '') {
    return source.startsWith('file:') ? fileURLToPath(source) : resolve(folder, source);
  }
  if (isRecord(source) && !(source instanceof URL)) return undefined;
  throw new CacheConfigError(`config: expected the path of a file, a file URL, or an object; got ${describe(source)}`);
}

/** Names the variable to which a mistake is owed. */
function blame(mistake: Mistake, variables: ReadonlyMap<string, string>): Mistake {
  const variable = variables.get(pathOf(mistake.keys));
  return variable === undefined ? mistake : { ...mistake, message: `${mistake.message}, from ${variable}` };
}

/** A frozen copy in which no path depends on where it is read. */
function withUrls(config: CachalotConfig, base: string): CachalotConfig {
  const caches = Object.entries(config.caches).map(([name, definition]) => {
    const copy = { ...definition };
    if (copy.kind === 'local' && typeof copy.loader === 'string') copy.loader = String(loaderUrl(copy.loader, base));
    if (copy.kind === 'shared' && copy.loaders !== undefined) {
      const loaders = Object.entries(copy.loaders).map(([loader, value]) => [
        loader,
        typeof value === 'string' ? String(loaderUrl(value, base)) : value,
      ]);
      copy.loaders = Object.freeze(Object.fromEntries(loaders));
    }
    return [name, Object.freeze(copy)];
  });
  return Object.freeze({ ...config, caches: Object.freeze(Object.fromEntries(caches)) });
}
