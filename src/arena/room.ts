/**
 * # Making room
 *
 * First the budget, then the place. The budget is kept by evicting what the policy names, the dead before the stale,
 * the stale before the fresh; what somebody has pinned is deferred. Then a hole is needed that is large enough, and
 * value-ordered eviction leaves none, since small valuable survivors pin the holes open. So a window is emptied: of all
 * runs of neighbours that are long enough, the one with the fewest live bytes is chosen, and its blocks are copied into
 * holes elsewhere. With a few percent of slack that costs 0.05 to 0.2 bytes moved per byte inserted, and comes within
 * a point of the hit rate of a cache that knows no fragmentation.
 *
 * A block that is pinned, being written, or spread over several places is never moved: it ends a window.
 */

import type { BlockNode } from './allocator.js';
import type { Arena } from './arena.js';
import { OWNER } from './arena.js';
import { chargeOf } from './entry-store.js';
import type { KeeperCache } from './keeper-cache.js';
import { refCache, refSlot, toRef } from './layout.js';

/** Windows tried for one block before the next victim is evicted instead. */
const MAX_WINDOWS = 4;
/** Where the cheapest window holds more than this share of what is wanted, the next victim is evicted, too. */
const MOST_MOVED = 3 / 4;

interface Window {
  first: BlockNode;
  last: BlockNode;
  live: number;
  /** Units of it that are not needed. */
  excess: number;
}

interface Wanted {
  slot: boolean;
  adds: boolean;
  spares?: boolean | undefined;
}

export class Room {
  constructor(
    readonly arena: Arena,
    readonly caches: ReadonlyMap<number, KeeperCache>,
  ) {}

  /**
   * A block of so many units for a cache, reserved and charged to it, or -1 when what could go is not enough. With
   * `slot`, room for an entry too, and with `adds` for one more than there are. With `spares` only the dead go for it.
   */
  take(cache: KeeperCache, units: number, now: number, { slot, adds, spares = false }: Wanted): BlockNode {
    const charge = chargeOf(units);
    this.arena.sweepLimbo();
    if (!this.#canFit(cache, charge) || !this.arena.ensureSegment(units, cache.config.maxBytes)) return -1;
    if (cache.committedBytes + charge > cache.config.maxBytes || isCrowded(cache, slot, adds)) cache.expire(now);
    let eviction: Eviction | undefined;
    const evictOne = () => {
      if (spares) return false;
      if (eviction === undefined) {
        this.noteUses();
        eviction = new Eviction(cache, this.arena);
      }
      return eviction.evictOne();
    };
    while (cache.committedBytes + charge > cache.config.maxBytes || isCrowded(cache, slot, adds)) {
      if (!evictOne()) return -1;
    }
    for (;;) {
      const node = this.#place(units);
      if (node >= 0) {
        this.arena.allocator.setOwner(node, OWNER.reserved);
        cache.reservedBytes += charge;
        return node;
      }
      if (!evictOne()) return -1;
    }
  }

  /** Whether evicting all that can go would be enough: if not, nothing is to go for it. */
  #canFit(cache: KeeperCache, charge: number): boolean {
    if (cache.committedBytes + charge <= cache.config.maxBytes) return true;
    let stays = cache.reservedBytes + cache.limboBytes;
    for (const ref of this.arena.held()) {
      if (refCache(ref) === cache.id) stays += cache.store.chargeIfReady(refSlot(ref));
    }
    return stays + charge <= cache.config.maxBytes;
  }

  /** Evicts until the cache is within its budget, as far as what is pinned allows. */
  shrink(cache: KeeperCache, now: number): void {
    if (!cache.isOverBudget) return;
    cache.expire(now);
    this.noteUses();
    const eviction = new Eviction(cache, this.arena);
    while (cache.store.bytes + cache.reservedBytes > cache.config.maxBytes && eviction.evictOne()) {
      // What remains to be freed is pinned, and will be when it is released.
    }
  }

  /** Tells the policies of the uses that threads have noted since the last time. */
  noteUses(): void {
    this.arena.rows.drainUses((ref) => this.caches.get(refCache(ref))?.store.noteUse(refSlot(ref)));
  }

  #place(units: number): BlockNode {
    const { allocator } = this.arena;
    const node = allocator.alloc(units);
    if (node >= 0 || allocator.freeUnits < units) return node;
    const held = this.arena.held();
    for (let attempt = 0; attempt < MAX_WINDOWS; attempt++) {
      const window = this.#cheapestWindow(units, held);
      if (window === undefined || window.live > units * MOST_MOVED) return -1;
      if (this.#empty(window, held)) {
        const place = allocator.alloc(units);
        if (place >= 0) return place;
      }
    }
    return -1;
  }

  /** The run of movable neighbours of at least so many units with the fewest live ones. O(blocks). */
  #cheapestWindow(units: number, held: ReadonlySet<number>): Window | undefined {
    const { allocator } = this.arena;
    let best: Window | undefined;
    for (const start of allocator.firsts()) {
      let first = start;
      let total = 0;
      let live = 0;
      for (let node = start; node >= 0; node = allocator.next(node)) {
        const owner = allocator.owner(node);
        if (owner < 0 || held.has(owner)) {
          first = allocator.next(node);
          total = 0;
          live = 0;
          continue;
        }
        total += allocator.units(node);
        if (owner !== 0) live += allocator.units(node);
        while (first !== node && total - allocator.units(first) >= units) {
          total -= allocator.units(first);
          if (allocator.owner(first) !== 0) live -= allocator.units(first);
          first = allocator.next(first);
        }
        if (total >= units && (best === undefined || live < best.live)) {
          best = { first, last: node, live, excess: total - units };
        }
      }
    }
    return best;
  }

  /** Moves what lives in a window elsewhere. Returns whether the window is one hole now. */
  #empty(window: Window, held: Set<number>): boolean {
    const { allocator } = this.arena;
    // The holes of the window are taken first, so that nothing is moved into it.
    const taken: BlockNode[] = [];
    const nodes: BlockNode[] = [];
    for (let node = window.first; node !== window.last; node = allocator.next(node)) nodes.push(node);
    nodes.push(window.last);
    let emptied = true;
    for (const node of nodes) {
      if (allocator.owner(node) === 0) {
        allocator.claim(node, OWNER.window);
        taken.push(node);
        // What is not needed of the last is a place like any other: it may be all the room there is.
        const units = allocator.units(node) - window.excess;
        if (node === window.last && units > 0) allocator.trim(node, units);
      }
    }
    // The largest first: small ones fit into what those leave, and what does not fit is found out before much is moved.
    const blocks = nodes.filter((node) => allocator.owner(node) > 0);
    blocks.sort((a, b) => allocator.units(b) - allocator.units(a));
    for (const node of blocks) {
      const owner = allocator.owner(node);
      const cache = this.caches.get(refCache(owner))!;
      const target = cache.hasFreeSlot ? allocator.alloc(allocator.units(node)) : -1;
      if (target < 0) {
        // Nothing is as large: the next window is one without it.
        held.add(owner);
        emptied = false;
        break;
      }
      const { slot, vacated } = cache.move(refSlot(owner), target);
      if (vacated) {
        allocator.setOwner(node, OWNER.window);
        taken.push(node);
      } else {
        held.add(toRef(cache.id, slot)).add(owner);
        emptied = false;
        break;
      }
    }
    for (const node of taken) allocator.free(node);
    return emptied;
  }
}

/** Whether there are too many entries, with those that are being written, for one more. */
function isCrowded(cache: KeeperCache, slot: boolean, adds: boolean): boolean {
  if (slot && !cache.hasFreeSlot) return true;
  return adds && cache.store.held + cache.reservedEntries >= cache.config.maxEntries;
}

/** The eviction of as many entries of one cache as one insertion needs. */
class Eviction {
  readonly #held: ReadonlySet<number>;
  /** So many may be deferred, for being pinned, before all that remains must be pinned. */
  #patience: number;

  constructor(
    readonly cache: KeeperCache,
    readonly arena: Arena,
  ) {
    this.#held = arena.held();
    this.#patience = Math.min(cache.store.held, this.#held.size) + 1;
  }

  /** Evicts the next victim. `false` when nothing is left that could go. */
  evictOne(): boolean {
    const { store } = this.cache;
    for (const handle of store.life.stale) {
      const slot = store.slotOf(handle);
      if (this.#held.has(toRef(this.cache.id, slot))) continue;
      this.cache.remove(slot, 'evict');
      return true;
    }
    while (this.#patience > 0) {
      const handle = store.policy.victim();
      if (handle < 0) return false;
      const slot = store.slotOf(handle);
      if (!this.#held.has(toRef(this.cache.id, slot))) {
        this.cache.remove(slot, 'evict');
        return true;
      }
      store.policy.defer(handle);
      this.#patience--;
    }
    return false;
  }
}
