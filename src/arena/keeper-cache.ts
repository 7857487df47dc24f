import { CacheConfigError } from '../common/error.js';
import { guardedPolicyOf } from '../policy/module.js';
import type { RemovalReason } from '../stats/event.js';
import { LatencyHistogram } from '../stats/histogram.js';
import { LoadCosts } from '../stats/load-costs.js';
import { LoadTimes } from '../stats/load-times.js';
import type { BlockNode } from './allocator.js';
import type { Arena } from './arena.js';
import { OWNER } from './arena.js';
import type { Audience } from './audience.js';
import { chargeOf, EntryStore, type NewEntry, unitsOf } from './entry-store.js';
import type { KeeperClient } from './keeper-client.js';
import { KeeperSample } from './keeper-sample.js';
import { HEADER, LOAD_HISTOGRAM, MAX_ENTRY_BYTES, SLOT, SLOT_F64, STAT, STAT_ROW_DOUBLES, toRef } from './layout.js';
import type { CacheConfig, CacheNews, CacheTicket, InheritedTable, Notice } from './protocol.js';
import type { RemoteLoaders } from './remote-loaders.js';
import { Sweeping } from './sweeping.js';
import { CacheTable } from './table.js';

/** Without `maxEntries` it is the budget that is full first: no entry is charged less than this. Unused slots cost nothing. */
const BYTES_PER_SLOT = chargeOf(1);

/** Uses told to the policy for an entry that comes with hits: enough to tell the hot from the cold, at a bounded cost. */
const MAX_REPLAYED_USES = 15;

/** In development mode released blocks are filled with this, so that views which outlive their lease are found out. */
const POISON = 0xdb;
const DEVELOPMENT = process.env['CACHALOT_DEV'] === '1';

/** A cache in the keeper's hands: its entries, its ledger, and who wants to hear of it. */
export class KeeperCache {
  readonly table: CacheTable;
  readonly store: EntryStore;
  readonly sample: KeeperSample;
  /** Set aside for values that are being written. */
  reservedBytes = 0;
  /** Slots kept for values that are being written: one for each. */
  reservedSlots = 0;
  /** How many of these were new keys when their bytes were granted. */
  reservedEntries = 0;
  /** Retired, but still pinned by somebody. */
  limboBytes = 0;
  closed = false;
  /** Told of keys that leave while values are being written. */
  onLeave: (key: string) => void = () => undefined;
  readonly sweeping: Sweeping;
  /** The thread that has created it. */
  creator: KeeperClient | undefined;
  /** Where its loads run, if not where those of others do. */
  ownLoaders: RemoteLoaders | undefined;
  readonly loadTimes = new LoadTimes();
  readonly #loadCosts = new LoadCosts();
  readonly #loadLatency: LatencyHistogram;
  /** Loaders that are functions, and the threads that have them. */
  readonly #functions = new Map<string, Set<number>>();
  #news: CacheNews[] = [];

  constructor(
    readonly id: number,
    readonly config: CacheConfig,
    readonly arena: Arena,
    nextNumber: () => number,
    readonly audience: Audience,
    left?: InheritedTable,
  ) {
    const entries = Number.isFinite(config.maxEntries) ? config.maxEntries : config.maxBytes / BYTES_PER_SLOT;
    this.table = left
      ? new CacheTable(left.ticket.table, id, left.ticket.seed, left.ticket.slots)
      : CacheTable.create(id, (Math.random() * 2 ** 32) >>> 0, entries * 1.25 + 64);
    this.sample = new KeeperSample(this.table, config, left?.ticket.requests);
    this.sweeping = new Sweeping(config.sweepMs);
    const onUse = (slot: number) => this.sample.use(slot);
    // In a turn of its own: as long as a cache is being made, it is not known whose it is.
    const onFault = (error: Error) => void setImmediate(() => audience.tellFault(this, error));
    const policy = guardedPolicyOf(config.policy, onFault);
    this.store = new EntryStore(this.table, policy, arena.segments, nextNumber, onUse, left?.keep);
    this.#loadLatency = new LatencyHistogram(this.table.histogram(LOAD_HISTOGRAM));
    this.table.setHeader(HEADER.maxBytes, config.maxBytes);
    this.table.setHeader(HEADER.maxEntryBytes, this.maxEntryBytes);
  }

  /** What a load of the key costs, by those that were seen, else the mean of all; 0 when nothing is known. */
  loadTimeOf({ key, hash, charge }: NewEntry, measuredMs: number): number {
    if (measuredMs > 0) return this.#loadCosts.note(hash, charge, measuredMs);
    const { store, table } = this;
    const slot = store.find(key, hash);
    const soFar = slot < 0 ? 0 : this.loadTimes.get(store.handleOf(slot));
    return soFar || table.header(HEADER.loadTimeTotal) / Math.max(1, table.header(HEADER.loads));
  }

  /** Counts a load that has ended. */
  noteLoad(durationMs: number): void {
    this.table.addHeader(HEADER.loads, 1);
    this.table.addHeader(HEADER.loadTimeTotal, durationMs);
    this.#loadLatency.record(durationMs);
  }

  get maxEntryBytes(): number {
    return Math.min(this.config.maxEntryBytes ?? Number.POSITIVE_INFINITY, this.config.maxBytes, MAX_ENTRY_BYTES);
  }

  /** Bytes that the budget cannot give to somebody else now. */
  get committedBytes(): number {
    return this.store.bytes + this.reservedBytes + this.limboBytes;
  }

  /** Whether a slot is free that is not kept for anybody. */
  get hasFreeSlot(): boolean {
    return this.store.freeSlots > this.reservedSlots;
  }

  /** The budget has shrunk, and what is pinned or being written could not go with it. */
  get isOverBudget(): boolean {
    return this.committedBytes > this.config.maxBytes;
  }

  resize(maxBytes: number): void {
    this.config.maxBytes = maxBytes;
    this.table.setHeader(HEADER.maxBytes, maxBytes);
    this.table.setHeader(HEADER.maxEntryBytes, this.maxEntryBytes);
  }

  /** Registers a loader: a module for all threads, or, without a `url`, a function of one. */
  registerLoader(name: string, url: string | undefined, thread: number): void {
    if (url !== undefined) this.config.loaders[name] = url;
    else this.#functions.set(name, (this.#functions.get(name) ?? new Set()).add(thread));
  }

  /** @throws CacheConfigError when no thread can run this loader for another one. */
  assertLoader(name: string): void {
    if (Object.hasOwn(this.config.loaders, name)) return;
    const threads = this.#functions.get(name);
    const known = [...Object.keys(this.config.loaders), ...this.#functions.keys()].map((one) => `'${one}'`).join(', ');
    throw new CacheConfigError(
      threads
        ? `loader '${name}' of cache '${this.config.name}': expected a module URL, or a function registered in the calling thread; it is a function of thread ${[...threads].join(', ')}`
        : `loader of cache '${this.config.name}': expected the name of a registered loader; got '${name}' (there are: ${known || 'none'})`,
    );
  }

  /** Publishes a written record under its key. What the key held before, `old`, is replaced. Returns the slot. */
  publish(entry: NewEntry, now: number, loadMs = 0, old = this.store.find(entry.key, entry.hash)): number {
    const { store } = this;
    const wasFresh = old >= 0 && now < store.life.freshUntil(old);
    const slot = store.fill(entry, now);
    this.#own(slot);
    store.enter(slot, old, entry);
    const handle = store.handleOf(slot);
    if (loadMs > 0) this.loadTimes.note(handle, loadMs);
    this.table.setLoadMs(slot, this.loadTimes.get(handle));
    if (old >= 0) this.#leave(old, entry.key, 'replace', true);
    // Counted as hits count bytes: those of the value.
    if (!wasFresh) this.table.addHeader(HEADER.missBytes, entry.trailer + entry.skeletonLength);
    this.table.addHeader(HEADER.sets, 1);
    this.sample.write(slot, { isNew: old < 0, now, held: store.held });
    this.tell({ type: 'set', key: entry.key, size: entry.charge });
    return slot;
  }

  /** What a function has said of an entry, unless another one has come in its place. */
  amend({ key, hash, bornAt, cost, ttlMs }: Notice & { op: 'amend' }): void {
    const { store, table } = this;
    const slot = store.find(key, hash);
    if (slot < 0 || table.double(slot, SLOT_F64.bornAt) !== bornAt) return;
    const handle = store.handleOf(slot);
    if (cost !== undefined) {
      table.setDouble(slot, SLOT_F64.cost, cost);
      store.policy.update(handle, store.charge(slot), cost);
    }
    if (ttlMs === undefined || store.life.stale.has(handle)) return;
    store.life.restart(handle, slot, { ...store.life.terms(slot), ttlMs }, bornAt);
  }

  /**
   * Publishes a written record whose key is not there, of an entry that has lived before: as old, and with as much of its
   * time left. Tells nobody, and counts nothing.
   */
  readmit(entry: NewEntry, past: { age: number; left: number; hits: number }, now: number): void {
    const { store, table } = this;
    const slot = store.fill(entry, now);
    this.#own(slot);
    store.enter(slot, -1, entry);
    const handle = store.handleOf(slot);
    store.life.resume(handle, slot, past, now);
    table.setHits(slot, past.hits);
    for (let use = Math.min(past.hits, MAX_REPLAYED_USES); use > 0; use--) store.policy.touch(handle);
  }

  /** Takes in a written record under no key, for those who are promised it. Hold the slot, then `discard` it. */
  publishUnkeyed(entry: NewEntry, now: number): number {
    const slot = this.store.fill(entry, now, false);
    this.store.dropHandle(slot);
    return slot;
  }

  /** Frees a slot of `publishUnkeyed` as soon as nobody holds it. */
  discard(slot: number): void {
    this.#free(slot);
  }

  /** Carries out changes that readers of several keys are to see all of, or none. */
  together(change: () => void): void {
    this.table.markChange();
    try {
      change();
    } finally {
      this.table.markChange();
    }
  }

  /** Takes an entry out, for whatever reason. */
  remove(slot: number, reason: RemovalReason): void {
    this.#leave(slot, this.store.key(slot), reason, false);
  }

  /** Lets time pass: the dead leave. Returns how many. */
  expire(now: number): number {
    let count = 0;
    this.store.life.advance(now, (slot) => {
      this.remove(slot, 'expire');
      count++;
    });
    return count;
  }

  clear(): number {
    const slots = [...this.store.slots()];
    for (const slot of slots) this.remove(slot, 'clear');
    return slots.length;
  }

  tell(news: CacheNews): void {
    if (this.audience.isListening) this.#news.push(news);
  }

  takeNews(): CacheNews[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  get hasNews(): boolean {
    return this.#news.length > 0;
  }

  /** Writes the ledger into the table's header, for all threads to read. */
  publishLedger(): void {
    const { table, store } = this;
    table.setHeader(HEADER.bytes, store.bytes);
    if (store.uses > 0) {
      table.addHeader(HEADER.notedUses, store.uses);
      table.addHeader(HEADER.notedMs, store.usedMs);
      store.uses = 0;
      store.usedMs = 0;
    }
    table.setHeader(HEADER.entries, store.freshCount);
    table.setHeader(HEADER.reservedBytes, this.reservedBytes);
    table.setHeader(HEADER.limboBytes, this.limboBytes);
    table.setHeader(HEADER.nextDeadline, store.life.nextDeadline());
    table.setHeader(HEADER.fragmentation, this.arena.allocator.fragmentation());
  }

  /** Keeps the counts of a thread that is gone, and empties its stat row for the next one. */
  foldStats(row: number): void {
    const { doubles } = this.table;
    const at = this.table.statRow(row);
    this.table.addHeader(HEADER.departedHits, doubles[at + STAT.hits]!);
    this.table.addHeader(HEADER.departedMisses, doubles[at + STAT.misses]!);
    this.table.addHeader(HEADER.departedOverflows, doubles[at + STAT.pinOverflows]!);
    this.table.addHeader(HEADER.departedHitBytes, doubles[at + STAT.hitBytes]!);
    doubles.fill(0, at, at + STAT_ROW_DOUBLES);
  }

  /** Moves an entry's block to another place, already allocated. The old block is the caller's, unless pinned. */
  move(slot: number, target: number): { slot: number; vacated: boolean } {
    const { allocator } = this.arena;
    const node = this.store.nodeOf(slot);
    this.arena.bytes(target).set(this.arena.bytes(node));
    const copy = this.store.move(slot, target, allocator.segment(target), allocator.start(target));
    this.#own(copy);
    this.table.addHeader(HEADER.movedBytes, allocator.units(node) * 64);
    if (!this.arena.isHeld(toRef(this.id, slot))) {
      this.store.release(slot);
      return { slot: copy, vacated: true };
    }
    // Pinned between the look and the move: the bytes stay for those who read them, and are paid for twice meanwhile.
    this.#free(slot);
    return { slot: copy, vacated: false };
  }

  /** Takes in an entry that an earlier keeper has left, with its blocks. */
  adopt(slot: number, nodes: readonly BlockNode[]): void {
    const { store, table } = this;
    store.adopt(slot, nodes);
    this.#own(slot);
    const handle = store.handleOf(slot);
    if (table.loadMs(slot) > 0) this.loadTimes.note(handle, table.loadMs(slot));
    for (let use = Math.min(table.int(slot, SLOT.hits), MAX_REPLAYED_USES); use > 0; use--) store.policy.touch(handle);
  }

  #own(slot: number): void {
    const { allocator } = this.arena;
    const externals = this.store.externals(slot);
    allocator.setOwner(this.store.nodeOf(slot), externals.length > 0 ? OWNER.external : toRef(this.id, slot));
    for (const node of externals) allocator.setOwner(node, OWNER.external);
  }

  #leave(slot: number, key: string, reason: RemovalReason, replaced: boolean): void {
    const size = this.store.charge(slot);
    this.sample.remove(slot, reason);
    if (!replaced) this.loadTimes.forget(this.store.handleOf(slot));
    this.store.retire(slot, replaced);
    if (!replaced && this.reservedSlots > 0) this.onLeave(key);
    this.#free(slot);
    if (reason === 'evict' || reason === 'pressure') this.table.addHeader(HEADER.evictions, 1);
    else if (reason === 'expire') this.table.addHeader(HEADER.expirations, 1);
    else if (reason === 'delete') this.table.addHeader(HEADER.deletes, 1);
    this.tell({ type: 'removal', key, reason, size });
  }

  #free(slot: number): void {
    const { allocator } = this.arena;
    const ref = toRef(this.id, slot);
    const release = () => {
      for (const node of this.store.release(slot)) {
        if (DEVELOPMENT) this.arena.bytes(node).fill(POISON);
        allocator.free(node);
      }
    };
    if (!this.arena.isHeld(ref)) {
      release();
      return;
    }
    const bytes = this.store.charge(slot);
    this.limboBytes += bytes;
    allocator.setOwner(this.store.nodeOf(slot), OWNER.limbo);
    this.arena.freeLater(ref, unitsOf(bytes), () => {
      this.limboBytes -= bytes;
      release();
    });
  }
}

/** What a thread needs to read a cache. */
export function ticketOf(cache: KeeperCache): CacheTicket {
  const { table, config, sample } = cache;
  const { slots } = table.geometry;
  return { cache: cache.id, config, table: table.buffer, slots, seed: table.seed, requests: sample.buffer };
}
