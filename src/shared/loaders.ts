import type { ArenaClient } from '../arena/client.js';
import type { CacheTicket } from '../arena/protocol.js';
import { keyOf } from '../common/canonical-key.js';
import { CacheConfigError, describe } from '../common/error.js';
import { asLoaderContext } from '../load/local-context.js';
import { checkInput, resolveInput } from './input.js';
import type { Lease } from './lease.js';
import type { Manner, SharedLoading } from './loading.js';
import { checkKey, type LoadOptions, type LocalLoader, resolveLoaderUrl } from './options.js';

/** The loaders of a cache, as one thread sees them: modules, which the pool runs, and functions of its own. */
export class Loaders<V> {
  readonly #functions: Map<string, LocalLoader<V>>;

  /** `others`: of the same cache in the same thread, whose functions are these, too. */
  constructor(
    readonly client: ArenaClient,
    readonly ticket: CacheTicket,
    readonly loading: SharedLoading<V>,
    others?: Loaders<V>,
  ) {
    this.#functions = others ? others.#functions : new Map();
  }

  async register(name: string, loader: URL | string | LocalLoader<V>): Promise<void> {
    if (typeof name !== 'string' || name === '') {
      throw new CacheConfigError(`loader: expected a non-empty name; got ${describe(name)}`);
    }
    if (typeof loader !== 'function' && typeof loader !== 'string' && !(loader instanceof URL)) {
      throw new CacheConfigError(
        `loader '${name}': expected a function, or the URL of a module; got ${describe(loader)}`,
      );
    }
    const local = typeof loader === 'function' ? loader : undefined;
    const url = typeof loader === 'function' ? undefined : resolveLoaderUrl(name, loader);
    if (local) this.#functions.set(name, local);
    else this.#functions.delete(name);
    await this.client.request({ op: 'registerLoader', cache: this.ticket.cache, loader: name, url });
    if (url !== undefined) this.ticket.config.loaders[name] = url;
  }

  async load(name: string, given: unknown, options: LoadOptions, manner: Manner): Promise<V | Lease<V> | undefined> {
    if (options === null || typeof options !== 'object') {
      throw new CacheConfigError(`options: expected an object; got ${describe(options)}`);
    }
    const { input, transfer } = resolveInput(given, options);
    const { key = keyOf(name, input), priority = 0, transfer: _, ...rest } = options;
    checkKey(key);
    if (typeof priority !== 'number' || Number.isNaN(priority))
      throw new CacheConfigError(`priority: expected a number; got ${describe(priority)}`);
    const local = this.#functions.get(name);
    if (local)
      return this.loading.byFactory(key, (context) => local(input as never, asLoaderContext(context)), rest, manner);
    checkInput(name, input, key);
    return this.loading.byPool({ loader: name, input, priority, transfer }, key, rest, manner);
  }

  /** The loader of `fetch`: the one that was named for it, else the only one. */
  get default(): string {
    const { defaultLoader, loaders, name } = this.ticket.config;
    const names = [...new Set([...Object.keys(loaders), ...this.#functions.keys()])];
    if (defaultLoader !== undefined) return defaultLoader;
    if (names.length === 1) return names[0]!;
    throw new CacheConfigError(
      `fetch: expected one loader, or the option defaultLoader; cache '${name}' has ${names.length} loaders`,
    );
  }
}
