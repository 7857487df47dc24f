/** What either kind of cache can be told to do to its entries. */
interface Changed {
  set(key: string, value: number): unknown;
  setMany(entries: [string, number][]): unknown;
  update(key: string, fn: () => number): unknown;
  delete(key: string): unknown;
  take(key: string): unknown;
  deleteMany(keys: string[]): unknown;
  expire(key: string): unknown;
  clear(): unknown;
  deleteByTag(tag: string): unknown;
  deleteByPrefix(prefix: string): unknown;
  deleteByPattern(pattern: string | RegExp): unknown;
  deleteWhere(isWanted: (key: string) => boolean): unknown;
}

/** A change of the key 'a', and what it leaves of it. */
export interface Change<C = Changed> {
  /** Runs in any thread, by its text: it may use nothing but its argument. On a `Cache` it is over when it returns. */
  make: (cache: C) => unknown;
  /** The value afterwards; absent: none. */
  leaves?: number;
  /** It looks at what is held: a load that has stored nothing yet, over nothing that is stale, is none of its business. */
  seesOnlyHeld?: boolean;
}

/** Every way to change the key 'a', whose loads bear the tag 't'. */
export const changes: Record<string, Change> = {
  set: { make: (cache) => cache.set('a', 2), leaves: 2 },
  setMany: { make: (cache) => cache.setMany([['a', 2]]), leaves: 2 },
  'set and delete': { make: (cache) => Promise.all([cache.set('a', 2), cache.delete('a')]) },
  update: { make: (cache) => cache.update('a', () => 2), leaves: 2 },
  delete: { make: (cache) => cache.delete('a') },
  take: { make: (cache) => cache.take('a') },
  deleteMany: { make: (cache) => cache.deleteMany(['b', 'a']) },
  expire: { make: (cache) => cache.expire('a') },
  clear: { make: (cache) => cache.clear() },
  deleteByTag: { make: (cache) => cache.deleteByTag('t') },
  deleteByPrefix: { make: (cache) => cache.deleteByPrefix('a') },
  'deleteByPattern, a glob': { make: (cache) => cache.deleteByPattern('?') },
  'deleteByPattern, a RegExp': { make: (cache) => cache.deleteByPattern(/^a$/) },
  deleteWhere: { make: (cache) => cache.deleteWhere((key) => key === 'a'), seesOnlyHeld: true },
};
