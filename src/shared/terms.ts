import type { EntryTerms } from '../arena/lifetime.js';
import type { CacheConfig } from '../arena/protocol.js';
import { CacheConfigError, describe } from '../common/error.js';
import { parseTtl, type TtlFunction } from '../common/ttl.js';
import type { EntryOptions } from '../load/context.js';
import { resolveEntryOptions } from '../options.js';

/** Cost that the keeper has to work out, from the bytes or the time of the load. */
const BY_KEEPER = 0;

/** On which terms entries live: what is said with a value, else what the cache says. */
export class Terms<V> {
  constructor(
    readonly config: CacheConfig,
    readonly cost: ((value: V, key: string) => number) | undefined,
    readonly ttl: TtlFunction<V, string> | undefined,
  ) {}

  /** @throws CacheConfigError for options out of range. */
  of(given: EntryOptions, value?: V, key?: string): EntryTerms {
    const { ttl, ttlJitter, idleTtl, grace, cost, tags } = resolveEntryOptions(given, value, key);
    const byFunction = this.ttl && value !== undefined ? parseTtl(this.ttl, { value, key }) : undefined;
    return {
      ttlMs: ttl ?? byFunction ?? this.config.ttlMs,
      idleMs: idleTtl ?? this.config.idleMs,
      graceMs: grace ?? this.config.graceMs,
      jitter: ttlJitter ?? this.config.ttlJitter ?? 0,
      cost: cost ?? (this.cost && value !== undefined && key !== undefined ? this.#weigh(value, key) : BY_KEEPER),
      ...(tags && tags.length > 0 && { tags }),
    };
  }

  #weigh(value: V, key: string): number {
    const cost = this.cost?.(value, key);
    if (typeof cost === 'number' && cost > 0 && Number.isFinite(cost)) return cost;
    throw new CacheConfigError(`cost: expected a function that yields a number above 0; got ${describe(cost)}`);
  }
}
