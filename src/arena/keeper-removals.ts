/**
 * # Removing by what entries have in common
 *
 * A removal finds its entries, supersedes what is being written or loaded and would belong to them, and takes them out,
 * in one turn of the keeper: nobody is answered and no other message is handled in between.
 */

import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
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

/** Takes entries out; how many were fresh. */
function removeSlots(house: Household, cache: KeeperCache, slots: readonly number[]): number {
  const now = house.now();
  const { store } = cache;
  let fresh = 0;
  for (const slot of slots) {
    if (now < store.life.freshUntil(slot)) fresh++;
    cache.remove(slot, now >= cache.table.double(slot, SLOT_F64.deadAt) ? 'expire' : 'delete');
  }
  return fresh;
}
