import { CacheLoadError, describe } from '../common/error.js';
import { parseTags } from '../common/tags.js';
import type { EntryOptions, LoadContext } from './context.js';

/** One load as its factory sees it, and what the factory has decided meanwhile. */
export class LoadSession<V, K> implements LoadContext<V, K> {
  readonly key: K;
  readonly staleValue: V | undefined;
  /** What `setOptions` has said. */
  options: EntryOptions<V, K> = {};
  /** What `skip` has said. */
  skipped: { value: V | undefined } | undefined;
  readonly #flight: { readonly signal: AbortSignal };
  readonly #onTags: (tags: readonly string[]) => void;

  constructor(
    flight: { readonly signal: AbortSignal },
    key: K,
    staleValue: V | undefined,
    /** Told of tags as soon as the factory names them. */
    onTags: (tags: readonly string[]) => void = () => {},
  ) {
    this.#onTags = onTags;
    this.#flight = flight;
    this.key = key;
    this.staleValue = staleValue;
    // A factory may take its context apart.
    this.setOptions = this.setOptions.bind(this);
    this.skip = this.skip.bind(this);
    this.fail = this.fail.bind(this);
  }

  get signal(): AbortSignal {
    return this.#flight.signal;
  }

  setOptions(options: EntryOptions<V, K>): void {
    if (options.tags !== undefined) this.#onTags(parseTags(options.tags));
    this.options = { ...this.options, ...options };
  }

  skip(value?: V): V {
    this.skipped = { value };
    return value as V;
  }

  /** Forgets what a failed attempt has decided. */
  begin(): void {
    this.options = {};
    this.skipped = undefined;
  }

  fail(reason: unknown): never {
    return failLoad(this.key, reason);
  }
}

/** What `fail` does. */
export function failLoad(key: unknown, reason: unknown): never {
  if (reason instanceof Error) throw reason;
  const text = typeof reason === 'string' ? reason : describe(reason);
  throw new CacheLoadError(`load: failed: ${text}`, { key, cause: reason });
}
