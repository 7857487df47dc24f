import type { Cache, CacheOptions } from 'cachalot';

/** An answer that may have to be waited for. */
type Awaited<F> = F extends (...args: infer A) => infer R ? (...args: A) => R | Promise<R> : F;

type Written =
  | 'set'
  | 'setMany'
  | 'delete'
  | 'touch'
  | 'clear'
  | 'expire'
  | 'deleteByTag'
  | 'deleteByPrefix'
  | 'deleteByPattern'
  | 'deleteWhere'
  | 'close';

type Read =
  | 'get'
  | 'has'
  | 'peek'
  | 'info'
  | 'keys'
  | 'size'
  | 'bytes'
  | 'stats'
  | 'getOrSet'
  | 'name'
  | 'maxBytes'
  | typeof Symbol.iterator;

type Tested = Cache<string, number>;

/** A cache of either kind, as far as removals go: what changes something may answer later. */
export type RemovalCache = { [M in Written]: Awaited<Tested[M]> } & Pick<Tested, Read> & {
    namespace(name: string): RemovalCache;
    on(
      event: 'delete' | 'expire' | 'clear' | 'evict' | 'set',
      listener: (event: {
        key?: string | undefined;
        reason?: string | undefined;
        namespace?: string | undefined;
      }) => void,
    ): unknown;
  };

export interface RemovalHarness {
  create(
    options?: Partial<Pick<CacheOptions<string, number>, 'ttl' | 'grace' | 'maxBytes'> & { policy: 'lru' }>,
  ): Promise<RemovalCache>;
  sleep(ms: number): Promise<void>;
}

/** What waits for it goes on when it is opened. */
export function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open: () => open() };
}
