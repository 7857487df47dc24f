import type { EntryTerms } from '../arena/lifetime.js';
import type { CacheConfig } from '../arena/protocol.js';
import { CacheConfigError, describe } from '../common/error.js';
import { jittered, parseTtl, type TtlFunction } from '../common/ttl.js';
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
    readonly weigher: ((value: V, key: string) => number) | undefined,
  ) {}

  /** The cache's own. */
  get ttlJitter(): number {
    return this.config.ttlJitter ?? 0;
  }

  /**
   * Without a value, or for what a function of the creator says in another thread: the keeper has it appraised.
   *
   * @throws CacheConfigError for options out of range.
   */
  of(given: EntryOptions, value?: V, key?: string): EntryTerms {
    const { ttl, ttlJitter, idleTtl, grace, cost, size, tags } = resolveEntryOptions(given, value, key);
    const { config } = this;
    const isKnown = value !== undefined && key !== undefined;
    const byFunction = this.ttl && isKnown ? parseTtl(this.ttl, { value, key }) : undefined;
    const asks = {
      cost: cost === undefined && config.functions?.cost === true && !(this.cost && isKnown),
      ttl: this.#asksTtl(given, ttl ?? byFunction),
    };
    const terms: EntryTerms = {
      ttlMs: ttl ?? byFunction ?? config.ttlMs,
      idleMs: idleTtl ?? config.idleMs,
      graceMs: grace ?? config.graceMs,
      jitter: ttlJitter ?? this.ttlJitter,
      cost: cost ?? (this.cost && isKnown ? this.#weigh(value, key) : BY_KEEPER),
    };
    if (tags && tags.length > 0) terms.tags = tags;
    const charged = this.#size(size, value, key);
    if (charged !== undefined) terms.size = charged;
    if (asks.cost || asks.ttl) terms.appraise = asks;
    return terms;
  }

  /** What functions say of a value that was made elsewhere. */
  appraise(
    value: V,
    key: string,
    {
      cost,
      ttl,
      ttlJitter,
    }: { cost: boolean; ttl: TtlFunction<V, string> | undefined; ttlJitter?: number | undefined },
  ): { cost?: number; ttlMs?: number } {
    const said: { cost?: number; ttlMs?: number } = {};
    if (cost && this.cost) said.cost = this.#weigh(value, key);
    const ttlMs = ttl && parseTtl(ttl, { value, key });
    if (ttlMs !== undefined) said.ttlMs = jittered(ttlMs, ttlJitter ?? this.ttlJitter);
    return said;
  }

  #asksTtl(given: EntryOptions, known: number | undefined): 'creator' | 'asker' | undefined {
    if (known !== undefined) return undefined;
    if (typeof given.ttl === 'function') return 'asker';
    return this.config.functions?.ttl === true ? 'creator' : undefined;
  }

  /** What is said of the whole charge, by the options or by the weigher. */
  #size(given: number | undefined, value: V | undefined, key: string | undefined): number | undefined {
    if (given !== undefined || this.weigher === undefined || value === undefined || key === undefined) return given;
    const size = this.weigher(value, key);
    if (typeof size === 'number' && size > 0 && Number.isFinite(size)) return Math.ceil(size);
    throw new TypeError(`weigher: expected a positive number of bytes; got ${describe(size)}`);
  }

  #weigh(value: V, key: string): number {
    const cost = this.cost?.(value, key);
    if (typeof cost === 'number' && cost > 0 && Number.isFinite(cost)) return cost;
    throw new CacheConfigError(`cost: expected a function that yields a number above 0; got ${describe(cost)}`);
  }
}
