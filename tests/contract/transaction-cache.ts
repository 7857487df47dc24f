import type { Transaction, TurnOptions } from 'cachalot';

type Awaitable<T> = T | Promise<T>;

/** A cache of either kind, as far as transactions go. */
export interface TransactionCache {
  readonly bytes: number;
  readonly size: number;
  readonly maxBytes: number;
  get(key: string): number | string | undefined;
  peek(key: string): number | string | undefined;
  getMany(keys: Iterable<string>): Map<string, number | string>;
  set(key: string, value: number | string, options?: object): Awaitable<boolean>;
  delete(key: string): Awaitable<boolean>;
  clear(): Awaitable<void>;
  take(key: string): Awaitable<number | string | undefined>;
  info(key: string): { tags: readonly string[]; ttl: number } | undefined;
  getOrSet(key: string, factory: () => Awaitable<number | string>): Promise<number | string | undefined>;
  namespace(name: string): TransactionCache;
  transaction<T>(
    fn: (txn: Transaction<string, number | string>) => T | PromiseLike<T>,
    options?: TurnOptions,
  ): Promise<T>;
  on(event: 'set' | 'delete' | 'evict' | 'clear', listener: (event: { key?: string | undefined }) => void): unknown;
  close(): Promise<void>;
}

export interface TransactionHarness {
  create(options?: {
    maxBytes?: string;
    maxEntries?: number;
    maxEntryBytes?: string;
    policy?: 'lru' | 'lfu' | 'fifo' | 'gdsf';
    hooks?: {
      preSet?: (key: string, value: number | string) => number | string;
      postGet?: (value: number | string) => number | string;
    };
  }): Promise<TransactionCache>;
}
