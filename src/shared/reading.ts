import type { ArenaClient } from '../arena/client.js';
import { HEADER, hitHistogram, MOMENT_PIN, missHistogram, SLOT, SLOT_F64 } from '../arena/layout.js';
import type { NearEntry } from '../arena/near-table.js';
import type { CacheTicket } from '../arena/protocol.js';
import { SharedReader } from '../arena/reader.js';
import { slotTags } from '../arena/slot-key.js';
import { CacheTable } from '../arena/table.js';
import type { ThreadRow } from '../arena/thread-row.js';
import { decodeView } from '../codec/index.js';
import { monotonicNow } from '../common/clock.js';
import { hashString } from '../common/hash.js';
import type { EntryInfo } from '../stats/entry-info.js';
import { LatencyHistogram } from '../stats/histogram.js';
import { type Lease, type Lender, NewLease, OWNED } from './lease.js';
import { copyInSlices, copyRecord, reusable } from './record-value.js';
import { Scope } from './scope.js';

/** A survey of all keys is repeated at most so often because entries are moved under it. */
const MAX_SURVEYS = 8;

/** The synchronous half of a shared cache: what only reads, out of shared memory, without asking anybody. */
export class Reading<V> implements Lender {
  readonly table: CacheTable;
  readonly row: ThreadRow;
  readonly reader: SharedReader;
  readonly missLatency: LatencyHistogram;
  readonly #hitLatency: LatencyHistogram;

  constructor(
    readonly client: ArenaClient,
    readonly ticket: CacheTicket,
    readonly scope = new Scope(),
  ) {
    this.table = new CacheTable(ticket.table, ticket.cache, ticket.seed, ticket.slots);
    this.row = client.row;
    this.reader = new SharedReader(this.table, this.row, client.segments);
    this.#hitLatency = new LatencyHistogram(this.table.histogram(hitHistogram(client.row.row)));
    this.missLatency = new LatencyHistogram(this.table.histogram(missHistogram(client.row.row)));
  }

  get name(): string {
    return this.ticket.config.name;
  }

  /** What a request about a key begins with. */
  place(key: string): { cache: number; key: string; hash: number } {
    const { cache, seed } = this.ticket;
    const inner = this.scope.inner(key);
    return { cache, key: inner, hash: hashString(inner, seed) | 0 };
  }

  /** What there is to know of a fresh entry, pinned under `reader.pin`, and is remembered: for `lend`. */
  hit(key: string): NearEntry | undefined {
    const { reader } = this;
    const known = reader.takeUnsure(key);
    const slot = this.#hit(key, known?.hash);
    if (slot < 0) return undefined;
    if (reader.pin === MOMENT_PIN) return this.#copyOnOverflow(key, slot);
    const { pin } = reader;
    try {
      return reader.learn(key, slot, reusable(reader, slot) as V | undefined, known);
    } catch (error) {
      reader.row.unpin(pin);
      throw error;
    }
  }

  /** The lease of what was just found by `hit` or `reader.hitNear`. */
  lend(entry: NearEntry): Lease<V> {
    return new NewLease<V>(this, this.reader.pin, entry.value as V | undefined);
  }

  takeBack(pin: number, _lease: Lease<V>): void {
    this.row.unpin(pin);
    if (this.row.releaseWanted) this.client.notify({ op: 'released' });
  }

  story(_lease: Lease<V>): string {
    return '';
  }

  /** A lease of a fresh entry. */
  acquire(key: string): Lease<V> | undefined {
    const entry = this.hit(key);
    return entry && this.lend(entry);
  }

  /** An owned copy of a fresh entry. */
  get(key: string): V | undefined {
    const slot = this.#hit(key);
    return slot < 0 ? undefined : this.#copyAndUnpin(slot);
  }

  /** As `get`, touching nothing. */
  peek(key: string, stale = false): V | undefined {
    const slot = this.#find(key, stale);
    return slot < 0 ? undefined : this.#copyAndUnpin(slot);
  }

  has(key: string): boolean {
    const slot = this.#find(key, false);
    if (slot >= 0) this.reader.unpin();
    return slot >= 0;
  }

  /** Milliseconds since a fresh entry was written or touched, and its TTL. */
  life(key: string): { ageMs: number; ttlMs: number } | undefined {
    const slot = this.#find(key, false);
    if (slot < 0) return undefined;
    const ageMs = monotonicNow() - this.table.double(slot, SLOT_F64.bornAt);
    const ttlMs = this.table.double(slot, SLOT_F64.ttlMs);
    this.reader.unpin();
    return { ageMs, ttlMs };
  }

  /** A copy of an entry that is past its time, and within its grace. */
  peekStale(key: string): V | undefined {
    const slot = this.#find(key, true);
    if (slot < 0) return undefined;
    const { reader } = this;
    if (reader.expires(slot) && !reader.freshAt(slot, monotonicNow())) return this.#copyAndUnpin(slot);
    reader.unpin();
    return undefined;
  }

  info(key: string): EntryInfo | undefined {
    const slot = this.#find(key, true);
    if (slot < 0) return undefined;
    const info = this.#describe(slot);
    this.reader.unpin();
    return info;
  }

  /**
   * Shows an entry that is fresh or stale in place, for the length of a call. Its insertion number if `wants` says so,
   * else -1, as where there is no entry.
   */
  look(key: string, wants: (value: V, info: EntryInfo) => boolean): number {
    const slot = this.#find(key, true);
    if (slot < 0) return -1;
    const { reader, table } = this;
    const { pin } = reader;
    let isPinned = true;
    const unpin = (): void => {
      if (isPinned) reader.row.unpin(pin);
      isPinned = false;
    };
    try {
      const record = reader.record(slot);
      if (record === undefined) return -1;
      const [info, number] = [this.#describe(slot), table.number(slot)];
      // The pin for moments is wanted by whatever is read during the call.
      const value = pin === MOMENT_PIN ? copyRecord(record) : decodeView(record.skeleton, record.parts).value;
      if (pin === MOMENT_PIN) unpin();
      return wants(value as V, info) ? number : -1;
    } finally {
      unpin();
    }
  }

  /** A lease, or a copy, of a slot that the keeper holds for this thread; gives the hold back. */
  held(key: string, slot: number, as: 'lease' | 'copy'): Lease<V> | V {
    this.reader.pinHeld(slot);
    this.letGo(slot);
    if (as === 'copy') return this.#copyAndUnpin(slot);
    const { reader } = this;
    return this.lend(reader.pin === MOMENT_PIN ? this.#copyOnOverflow(key, slot) : reader.entry(key, slot));
  }

  /** Gives a hold back unused. */
  letGo(slot: number): void {
    this.client.notify({ op: 'unhold', cache: this.ticket.cache, slot });
  }

  /**
   * Fresh entries, those of namespaces within included. O(1), or O(slots) in the moment between an entry's end and the
   * keeper's next look; of a namespace O(slots), of which those of other namespaces and of none cost a glance.
   */
  get size(): number {
    const now = monotonicNow();
    if (this.scope.mark !== 0) return this.#survey((slot) => (this.reader.freshAt(slot, now) ? 1 : 0));
    if (now < this.table.header(HEADER.nextDeadline) || this.table.header(HEADER.entries) === 0)
      return this.table.header(HEADER.entries);
    let size = 0;
    this.reader.forEachReady((slot) => {
      if (this.reader.freshAt(slot, now)) size++;
    });
    return size;
  }

  /** Bytes charged for what is held here and in namespaces within. O(1); of a namespace as `size`. */
  get bytes(): number {
    if (this.scope.mark === 0) return this.table.header(HEADER.bytes);
    return this.#survey((slot) => this.table.double(slot, SLOT_F64.charge));
  }

  /** The keys of fresh entries, and of stale ones if they are asked for, as of now. O(slots ever used). */
  keys({ stale = false } = {}): string[] {
    const { table, reader } = this;
    for (let attempt = 1; ; attempt++) {
      const moved = table.header(HEADER.movedBytes);
      const now = monotonicNow();
      const keys = new Set<string>();
      reader.forEachReady((slot) => {
        const isListed = reader.freshAt(slot, now) || (stale && now < this.#deadAt(slot));
        const inner = isListed ? reader.key(slot) : undefined;
        const key = inner === undefined ? undefined : this.scope.own(inner);
        if (key !== undefined) keys.add(key);
      }, this.scope.mark);
      // An entry that was moved meanwhile may have passed by, from a slot ahead to one behind.
      if (table.header(HEADER.movedBytes) === moved || attempt === MAX_SURVEYS) return [...keys];
    }
  }

  /** Shows the value of an entry in place, by its inner key, if it is still the one of that birth. Touches nothing. */
  show(inner: string, bornAt: number, visit: (value: V) => void): void {
    const { reader, table } = this;
    const slot = reader.pinKey(inner);
    if (slot < 0) return;
    const { pin } = reader;
    let value: V | undefined;
    try {
      const record = table.double(slot, SLOT_F64.bornAt) === bornAt ? reader.record(slot) : undefined;
      // The pin for moments is wanted by whatever is read during the call.
      if (record && pin === MOMENT_PIN) value = copyRecord(record) as V;
      else if (record) visit(decodeView(record.skeleton, record.parts).value as V);
    } finally {
      reader.row.unpin(pin);
    }
    if (value !== undefined) visit(value);
  }

  /** An owned copy made in slices, between which other things have their turn. */
  async getAsync(key: string): Promise<V | undefined> {
    const slot = this.#hit(key);
    if (slot < 0) return undefined;
    const { reader } = this;
    const { pin } = reader;
    if (pin === MOMENT_PIN) return this.#copyAndUnpin(slot);
    try {
      return (await copyInSlices(reader.record(slot))) as V;
    } finally {
      reader.row.unpin(pin);
    }
  }

  // Reading the clock costs as much as the hit: one in so many is timed.
  #hit(key: string, hash?: number): number {
    const { reader } = this;
    if (!reader.isSample()) return this.#pinHit(key, hash);
    const start = performance.now();
    const slot = this.#pinHit(key, hash);
    if (slot >= 0) this.#hitLatency.record(performance.now() - start);
    // The next one, then.
    else reader.sampleNext();
    return slot;
  }

  /** The slot of a fresh entry, pinned and noted as a hit; -1 noted as a miss. */
  #pinHit(key: string, hash: number | undefined): number {
    const { reader } = this;
    const slot = reader.pinKey(this.scope.inner(key), hash);
    if (slot < 0) {
      reader.noteMiss();
      return -1;
    }
    if (reader.expires(slot) && !reader.useInTime(slot)) {
      reader.unpin();
      reader.noteMiss();
      return -1;
    }
    reader.noteHit(slot);
    return slot;
  }

  /** The slot of an entry, pinned; -1 if there is none that is fresh, or stale where that will do. */
  #find(key: string, stale: boolean): number {
    const { reader } = this;
    const slot = reader.pinKey(this.scope.inner(key));
    if (slot < 0 || !reader.expires(slot)) return slot;
    const now = monotonicNow();
    if (reader.freshAt(slot, now)) return slot;
    if (stale && now < this.#deadAt(slot)) return slot;
    reader.unpin();
    return -1;
  }

  // An idle end is not in the table before the keeper has looked: what is left of the grace is counted from it.
  #deadAt(slot: number): number {
    const { table } = this;
    const ended = table.double(slot, SLOT_F64.lastUsed) + table.double(slot, SLOT_F64.idleMs);
    return Math.min(table.double(slot, SLOT_F64.deadAt), ended + table.double(slot, SLOT_F64.graceMs));
  }

  /** Of a slot that is pinned. */
  #describe(slot: number): EntryInfo {
    const { table, reader } = this;
    const now = monotonicNow();
    const until = Math.min(
      table.double(slot, SLOT_F64.freshUntil),
      table.double(slot, SLOT_F64.lastUsed) + table.double(slot, SLOT_F64.idleMs),
    );
    return {
      size: table.double(slot, SLOT_F64.charge),
      ttl: table.double(slot, SLOT_F64.ttlMs),
      remainingTtl: Math.max(0, until - now),
      age: now - table.double(slot, SLOT_F64.bornAt),
      hits: table.int(slot, SLOT.hits),
      cost: table.double(slot, SLOT_F64.cost),
      tags: slotTags(table, reader.segments, slot),
      stale: now >= until,
    };
  }

  /** The sum over all slots of this scope and those within. */
  #survey(count: (slot: number) => number): number {
    const { within, mark } = this.scope;
    let sum = 0;
    this.reader.forEachReady((slot) => {
      if (this.reader.key(slot)?.startsWith(within)) sum += count(slot);
    }, mark);
    return sum;
  }

  /** When the last pin there is was taken: a copy, which is held by none. */
  #copyOnOverflow(key: string, slot: number): NearEntry {
    const { reader } = this;
    reader.notePinOverflow();
    const entry = reader.entry(key, slot, this.#copyAndUnpin(slot));
    reader.pin = OWNED;
    return entry;
  }

  #copyAndUnpin(slot: number): V {
    try {
      return copyRecord(this.reader.record(slot)) as V;
    } finally {
      this.reader.unpin();
    }
  }
}
