import { eachToTheEnd } from '../common/each.js';
import type { Counters } from '../stats/counters.js';
import type { RemovalReason } from '../stats/event.js';
import type { Lifetime } from './lifetime.js';
import type { Removals } from './removals.js';
import type { Table } from './table.js';

/** The dead that one background sweep removes before it lets others run. */
const SWEEP_SLICE = 2_000;

/** What is asked of the store. */
interface Holder<K, V> {
  readonly table: Table<K, V>;
  readonly life: Lifetime;
  readonly removals: Removals<K, V>;
  readonly bytes: number;
  readonly maxBytes: number;
  drop(handle: number, reason: RemovalReason): void;
  reasonFor(handle: number, reason: RemovalReason): RemovalReason;
  sweep(limit: number): number;
}

/**
 * What takes out many entries at once is done wholly, though a user's policy may throw at each of them: an entry is gone
 * before the policy hears of it, and the first error leaves when all are gone.
 */
export function dropAll<K, V>(store: Holder<K, V>, handles: Iterable<number>, reason: RemovalReason): void {
  eachToTheEnd(handles, (handle) => store.drop(handle, store.reasonFor(handle, reason)));
}

/** Takes out the dead, at most `limit` of them; how many. After a look at the clock. */
export function dropDead<K, V>(store: Holder<K, V>, limit: number): number {
  let count = 0;
  function* dead(): Generator<number> {
    for (let handle = store.life.firstDead(); handle >= 0 && count < limit; handle = store.life.firstDead()) {
      count++;
      yield handle;
    }
  }
  eachToTheEnd(dead(), (handle) => store.drop(handle, 'expire'));
  return count;
}

/** A background sweep; gives the ms until there may be more: 0 when there are more already, else `Infinity`. */
export function sweepSome<K, V>(store: Holder<K, V>, now: () => number): number {
  let count = 0;
  store.removals.guard(() => {
    count = store.sweep(SWEEP_SLICE);
  });
  store.removals.flush();
  return count === SWEEP_SLICE ? 0 : Math.max(store.life.nextDeath() - now(), 0);
}

/**
 * A user's policy has thrown before there was room: the budget holds all the same. `first` goes, the entry that has grown, or
 * when there is none, whichever come first.
 */
export function shed<K, V>(store: Holder<K, V>, first: number): void {
  eachToTheEnd(first >= 0 ? [first] : store.table.handles(), (handle) => {
    if (store.bytes > store.maxBytes) store.drop(handle, store.reasonFor(handle, 'evict'));
  });
}

/** Counts and notes, as removed by `clear`, all that the store holds. After a look at the clock. */
export function noteAll<K, V>(store: Holder<K, V>, counters: Counters): void {
  const { table, removals } = store;
  for (const { index, owner } of table.root.within()) {
    for (const handle of removals.isHeard ? index.handles() : index.handlesUnordered()) {
      const reason = store.reasonFor(handle, 'clear');
      counters.countRemoval(reason);
      if (!removals.isHeard) continue;
      const key = table.key(handle);
      removals.note(owner.events, key, table.value(handle) as V, table.size(handle), reason);
    }
  }
}
