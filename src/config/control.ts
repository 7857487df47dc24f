import { isDeepStrictEqual } from 'node:util';
import { type Bytes, parseBytes } from '../common/bytes.js';
import { CacheConfigError, describe } from '../common/error.js';
import { boundedByMemory } from '../shared/options.js';
import { divide } from './budget.js';
import type { CachalotConfig } from './definition.js';
import { type LoadConfigOptions, loadAny, originOf } from './load.js';
import { configError, pathOf } from './mistake.js';
import { isRecord } from './options.js';

/** What a budget is given to. */
interface Budgeted {
  readonly maxBytes: number;
  resize(maxBytes: number): unknown;
  close(): unknown;
}

/** What can be done with all caches of a configuration at once. */
export interface CachesControl {
  /**
   * Changes the whole budget. Shares are divided anew, budgets of their own stay as they are; what shrinks does so before
   * anything grows.
   *
   * @throws CacheConfigError when budgets of their own do not fit any more. Nothing has changed then.
   */
  resize(maxBytes: Bytes): Promise<void>;
  /**
   * Takes on the budgets of a configuration that was changed, by default of the file that is found anew.
   *
   * @throws CacheConfigError when something else than `maxBytes` and `share` is different. Nothing has changed then.
   */
  apply(source?: string | URL | CachalotConfig, options?: LoadConfigOptions): Promise<void>;
  /** Closes all: shared caches that this thread has created end, from others it detaches. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The budgets of caches that exist. */
export class Budgets implements CachesControl {
  #config: CachalotConfig;
  /** One change of budgets after the other. */
  #changes: Promise<void> = Promise.resolve();

  constructor(
    config: CachalotConfig,
    readonly caches: ReadonlyMap<string, Budgeted>,
  ) {
    this.#config = config;
  }

  resize(maxBytes: Bytes): Promise<void> {
    return this.#change(async () => {
      boundedByMemory(parseBytes(maxBytes, 'maxBytes'));
      // A budget of its own is what the cache has now: it may have been resized by itself.
      const caches = Object.entries(this.#config.caches).map(([name, definition]) => [
        name,
        definition.share === undefined ? { ...definition, maxBytes: this.caches.get(name)!.maxBytes } : definition,
      ]);
      await this.#divide({ maxBytes, caches: Object.fromEntries(caches) }, 'resize');
      this.#config = { ...this.#config, maxBytes };
    });
  }

  apply(source?: string | URL | CachalotConfig, options?: LoadConfigOptions): Promise<void> {
    return this.#change(async () => {
      const config = await loadAny(source, options);
      const different = differences(this.#config, config);
      if (different.length > 0) {
        throw configError(
          originOf(config),
          different.map((keys) => ({
            keys,
            message: 'expected the caches as they were created; only budgets can change',
          })),
        );
      }
      await this.#divide(config, originOf(config));
      this.#config = config;
    });
  }

  async close(): Promise<void> {
    await closeAll(this.caches.values());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #change(change: () => Promise<void>): Promise<void> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => undefined);
    return done;
  }

  async #divide(config: CachalotConfig, origin: string): Promise<void> {
    const { budgets, mistakes } = divide(config);
    if (mistakes.length > 0) throw configError(origin, mistakes);
    const changes = [...this.caches].map(([name, cache]) => ({
      name,
      cache,
      old: cache.maxBytes,
      bytes: budgets.get(name)!,
    }));
    const shrinking = changes.filter(({ old, bytes }) => bytes < old);
    const growing = changes.filter(({ old, bytes }) => bytes > old);
    const done: typeof changes = [];
    for (const change of [...shrinking, ...growing]) {
      try {
        await change.cache.resize(change.bytes);
        done.push(change);
      } catch (cause) {
        for (const { cache, old } of done.reverse()) await cache.resize(old);
        const reason = cause instanceof Error ? cause.message : describe(cause);
        throw new CacheConfigError(`${origin}: ${pathOf(['caches', change.name])}: ${reason}`, { cause });
      }
    }
  }
}

/** Paths of what is not the same in two configurations, budgets aside. */
function differences(old: CachalotConfig, next: CachalotConfig): string[][] {
  const names = new Set([...Object.keys(old.caches), ...Object.keys(next.caches)]);
  return [...names].flatMap((name) => {
    const before: Record<string, unknown> = { ...old.caches[name] };
    const after: Record<string, unknown> = { ...next.caches[name] };
    if (Object.keys(before).length === 0 || Object.keys(after).length === 0) return [['caches', name]];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((option) => option !== 'share' && option !== 'maxBytes')
      .filter((option) => !isDeepStrictEqual(comparable(before[option]), comparable(after[option])))
      .map((option) => ['caches', name, option]);
  });
}

/** A function of a file that was read anew is another one: functions are compared by what they say. */
function comparable(value: unknown): unknown {
  if (typeof value === 'function') return `function ${value}`;
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, comparable(part)]));
}

/** Closes all, also when one of them cannot be; rejects with the first reason then. */
export async function closeAll(caches: Iterable<Budgeted>): Promise<void> {
  const closing = await Promise.allSettled(Array.from(caches, async (cache) => cache.close()));
  for (const result of closing) if (result.status === 'rejected') throw result.reason;
}
