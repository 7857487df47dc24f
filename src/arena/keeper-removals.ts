/**
 * # Removing by what entries have in common
 *
 * A removal first supersedes what is being written or loaded and would belong to what goes, then takes out what is there:
 * in one turn of the keeper if that is not much, else in several (see slot-walk.ts).
 */
import { hashString } from '../common/hash.js';
import { type KeyPattern, keyMatcher } from '../common/pattern.js';
import { bearsAny } from '../common/tags.js';
import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import { SLOT, SLOT_F64 } from './layout.js';
import { innerKey, namespaceMark, ownKeys, withinPrefix } from './namespace-key.js';
import type { Request } from './protocol.js';
import { SlotWalk } from './slot-walk.js';

/** The removal that is asked for. What is being written or loaded has been superseded when it is returned. */
export function removalOf(
  house: Household,
  cache: KeeperCache,
  request: Request & { op: 'removeTagged' | 'removeMatching' },
): SlotWalk {
  return request.op === 'removeTagged'
    ? tagged(house, cache, request.path, request.tags)
    : matching(house, cache, request.path, request.by);
}

/** What bears one of the tags, there and in all namespaces within. */
function tagged(house: Household, cache: KeeperCache, path: readonly string[], tags: readonly string[]): SlotWalk {
  const within = withinPrefix(path);
  house.flights.supersedeTagged(cache, tags, within);
  house.reservations.supersedeTagged(cache, tags, within);
  // A stale one may be being loaded anew, under tags that nobody has named yet.
  const { store, table } = cache;
  const those = new Set(tags);
  const bears = (key: string): boolean => {
    const slot = key.startsWith(within) ? store.find(key, hashString(key, table.seed) | 0) : -1;
    return slot >= 0 && bearsAny(store.spaces.tags(store.handleOf(slot)), those);
  };
  house.flights.supersedeWhere(cache, bears);
  house.reservations.supersedeWhere(cache, bears);
  const handles = [...store.spaces.within(path)].flatMap((space) => space.tagged.handlesOfAny(tags));
  return new SlotWalk(house, cache, handles.values(), (slot) => removeSlot(house, cache, slot));
}

/** What has a key that matches, there only. */
function matching(house: Household, cache: KeeperCache, path: readonly string[], by: KeyPattern): SlotWalk {
  const matches = keyMatcher(by);
  const own = ownKeys(path);
  const isMeant = (inner: string) => matches(own(inner));
  house.flights.supersedeWhere(cache, isMeant);
  house.reservations.supersedeWhere(cache, isMeant);
  const { store, table } = cache;
  const mark = namespaceMark(path);
  return new SlotWalk(house, cache, store.handlesIn(path), (slot) => {
    // Most keys of other namespaces need not even be read.
    if (table.int(slot, SLOT.namespace) !== mark || !isMeant(store.key(slot))) return false;
    return removeSlot(house, cache, slot);
  });
}

/** Removes all of a namespace and what lies within it; of a cache, when the path is empty. How many entries went. */
export function clear(house: Household, cache: KeeperCache, path: readonly string[]): number {
  const within = withinPrefix(path);
  house.flights.supersedeWhere(cache, (key) => key.startsWith(within));
  house.reservations.supersedeWhere(cache, (key) => key.startsWith(within));
  const count = path.length === 0 ? cache.clear() : clearWithin(cache, path);
  if (count === 0) cache.tell({ type: 'clear', key: innerKey(path, '') });
  return count;
}

function clearWithin(cache: KeeperCache, path: readonly string[]): number {
  const { store } = cache;
  const spaces = [...store.spaces.within(path)];
  const slots = spaces.flatMap(({ handles }) => Array.from(handles, (handle) => store.slotOf(handle)));
  for (const slot of slots) cache.remove(slot, 'clear');
  return slots.length;
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

/** Takes an entry out; whether it was fresh. */
function removeSlot({ now }: Household, cache: KeeperCache, slot: number): boolean {
  const time = now();
  const isFresh = time < cache.store.life.freshUntil(slot);
  cache.remove(slot, time >= cache.table.double(slot, SLOT_F64.deadAt) ? 'expire' : 'delete');
  return isFresh;
}
