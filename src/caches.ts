import { Cache } from './cache.js';
import { CacheConfigError, describe } from './common/error.js';
import { divide } from './config/budget.js';
import { Budgets, type CachesControl, closeAll } from './config/control.js';
import type { CachalotConfig, CacheDefinition, ValueOf } from './config/definition.js';
import { type LoadConfigOptions, loadAny, originOf } from './config/load.js';
import { pathOf } from './config/mistake.js';
import { importLoader } from './load/loader-module.js';
import type { CacheOptions } from './options.js';
import type { LocalLoader, SharedCacheOptions } from './shared/options.js';
import { SharedCache } from './shared-cache.js';

type AnyCache = Cache | SharedCache;

/** The cache that a definition stands for. */
type CacheOf<D> = D extends { kind: 'local' }
  ? Cache<string, ValueOf<D>>
  : D extends { kind: 'shared' }
    ? SharedCache<ValueOf<D>>
    : never;

/** The caches of a configuration, by name. */
export type CachesOf<C extends CachalotConfig> = { readonly [N in keyof C['caches']]: CacheOf<C['caches'][N]> };

/**
 * The caches of a configuration: of an object, of a file, or, when nothing is given, of the file that is found from the
 * working directory on (see `loadConfig`). In one thread they are created; in every other one the same call attaches to the
 * shared ones, and creates `local` ones of its own.
 *
 * @throws CacheConfigError with all mistakes of the configuration. When a cache cannot be created, the error names it, and
 * those before it are closed.
 */
export async function createCaches<const C extends CachalotConfig>(
  source: C,
  options?: LoadConfigOptions,
): Promise<CachesOf<C> & CachesControl>;
export async function createCaches<T extends object = Record<string, AnyCache>>(
  source?: string | URL,
  options?: LoadConfigOptions,
): Promise<Readonly<T> & CachesControl>;
export async function createCaches(
  source?: string | URL | CachalotConfig,
  options?: LoadConfigOptions,
): Promise<CachesControl> {
  const config = await loadAny(source, options);
  const { budgets } = divide(config);
  const caches = new Map<string, AnyCache>();
  for (const [name, definition] of Object.entries(config.caches)) {
    try {
      caches.set(name, await create(name, definition, budgets.get(name)!));
    } catch (cause) {
      // What went wrong first is what is told.
      await closeAll(caches.values()).catch(() => undefined);
      const reason = cause instanceof Error ? cause.message : describe(cause);
      throw new CacheConfigError(`${originOf(config)}: ${pathOf(['caches', name])}: ${reason}`, { cause });
    }
  }
  return withControl(caches, new Budgets(config, caches));
}

async function create(name: string, definition: CacheDefinition, maxBytes: number): Promise<AnyCache> {
  if (definition.kind === 'local') {
    const { kind: _kind, share: _share, loader, ...options } = definition;
    const load =
      typeof loader === 'string' || loader instanceof URL ? await importLoader(name, String(loader)) : loader;
    return new Cache<unknown, unknown>({ ...options, name, maxBytes, loader: load } as CacheOptions<unknown, unknown>);
  }
  const { kind: _kind, share: _share, loaders = {}, ...options } = definition;
  const modules = Object.entries(loaders).filter(([, loader]) => typeof loader !== 'function');
  const urls = Object.fromEntries(modules) as Record<string, URL | string>;
  const cache = await SharedCache.createOrAttach({
    ...options,
    name,
    maxBytes,
    loaders: urls,
  } as SharedCacheOptions<unknown>);
  for (const [loader, code] of Object.entries(loaders)) {
    if (typeof code === 'function') await cache.registerLoader(loader, code as LocalLoader<unknown>);
  }
  return cache;
}

/** The caches as properties, what is done with all of them hidden behind. */
function withControl(caches: ReadonlyMap<string, AnyCache>, control: CachesControl): CachesControl {
  const all: CachesControl = {
    resize: (maxBytes) => control.resize(maxBytes),
    apply: (source, options) => control.apply(source, options),
    close: () => control.close(),
    [Symbol.asyncDispose]: () => control.close(),
  };
  for (const key of Reflect.ownKeys(all)) Object.defineProperty(all, key, { enumerable: false });
  for (const [name, cache] of caches) Object.defineProperty(all, name, { value: cache, enumerable: true });
  return Object.freeze(all);
}
