import { invariant } from '../common/invariant.js';
import type { Policy } from '../policy/policy.js';
import type { Table } from './table.js';

/** Whom the policy names, but for those that are to be kept: they count as used this instant. O(kept). */
export function victimBut<K, V>(policy: Policy, table: Table<K, V>, kept: ReadonlySet<number>): number {
  for (let tries = kept.size; tries >= 0; tries--) {
    const handle = policy.victim();
    if (handle < 0 || table.value(handle) === undefined) break;
    if (!kept.has(handle)) return handle;
    policy.defer(handle);
  }
  // A policy that names nobody, or always the same, must not hang the cache: the oldest goes.
  for (const handle of table.handles()) if (!kept.has(handle)) return handle;
  invariant(false, 'there is something to evict');
}
