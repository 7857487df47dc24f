/**
 * # Removing by what entries have in common
 *
 * A removal finds its entries, supersedes what is being written or loaded and would belong to them, and takes them out,
 * in one turn of the keeper: nobody is answered and no other message is handled in between. Only what has to look at
 * all keys takes turns: see key-scan.ts.
 */

import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import { KeyScan, type Matching } from './key-scan.js';
import { SLOT_F64 } from './layout.js';
import { withinPrefix } from './namespace-key.js';

/** Where, and under which tags. */
interface Tagged {
  path: readonly string[];
  tags: readonly string[];
}

/** Removes what bears one of the tags in a namespace and all within it; how many fresh entries went. */
export function removeTagged(house: Household, cache: KeeperCache, { path, tags }: Tagged): number {
  const within = withinPrefix(path);
  house.flights.supersedeTagged(cache, tags, within);
  house.reservations.supersedeTagged(cache, tags, within);
  const { store } = cache;
  const slots: number[] = [];
  for (const { tagged } of store.spaces.within(path)) {
    if (!tagged.isEmpty) for (const handle of tagged.handlesOfAny(tags)) slots.push(store.slotOf(handle));
  }
  // A stale one may be being loaded anew, under tags that nobody has named yet.
  for (const slot of slots) {
    house.flights.supersede(cache, store.key(slot));
    house.reservations.supersede(cache, store.key(slot));
  }
  return removeSlots(house, cache, slots);
}

/** Removes all of a namespace and what lies within it; of a cache, when the path is empty. How many entries went. */
export function clear(house: Household, cache: KeeperCache, path: readonly string[]): number {
  const within = withinPrefix(path);
  house.flights.supersedeWhere(cache, (key) => key.startsWith(within));
  house.reservations.supersedeWhere(cache, (key) => key.startsWith(within));
  if (path.length === 0) return cache.clear();
  const { store } = cache;
  const spaces = [...store.spaces.within(path)];
  const slots = spaces.flatMap(({ handles }) => Array.from(handles, (handle) => store.slotOf(handle)));
  for (const slot of slots) cache.remove(slot, 'clear');
  return slots.length;
}

/** Removes what has a key that matches, in as many turns as it takes; told is how many fresh entries went. */
export function removeMatching(
  house: Household,
  cache: KeeperCache,
  matching: Matching,
  done: (count: number) => void,
  fail: (error: Error) => void,
): void {
  new KeyScan(house, cache, matching, (slot) => removeSlot(house, cache, slot)).run(done, fail);
}

/** Entries as a thread has seen them. */
interface Seen {
  keys: readonly string[];
  hashes: readonly number[];
  numbers: readonly number[];
}

/** Removes entries, if they still are as they were seen. Of each: whether it was fresh and went, or `'other'`. */
export function removeSeen(house: Household, cache: KeeperCache, seen: Seen): (boolean | 'other')[] {
  return seen.keys.map((key, i) => {
    const slot = cache.store.find(key, seen.hashes[i]!);
    if (slot < 0) return false;
    if (cache.table.number(slot) !== seen.numbers[i]) return 'other';
    house.flights.supersede(cache, key);
    house.reservations.supersede(cache, key);
    return removeSlot(house, cache, slot);
  });
}

/** Takes entries out; how many were fresh. */
function removeSlots(house: Household, cache: KeeperCache, slots: readonly number[]): number {
  return slots.filter((slot) => removeSlot(house, cache, slot)).length;
}

/** Takes an entry out; whether it was fresh. */
function removeSlot({ now }: Household, cache: KeeperCache, slot: number): boolean {
  const time = now();
  const isFresh = time < cache.store.life.freshUntil(slot);
  cache.remove(slot, time >= cache.table.double(slot, SLOT_F64.deadAt) ? 'expire' : 'delete');
  return isFresh;
}
