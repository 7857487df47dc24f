import type { BlockNode } from './allocator.js';
import type { Arena } from './arena.js';
import { chargeOf, type NewEntry } from './entry-store.js';
import type { KeeperCache } from './keeper-cache.js';
import type { KeeperClient } from './keeper-client.js';
import { UNIT_BYTES } from './layout.js';
import type { Room } from './room.js';
import type { Grant, WrittenRecord } from './write-protocol.js';

/** While somebody waits for room, what was pinned is looked at this often, in milliseconds, beside being told. */
const POLL_MS = 5;

/** A place for a value that is being written. Only its owner writes into its blocks. */
export interface Reservation {
  readonly id: number;
  readonly client: KeeperClient;
  readonly cache: KeeperCache;
  readonly key: string;
  readonly hash: number;
  readonly wide: boolean;
  /** The flight that the value is for, or 0. */
  readonly flight: number;
  readonly blocks: BlockNode[];
  /** Those of its blocks in the ledger. */
  readonly records: number[];
  /** Something came later that wins: the value will not be entered. */
  superseded: boolean;
  /** Tags that were removed since: a value that bears one of them will not be entered. */
  lostTags: Set<string> | undefined;
  /** Its key is not there: it is going to be one more. */
  adds: boolean;
  /** Whether only the dead may go for it: what does not fit in is refused at once. */
  readonly spares?: boolean | undefined;
}

/** A record that is written. */
type Written = Omit<WrittenRecord, 'reservation' | 'loadMs'>;

/** Why nothing was granted: too large for the cache, no room within its `reserveTimeout`, or it was closed meanwhile. */
export type Refusal = { refused: 'size' | 'room' | 'closed' };

interface Waiting {
  reservation: Reservation;
  units: number;
  deadline: number;
  answer: (result: Grant | Refusal) => void;
}

/** Told what `supersede` and its kin are told. */
export interface ChangeWatcher {
  superseded(cache: KeeperCache, key: string): void;
  supersededWhere(cache: KeeperCache, matches: (key: string) => boolean): void;
  supersededTags(cache: KeeperCache, tags: readonly string[], within: string): void;
}

/** All reservations, and the queue of those that wait for room. */
export class Reservations {
  readonly #all = new Map<number, Reservation>();
  #byKey = new Map<string, Set<Reservation>>();
  /** By cache, first come first served: who has come first is also the first whose time is over. */
  readonly #waiting = new Map<KeeperCache, Waiting[]>();
  #next: number;
  /** Who else wants to know of changes: what is being restored is outdone by them, too. */
  readonly watchers: ChangeWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly arena: Arena,
    readonly room: Room,
    readonly now: () => number,
    /** Called when time has passed for those who wait: has to `pump`. */
    readonly wake: () => void = () => this.pump(),
    /** The first number that is given. */
    first = 1,
  ) {
    this.#next = first;
  }

  get(id: number): Reservation | undefined {
    return this.#all.get(id);
  }

  get size(): number {
    return this.#all.size;
  }

  open(
    of: Pick<Reservation, 'client' | 'cache' | 'key' | 'hash' | 'wide' | 'flight' | 'spares'>,
    bytes: number,
    answer: (result: Grant | Refusal) => void,
  ): void {
    // The others first: V8 takes tens of microseconds for a spread that is added to, and a tenth of one for this.
    const reservation: Reservation = {
      id: this.#next++,
      blocks: [],
      records: [],
      superseded: false,
      lostTags: undefined,
      adds: false,
      ...of,
    };
    this.#all.set(reservation.id, reservation);
    reservation.client.reservations.add(reservation.id);
    const name = keyName(of.cache, of.key);
    const same = this.#byKey.get(name);
    if (same) same.add(reservation);
    else this.#byKey.set(name, new Set([reservation]));
    this.extend(reservation, bytes, (result) => {
      if ('refused' in result) this.close(reservation);
      answer(result);
    });
  }

  /**
   * A block for what is entered in the same breath, as the caller's own, or -1 when it is too large, or has to wait.
   * Nothing can come in between, so it is in no list; and no thread writes into it, so it is not in the ledger.
   */
  takeNow(cache: KeeperCache, bytes: number, now: number, adds: boolean): BlockNode {
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    if (chargeOf(units) > cache.maxEntryBytes || this.#waiting.has(cache)) return -1;
    const node = this.room.take(cache, units, now, { slot: true, adds, spares: false });
    if (node < 0) return -1;
    cache.reservedBytes -= chargeOf(units);
    // Writes are numbered all the same.
    this.#next++;
    return node;
  }

  /** Another block for a reservation. */
  extend(reservation: Reservation, bytes: number, answer: (result: Grant | Refusal) => void): void {
    const { cache } = reservation;
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    if (this.#charge(reservation) + chargeOf(units) > cache.maxEntryBytes) {
      answer({ refused: 'size' });
      return;
    }
    const waiting: Waiting = { reservation, units, answer, deadline: this.now() + cache.config.reserveTimeoutMs };
    const line = this.#waiting.get(cache);
    if (line !== undefined || !this.#grant(waiting)) {
      if (reservation.spares) answer({ refused: 'room' });
      else if (line !== undefined) line.push(waiting);
      else this.#waiting.set(cache, [waiting]);
      this.#watch();
    }
  }

  /** Gives a written record its entry. The blocks that it does not name are freed. */
  settle(reservation: Reservation, request: Written): NewEntry {
    const { allocator } = this.arena;
    const { blocks } = reservation;
    const first = blocks[request.block]!;
    const kept = [first, ...request.externals.map((block) => blocks[block]!)];
    this.#release(reservation, kept);
    allocator.trim(first, request.units);
    const units = kept.reduce((sum, node) => sum + allocator.units(node), 0);
    // The terms last, as in `open`.
    return {
      key: reservation.key,
      hash: reservation.hash,
      wide: reservation.wide,
      blocks: kept,
      segment: allocator.segment(first),
      unit: allocator.start(first),
      trailer: request.trailer,
      skeletonLength: request.skeletonLength,
      parts: request.parts,
      tagsLength: request.tagsLength ?? 0,
      charge: chargeOf(units),
      ...request.terms,
    };
  }

  /** Frees a reservation with all its blocks. */
  close(reservation: Reservation): void {
    this.#release(reservation, []);
  }

  /** Marks the reservations for a key as outdone, if they are older than `than`. */
  supersede(cache: KeeperCache, key: string, than = Number.POSITIVE_INFINITY): void {
    for (const watcher of this.watchers) watcher.superseded(cache, key);
    if (this.#byKey.size === 0) return;
    for (const reservation of this.#byKey.get(keyName(cache, key)) ?? []) {
      if (reservation.id < than) reservation.superseded = true;
    }
  }

  /** As `supersede`, for all keys that match. O(reservations). */
  supersedeWhere(cache: KeeperCache, matches: (key: string) => boolean): void {
    for (const watcher of this.watchers) watcher.supersededWhere(cache, matches);
    for (const reservation of this.#all.values()) {
      if (reservation.cache === cache && matches(reservation.key)) reservation.superseded = true;
    }
  }

  /** What bears one of these tags was removed: what is being written now is outdone, should it turn out to. */
  supersedeTagged(cache: KeeperCache, tags: readonly string[], within: string): void {
    for (const watcher of this.watchers) watcher.supersededTags(cache, tags, within);
    for (const reservation of this.#all.values()) {
      if (reservation.cache !== cache || !reservation.key.startsWith(within)) continue;
      reservation.lostTags ??= new Set();
      for (const tag of tags) reservation.lostTags.add(tag);
    }
  }

  /** An entry has left: what is being written for its key is going to be one more. */
  noteLeft(cache: KeeperCache, key: string): void {
    for (const reservation of this.#byKey.get(keyName(cache, key)) ?? []) {
      if (reservation.adds || reservation.blocks.length === 0) continue;
      reservation.adds = true;
      cache.reservedEntries++;
    }
  }

  /** Frees what a cache that closes, or a thread that is gone, had reserved. */
  closeAll(which: (reservation: Reservation) => boolean): void {
    for (const reservation of [...this.#all.values()]) if (which(reservation)) this.close(reservation);
  }

  /** Refuses those who wait for room in a cache that closes. */
  refuseWaiting(cache: KeeperCache): void {
    const line = this.#waiting.get(cache) ?? [];
    this.#waiting.delete(cache);
    for (const { answer } of line) answer({ refused: 'closed' });
    this.#watch();
  }

  /** Grants what has become possible, and refuses those whose time is over. */
  pump(): void {
    if (this.#waiting.size === 0) return;
    const now = this.now();
    for (const [cache, line] of this.#waiting) {
      while (line.length > 0 && this.#isAnswered(line[0]!, now)) line.shift();
      if (line.length === 0) this.#waiting.delete(cache);
    }
    this.#watch();
  }

  /** Units of all blocks that are reserved. O(reservations). */
  get units(): number {
    let units = 0;
    for (const { blocks } of this.#all.values()) {
      for (const node of blocks) units += this.arena.allocator.units(node);
    }
    return units;
  }

  /** @throws when a cache's count of what is reserved is not the sum of its reservations. */
  validate(): void {
    const caches = new Set(this.room.caches.values());
    for (const { cache } of this.#all.values()) caches.add(cache);
    for (const cache of caches) {
      const own = [...this.#all.values()].filter((reservation) => reservation.cache === cache);
      const bytes = own.reduce((sum, reservation) => sum + this.#charge(reservation), 0);
      const slots = own.filter(({ blocks }) => blocks.length > 0).length;
      const entries = own.filter(({ adds }) => adds).length;
      if (bytes !== cache.reservedBytes || slots !== cache.reservedSlots || entries !== cache.reservedEntries) {
        throw new Error(
          `reservations of '${cache.config.name}': ${cache.reservedBytes} bytes, ${cache.reservedSlots} slots, ${cache.reservedEntries} entries counted; ${bytes}, ${slots}, ${entries} found`,
        );
      }
    }
  }

  #isAnswered(one: Waiting, now: number): boolean {
    const isOpen = this.#all.has(one.reservation.id);
    if (isOpen && this.#grant(one)) return true;
    if (isOpen && now < one.deadline) return false;
    one.answer({ refused: 'room' });
    return true;
  }

  #grant({ reservation, units, answer }: Waiting): boolean {
    const { allocator, ledger } = this.arena;
    const { cache, key, hash } = reservation;
    if (ledger.isFull) return false;
    const isFirst = reservation.blocks.length === 0;
    const adds = isFirst && cache.store.find(key, hash) < 0;
    const node = this.room.take(cache, units, this.now(), { slot: isFirst, adds, spares: reservation.spares });
    if (node < 0) return false;
    if (isFirst) {
      cache.reservedSlots++;
      if (adds) cache.reservedEntries++;
      reservation.adds = adds;
    }
    const block = reservation.blocks.push(node) - 1;
    const { id, client } = reservation;
    const [segment, unit] = [allocator.segment(node), allocator.start(node)];
    reservation.records.push(ledger.block(client.row, segment, unit, units, id));
    answer({ reservation: id, block, segment, unit, units });
    return true;
  }

  #charge(reservation: Reservation): number {
    return reservation.blocks.reduce((sum, node) => sum + chargeOf(this.arena.allocator.units(node)), 0);
  }

  #release(reservation: Reservation, kept: readonly BlockNode[]): void {
    if (!this.#all.delete(reservation.id)) return;
    const { cache, client } = reservation;
    client.reservations.delete(reservation.id);
    const name = keyName(cache, reservation.key);
    const same = this.#byKey.get(name);
    same?.delete(reservation);
    if (same?.size === 0) this.#byKey.delete(name);
    cache.reservedBytes -= this.#charge(reservation);
    if (reservation.blocks.length > 0) cache.reservedSlots--;
    if (reservation.adds) cache.reservedEntries--;
    for (const record of reservation.records) this.arena.ledger.erase(record);
    for (const node of reservation.blocks) if (!kept.includes(node)) this.arena.allocator.free(node);
  }

  #watch(): void {
    this.arena.wantReleases(this.#waiting.size > 0);
    if (this.#waiting.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.wake();
      }, POLL_MS);
    }
  }
}

function keyName(cache: KeeperCache, key: string): string {
  return `${cache.id} ${key}`;
}
