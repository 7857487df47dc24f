/**
 * The error family. Every message gives the name of the thing, what was expected, and what came, with its type.
 */

interface CacheErrorOptions {
  /** The key that the operation was about, where there is one. */
  key?: unknown;
  cause?: unknown;
}

/** The root of all errors that this library creates. `code` is stable, for programs; `message` is for people. */
export class CacheError extends Error {
  readonly code: string = 'ERR_CACHE';
  readonly key?: unknown;

  constructor(message: string, options: CacheErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    if ('key' in options) this.key = options.key;
  }
}

/** One mistake in a configuration. */
export interface ConfigIssue {
  /** Where it is: `caches.thumbnails.share`; empty for the configuration as a whole. */
  readonly path: string;
  /** What was expected, and what came, with its type. */
  readonly message: string;
}

interface ConfigErrorOptions extends CacheErrorOptions {
  issues?: readonly ConfigIssue[];
}

/** An option, a budget, a name or a registration that cannot be used. */
export class CacheConfigError extends CacheError {
  override readonly code = 'ERR_CACHE_CONFIG';
  /** All mistakes of a configuration (`loadConfig`, `createCaches`), which the message lists too. */
  declare readonly issues?: readonly ConfigIssue[];

  constructor(message: string, options: ConfigErrorOptions = {}) {
    super(message, options);
    if (options.issues !== undefined) this.issues = Object.freeze([...options.issues]);
  }
}

/** A key that cannot be used, or arguments from which no stable key can be made. */
export class CacheKeyError extends CacheError {
  override readonly code = 'ERR_CACHE_KEY';
}

/** A value that cannot be turned into bytes, or bytes that cannot be turned back. */
export class CacheSerializationError extends CacheError {
  override readonly code = 'ERR_CACHE_SERIALIZATION';
}

/** A loader could not produce the value. `cause` is what it failed with. */
export class CacheLoadError extends CacheError {
  override readonly code = 'ERR_CACHE_LOAD';
}

/** A wait passed its deadline. */
export class CacheTimeoutError extends CacheError {
  override readonly code = 'ERR_CACHE_TIMEOUT';
}

/** A backend cannot be reached. */
export class CacheConnectionError extends CacheError {
  override readonly code = 'ERR_CACHE_CONNECTION';
}

/** Stored bytes are damaged. */
export class CacheCorruptionError extends CacheError {
  override readonly code = 'ERR_CACHE_CORRUPTION';
}

/** The cache has been closed. */
export class CacheClosedError extends CacheError {
  override readonly code = 'ERR_CACHE_CLOSED';
}

// The step that makes CommonJS of the build gives classes with fields other names, and `name` is read by people.
const family = {
  CacheError,
  CacheConfigError,
  CacheKeyError,
  CacheSerializationError,
  CacheLoadError,
  CacheTimeoutError,
  CacheConnectionError,
  CacheCorruptionError,
  CacheClosedError,
};
for (const [name, type] of Object.entries(family)) Object.defineProperty(type, 'name', { value: name });

/** What came, for a message: its value, shortened, and its type. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'string':
      return `${JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)} (string)`;
    case 'bigint':
      return `${value}n (bigint)`;
    case 'number':
    case 'boolean':
    case 'symbol':
      return `${String(value)} (${typeof value})`;
    case 'function':
      return `${value.name || 'anonymous'} (function)`;
    default: {
      const name = Object.getPrototypeOf(value)?.constructor?.name;
      return name && name !== 'Object' ? `an instance of ${name}` : 'an object';
    }
  }
}
