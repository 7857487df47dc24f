import { CacheConfigError, describe } from '../common/error.js';
import type { LoaderFunction } from './define-loader.js';

const imported = new Map<string, Promise<LoaderFunction>>();

/**
 * The function of a loader's module: its default export, else the export of the loader's name. Imported once per thread,
 * as `import()` does it; a failure is not remembered.
 *
 * @throws CacheConfigError when there is no such module, or nothing in it that can be called.
 */
export function importLoader(name: string, url: string): Promise<LoaderFunction> {
  const id = `${name} ${url}`;
  const known = imported.get(id);
  if (known !== undefined) return known;
  const loading = load(name, url);
  imported.set(id, loading);
  loading.catch(() => imported.delete(id));
  return loading;
}

async function load(name: string, url: string): Promise<LoaderFunction> {
  const exported = await importModule(name, url);
  // A CommonJS module is its own default export, and one that was compiled to CommonJS has another one in there.
  const inner = Object(exported['default']) as Record<string, unknown>;
  const candidates = [exported['default'], exported[name], inner['default'], inner[name]];
  const found = candidates.find((candidate) => typeof candidate === 'function');
  if (found !== undefined) return found as LoaderFunction;
  throw new CacheConfigError(
    `loader '${name}': expected ${url} to export a function, as default or as '${name}'; got ${listOf(exported)}`,
  );
}

async function importModule(name: string, url: string): Promise<Record<string, unknown>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : describe(cause);
    throw new CacheConfigError(`loader '${name}': expected a module at ${url}; importing it failed: ${reason}`, {
      cause,
    });
  }
}

function listOf(exported: Record<string, unknown>): string {
  const list = Object.keys(exported).map((key) => `${key}: ${describe(exported[key])}`);
  return list.length === 0 ? 'no exports' : `the exports { ${list.join(', ')} }`;
}
