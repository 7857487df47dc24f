/**
 * # Removing by what entries have in common
 *
 * A removal finds its entries, supersedes what is being written or loaded and would belong to them, and takes them out,
 * in one turn of the keeper: nobody is answered and no other message is handled in between.
 */

import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import { SLOT_F64 } from './layout.js';

/** Removes what bears one of the tags; how many fresh entries went. */
export function removeTagged(house: Household, cache: KeeperCache, tags: readonly string[]): number {
  house.flights.supersedeTagged(cache, tags);
  house.reservations.supersedeTagged(cache, tags);
  const { store } = cache;
  return removeSlots(
    house,
    cache,
    store.tagged.handlesOfAny(tags).map((handle) => store.slotOf(handle)),
  );
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
