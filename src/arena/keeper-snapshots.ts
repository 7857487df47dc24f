/**
 * # Saving and restoring, the keeper's side
 *
 * Files are read and written by threads of their own. The keeper tells a thread that saves which entries there are, some
 * at a time, in the order of eviction, and holds these for it: what is held is neither freed nor moved, and does not hinder
 * anybody else. It gives a thread that restores its blocks, and enters them when they are written.
 */
import { CacheClosedError } from '../common/error.js';
import { bearsAny } from '../common/tags.js';
import { timeStamp } from '../snapshot/time.js';
import type { Household } from './household.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { withinPrefix } from './namespace-key.js';
import type { Reservation } from './reservation.js';
import {
  GRANT_NUMBERS,
  type Restored,
  type RoomForAll,
  type SaveBegun,
  type SnapshotRequest,
  type WantedBlocks,
  WRITTEN,
  WRITTEN_NUMBERS,
} from './snapshot-protocol.js';

/** Entries that are held at a time for a thread that saves: at most so many, and so much of the budget. */
const MAX_HELD = 256;
const HELD_SHARE = 1 / 16;
const NO_TAGS: readonly string[] = [];

/** A save under way. */
interface Save {
  readonly client: KeeperClient;
  readonly cache: KeeperCache;
  readonly handles: Int32Array;
  next: number;
  held: number[];
  /** Handles that have got free since, and may be another entry's now. */
  readonly gone: Set<number>;
  readonly onDeparture: (handle: number) => void;
}

/** A restoration that waits or is under way. */
interface Restoration {
  readonly client: KeeperClient;
  readonly cache: KeeperCache;
  /** Keys that were written or removed since it was asked for: the file is older. */
  readonly changed: Set<string>;
  /** Whole namespaces that were removed since, and tags within them. */
  readonly lost: ((key: string, tags: readonly string[] | undefined) => boolean)[];
  /** The namespace that is restored; none for the cache itself. */
  readonly within: readonly string[];
  hasCleared: boolean;
  /** Answers who has asked for it. */
  readonly start: () => void;
}

export class KeeperSnapshots {
  readonly #saves = new Map<number, Save>();
  readonly #restorations = new Map<number, Restoration>();
  #next = 1;

  constructor(readonly house: Household) {
    house.reservations.watchers.push(this);
  }

  /** Answers by `reply`, at once or later. */
  handle(client: KeeperClient, request: SnapshotRequest, reply: (result: unknown) => void): void {
    switch (request.step) {
      case 'beginSave':
        reply(this.#beginSave(client, this.#open(this.house.caches.get(request.cache)), request.within));
        break;
      case 'nextSlots':
        reply(this.#nextSlots(this.#open(this.#saves.get(request.save))));
        break;
      case 'beginRestore':
        this.#beginRestore(client, this.#open(this.house.caches.get(request.cache)), request.within, reply);
        break;
      case 'clear':
        reply(this.#clear(this.#open(this.#restorations.get(request.restoration))));
        break;
      case 'reserve':
        this.#reserve(client, this.#open(this.#restorations.get(request.restoration)).cache, request.blocks, reply);
        break;
      case 'enter':
        reply(this.#enter(this.#open(this.#restorations.get(request.restoration)), request.written, request.tags));
        break;
      case 'endRestore':
        this.#endRestore(request.restoration, request.failed);
        reply(true);
        break;
    }
  }

  superseded(cache: KeeperCache, key: string): void {
    if (this.#restorations.size === 0) return;
    for (const restoration of this.#of(cache)) restoration.changed.add(key);
  }

  supersededWhere(cache: KeeperCache, matches: (key: string) => boolean): void {
    for (const { lost } of this.#of(cache)) lost.push(matches);
  }

  supersededTags(cache: KeeperCache, tags: readonly string[], within: string): void {
    const removed = new Set(tags);
    for (const { lost } of this.#of(cache)) {
      lost.push((key, its) => bearsAny(its, removed) && key.startsWith(within));
    }
  }

  /** A cache has been closed, or a thread is gone. */
  forget(whose: KeeperCache | KeeperClient): void {
    for (const [id, { client, cache }] of this.#saves) if (client === whose || cache === whose) this.#endSave(id);
    for (const [id, { client, cache }] of this.#restorations) {
      if (client === whose || cache === whose) this.#endRestore(id, !cache.closed);
    }
  }

  *#of(cache: KeeperCache): Generator<Restoration> {
    for (const restoration of this.#restorations.values()) if (restoration.cache === cache) yield restoration;
  }

  #open<T>(of: T | undefined): T {
    if (of !== undefined) return of;
    throw new CacheClosedError('SharedCache: expected an open cache; got one that has been closed');
  }

  #beginSave(client: KeeperClient, cache: KeeperCache, within: readonly string[]): SaveBegun {
    const { house } = this;
    house.room.noteUses();
    cache.expire(house.now());
    const { store } = cache;
    const { stale } = store.life;
    const fresh = store.policy.order().filter((handle) => !stale.has(handle));
    const gone = new Set<number>();
    const onDeparture = (handle: number): void => void gone.add(handle);
    store.departures.add(onDeparture);
    const handles = Int32Array.from([...stale, ...fresh].filter(belongsTo(cache, within)));
    const id = this.#next++;
    this.#saves.set(id, { client, cache, handles, next: 0, held: [], gone, onDeparture });
    return { save: id, savedAt: { ...timeStamp(), now: house.now() } };
  }

  #nextSlots(save: Save): Int32Array {
    const { client, cache, handles, gone } = save;
    const { store } = cache;
    this.#release(save);
    let bytes = cache.config.maxBytes * HELD_SHARE;
    while (save.next < handles.length && bytes > 0 && save.held.length < MAX_HELD) {
      const handle = handles[save.next++]!;
      if (gone.has(handle)) continue;
      const slot = store.slotOf(handle);
      client.hold(cache.id, slot);
      save.held.push(slot);
      bytes -= store.charge(slot);
    }
    return Int32Array.from(save.held);
  }

  #release(save: Save): void {
    for (const slot of save.held) save.client.unhold(save.cache.id, slot);
    save.held = [];
  }

  #endSave(id: number): void {
    const save = this.#saves.get(id);
    if (save === undefined) return;
    this.#saves.delete(id);
    this.#release(save);
    save.cache.store.departures.delete(save.onDeparture);
  }

  #beginRestore(
    client: KeeperClient,
    cache: KeeperCache,
    within: readonly string[],
    reply: (result: unknown) => void,
  ): void {
    const id = this.#next++;
    const isFirst = this.#of(cache).next().done === true;
    const start = (): void => reply({ id, now: { ...timeStamp(), now: this.house.now() } } satisfies Restored);
    this.#restorations.set(id, {
      client,
      cache,
      within,
      changed: new Set(),
      lost: [],
      hasCleared: false,
      start,
    });
    if (isFirst) start();
  }

  #clear(restoration: Restoration): RoomForAll {
    const { cache, within } = restoration;
    const prefix = withinPrefix(within);
    this.house.flights.supersedeWhere(cache, (key) => key.startsWith(prefix));
    restoration.hasCleared = true;
    this.#removeOld(restoration);
    const { store, config, table } = cache;
    return {
      bytes: config.maxBytes - store.bytes - cache.reservedBytes,
      entries: Math.min(config.maxEntries, table.geometry.slots) - store.held - cache.reservedEntries,
    };
  }

  /** Takes out all but what was written since the restoration was asked for. */
  #removeOld({ cache, changed, within }: Restoration): void {
    cache.expire(this.house.now());
    const { store } = cache;
    const isOurs = belongsTo(cache, within);
    for (const slot of [...store.slots()]) {
      if (!isOurs(store.handleOf(slot)) || (changed.size > 0 && changed.has(store.key(slot)))) continue;
      cache.remove(slot, 'clear');
    }
  }

  #reserve(
    client: KeeperClient,
    cache: KeeperCache,
    { keys, hashes, wide, bytes }: WantedBlocks,
    reply: (result: Float64Array) => void,
  ): void {
    const grants = new Float64Array(GRANT_NUMBERS * keys.length);
    let missing = keys.length;
    for (const [i, key] of keys.entries()) {
      const of = { client, cache, key, hash: hashes[i]!, wide: wide[i] === 1, flight: 0 };
      this.house.reservations.open(of, bytes[i]!, (result) => {
        if (!('refused' in result)) {
          grants.set([result.reservation, result.segment, result.unit], GRANT_NUMBERS * i);
        }
        if (--missing === 0) reply(grants);
      });
    }
  }

  #enter(restoration: Restoration, written: Float64Array, tagged: readonly [number, readonly string[]][]): number {
    const { reservations, now } = this.house;
    const tags = new Map(tagged);
    let count = 0;
    for (let i = 0, at = 0; at < written.length; i++, at += WRITTEN_NUMBERS) {
      const reservation = reservations.get(written[at + WRITTEN.reservation]!);
      if (reservation === undefined) continue;
      if (isOutdone(restoration, reservation, tags.get(i))) {
        reservations.close(reservation);
        continue;
      }
      const entry = reservations.settle(reservation, {
        block: 0,
        units: written[at + WRITTEN.units]!,
        externals: [],
        trailer: written[at + WRITTEN.trailer]!,
        skeletonLength: written[at + WRITTEN.skeletonLength]!,
        parts: written[at + WRITTEN.parts]!,
        tagsLength: written[at + WRITTEN.tagsLength]!,
        terms: {
          ttlMs: written[at + WRITTEN.ttl]!,
          idleMs: written[at + WRITTEN.idleTtl]!,
          graceMs: written[at + WRITTEN.grace]!,
          cost: written[at + WRITTEN.cost]!,
          tags: tags.get(i) ?? NO_TAGS,
        },
      });
      const past = {
        age: written[at + WRITTEN.age]!,
        left: written[at + WRITTEN.left]!,
        hits: written[at + WRITTEN.hits]!,
      };
      restoration.cache.readmit(entry, past, now());
      count++;
    }
    return count;
  }

  #endRestore(id: number, failed: boolean): void {
    const restoration = this.#restorations.get(id);
    if (restoration === undefined) return;
    this.#restorations.delete(id);
    if (failed && restoration.hasCleared) this.#removeOld(restoration);
    this.#of(restoration.cache).next().value?.start();
  }
}

/** Whether something came later that wins over an entry of the file. */
function isOutdone(
  { changed, lost }: Restoration,
  { key, superseded }: Reservation,
  tags: readonly string[] | undefined,
): boolean {
  return superseded || changed.has(key) || lost.some((matches) => matches(key, tags));
}

/** Tells the handles of a namespace, and of all within it; all, without names. */
function belongsTo({ store }: KeeperCache, path: readonly string[]): (handle: number) => boolean {
  if (path.length === 0) return () => true;
  const handles = new Set<number>();
  for (const space of store.spaces.within(path)) for (const handle of space.handles) handles.add(handle);
  return (handle) => handles.has(handle);
}
