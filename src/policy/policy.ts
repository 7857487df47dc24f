/**
 * Who goes next. A policy sees handles, sizes and costs, never keys or values, so the same code orders the entries of a
 * heap cache and of shared memory.
 *
 * The caller promises: handles are small dense integers, reused only after `remove`; `insert` is called once per stay,
 * and `touch`, `update`, `remove` and `defer` only for handles that are in. The policy promises: no operation allocates,
 * but for `order` and for the growth of its arrays; a hit is O(1).
 */
export interface Policy {
  /** Handles will be below `capacity`, for the time being: for policies that would else make room in steps of their own. */
  reserve?(capacity: number): void;
  /**
   * A new entry. `size` is in bytes, `cost` is what a miss costs in any unit; both above 0. `hash` is 32 bits that are the
   * same whenever the same key comes.
   */
  insert(handle: number, size: number, cost: number, hash?: number): void;
  /** A hit. O(1): it notes the use and reorders nothing that is ordered by priority. */
  touch(handle: number): void;
  /** The entry was overwritten. What it means for the order is up to the policy; a lower priority counts at once. */
  update(handle: number, size: number, cost: number): void;
  /** The entry left, for whatever reason, eviction included. */
  remove(handle: number): void;
  /**
   * The entry that `victim()` has just named leaves, and a new one takes its handle: `remove` and `insert` in one, for
   * policies that can do it for less. Others leave it out, and are called twice.
   */
  replace?(handle: number, size: number, cost: number, hash?: number): void;
  /** The next to go, or -1 when there is none. It stays until `remove`; asking again gives the same handle. */
  victim(): number;
  /**
   * The entry cannot go now, since somebody holds it: as if it were used this instant, under every policy. The next
   * `victim()` is another one, if there is one; deferring all n entries one after the other visits each of them.
   */
  defer(handle: number): void;
  /** All handles, the first victim first. For dumps and tests: O(n log n). */
  order(): number[];
  /** Throws when an invariant of its own is broken. O(n). */
  validate(): void;
}

/** The policies that come with the library; `'auto'` is the best of them by measurement. */
export type PolicyName = 'auto' | 'lru' | 'lfu' | 'fifo' | 'gdsf';

/** The entry that the policy has just named leaves, and a new one takes its handle. */
export function replaceVictim(policy: Policy, handle: number, size: number, cost: number, hash: number): void {
  if (policy.replace !== undefined) {
    policy.replace(handle, size, cost, hash);
  } else {
    policy.remove(handle);
    policy.insert(handle, size, cost, hash);
  }
}
