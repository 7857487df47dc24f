/**
 * The one shape in which every in-process cache is measured. Each contender has its process to itself, so that the
 * calls below stay monomorphic and are inlined: the adapter costs nothing.
 */

/** A small record, the same for everybody. Libraries that clone are told not to, where they can be. */
export interface Value {
  id: number;
  name: string;
}

export interface SyncCache {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
}

export interface AsyncCache {
  get(key: string): Promise<Value | undefined>;
  set(key: string, value: Value): Promise<unknown>;
}

export type Contender = { kind: 'sync'; open: OpenSync } | { kind: 'async'; open: OpenAsync };
/** Makes a cache for so many entries. `product` is where the package under test lies. */
export type OpenSync = (entries: number, product: string) => Promise<SyncCache>;
export type OpenAsync = (entries: number, product: string) => Promise<AsyncCache>;

/** What an entry is declared to weigh, by all caches that are told weights. */
export const WEIGHT = 100;
/** A lifetime that never ends during a run: the cost of having one is what is measured. */
export const TTL_MS = 3_600_000;
