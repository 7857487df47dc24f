import type { RemovalReason } from '../../src/index.js';
import { LfuModel, ListModel, type Model } from '../policy/models.js';

/** A value of the model test: no two are the same object. */
export interface Value {
  readonly id: number;
  /** What the weigher says. */
  readonly weight: number;
}

export interface Terms {
  ttl: number;
  idleTtl: number;
  grace: number;
}

/** What a write says. */
export interface Write extends Partial<Terms> {
  size?: number | undefined;
  tags?: string[] | undefined;
}

/** A write of a transaction. */
export interface PlainChange {
  value: Value;
  write: Write;
}

export interface PlainEntry extends Terms {
  readonly handle: number;
  space: string;
  key: string;
  value: Value;
  size: number;
  tags: string[];
  born: number;
  end: number;
  hits: number;
}

export interface PlainRemoval {
  value: Value;
  reason: RemovalReason;
}

export interface PlainOptions extends Terms {
  policy: string;
  maxBytes: number;
  maxEntries: number;
}

const never = Number.POSITIVE_INFINITY;

export function state(entry: PlainEntry, now: number): 'fresh' | 'stale' | 'dead' {
  if (entry.end > now) return 'fresh';
  return entry.end + entry.grace > now ? 'stale' : 'dead';
}

/**
 * A cache that is too simple to be wrong: a list of entries, searched from end to end for everything. Where the policy
 * makes an exact promise it says who goes; elsewhere it is told (`witness`) and checks that this one might have gone.
 */
export class PlainCache {
  entries: PlainEntry[] = [];
  maxBytes: number;
  readonly counts = { hits: 0, misses: 0, sets: 0, deletes: 0, evictions: 0, expirations: 0, rejected: 0 };
  /** In the order in which they are to be told; those that go for room among them. */
  removals: PlainRemoval[] = [];
  #policy: Model | undefined;
  #lastHandle = 0;

  constructor(
    readonly options: PlainOptions,
    readonly now: () => number,
    /** Who went for room as the next one, where that is not for the model to say. */
    readonly witness: (candidates: readonly PlainEntry[]) => PlainEntry,
  ) {
    this.maxBytes = options.maxBytes;
    this.#policy = policyOf(options.policy);
  }

  get bytes(): number {
    let sum = 0;
    for (const { size } of this.entries) sum += size;
    return sum;
  }

  get freshCount(): number {
    const now = this.now();
    let count = 0;
    for (const { end } of this.entries) if (end > now) count++;
    return count;
  }

  /** Fresh entries, of one space or of all. */
  fresh(space?: string): PlainEntry[] {
    const now = this.now();
    return this.entries.filter((entry) => (space === undefined || entry.space === space) && entry.end > now);
  }

  held(space: string, key: string): PlainEntry | undefined {
    return this.entries.find((entry) => entry.space === space && entry.key === key);
  }

  peek(space: string, key: string): PlainEntry | undefined {
    const entry = this.held(space, key);
    return entry && entry.end > this.now() ? entry : undefined;
  }

  get(space: string, key: string): PlainEntry | undefined {
    const entry = this.peek(space, key);
    if (entry === undefined) {
      this.counts.misses++;
      return undefined;
    }
    this.counts.hits++;
    entry.hits++;
    this.#policy?.touch(entry.handle);
    if (entry.idleTtl !== never) entry.end = Math.min(entry.born + entry.ttl, this.now() + entry.idleTtl);
    return entry;
  }

  set(space: string, key: string, value: Value, write: Write = {}): boolean {
    const size = write.size ?? value.weight;
    const held = this.held(space, key);
    if (size > this.maxBytes) {
      this.counts.rejected++;
      if (held) this.remove(held, 'replace');
      return false;
    }
    if (held) {
      this.#put(space, key, value, write, size);
      this.#makeRoom(0, 0, new Set([held]));
    } else {
      this.#makeRoom(size, 1);
      this.#put(space, key, value, write, size);
    }
    return true;
  }

  /** The changes of a transaction; `undefined` is a removal. Whether they fit in at once: else nothing has changed. */
  commit(space: string, changes: ReadonlyMap<string, PlainChange | undefined>): boolean {
    const writes = [...changes].flatMap(([key, change]) => (change ? [{ key, ...change }] : []));
    const sizeOf = ({ value, write }: PlainChange) => write.size ?? value.weight;
    const sum = writes.reduce((bytes, change) => bytes + sizeOf(change), 0);
    if (sum > this.maxBytes || writes.length > this.options.maxEntries) return false;
    for (const [key, change] of changes) if (!change) this.delete(space, key);
    const old = writes.flatMap(({ key }) => this.held(space, key) ?? []);
    const oldBytes = old.reduce((bytes, { size }) => bytes + size, 0);
    this.#makeRoom(sum - oldBytes, writes.length - old.length, new Set(old));
    for (const change of writes) this.#put(space, change.key, change.value, change.write, sizeOf(change));
    return true;
  }

  /** What a dump of some spaces holds. */
  dump(isMeant: (space: string) => boolean): PlainEntry[] {
    const held = this.entries.filter((entry) => isMeant(entry.space) && state(entry, this.now()) !== 'dead');
    return held.map((entry) => ({ ...entry }));
  }

  /** The handles of fresh entries in the order in which they would go, where the policy promises one. */
  order(isMeant: (space: string) => boolean): PlainEntry[] | undefined {
    const byHandle = new Map(this.fresh().map((entry) => [entry.handle, entry]));
    const order = this.#policy?.order().flatMap((handle) => byHandle.get(handle) ?? []);
    return order?.filter(({ space }) => isMeant(space));
  }

  /** Replaces what some spaces hold by the end of a list that fits; how many those are. */
  load(isMeant: (space: string) => boolean, list: readonly PlainEntry[]): number {
    const others = this.entries.filter(({ space }) => !isMeant(space));
    const otherBytes = others.reduce((bytes, { size }) => bytes + size, 0);
    const isAlive = (entry: PlainEntry) => state(entry, this.now()) !== 'dead' && entry.size <= this.maxBytes;
    let fitting = list.filter(isAlive);
    const isTooMuch = () =>
      fitting.reduce((bytes, { size }) => bytes + size, otherBytes) > this.maxBytes ||
      fitting.length + others.length > this.options.maxEntries;
    while (fitting.length > 0 && isTooMuch()) fitting = fitting.slice(1);
    this.deleteAll(
      this.entries.filter(({ space }) => isMeant(space)),
      'clear',
    );
    for (const old of fitting) {
      const entry = { ...old, handle: ++this.#lastHandle };
      this.entries.push(entry);
      this.#policy?.insert(entry.handle, entry.size, 1);
      for (let use = Math.min(entry.hits, 15); use > 0; use--) this.#policy?.touch(entry.handle);
    }
    return fitting.length;
  }

  /** Whether a fresh one went. */
  delete(space: string, key: string): boolean {
    const entry = this.held(space, key);
    if (!entry) return false;
    const wasFresh = entry.end > this.now();
    this.remove(entry, 'delete');
    return wasFresh;
  }

  /** How many fresh ones went. */
  deleteAll(chosen: readonly PlainEntry[], reason: RemovalReason = 'delete'): number {
    const fresh = chosen.filter((entry) => entry.end > this.now()).length;
    for (const entry of chosen) this.remove(entry, reason);
    return fresh;
  }

  /** Everything goes at once: the policy begins anew. */
  clear(): void {
    this.deleteAll([...this.entries], 'clear');
    this.#policy = policyOf(this.options.policy);
  }

  expire(space: string, key: string): boolean {
    const entry = this.peek(space, key);
    if (entry) entry.end = this.now();
    return entry !== undefined;
  }

  touch(space: string, key: string, ttl?: number): boolean {
    const entry = this.peek(space, key);
    if (!entry) return false;
    if (ttl !== undefined) entry.ttl = ttl;
    entry.born = this.now();
    entry.end = entry.born + Math.min(entry.ttl, entry.idleTtl);
    this.#policy?.touch(entry.handle);
    return true;
  }

  sweep(): number {
    const dead = this.entries.filter((entry) => state(entry, this.now()) === 'dead');
    for (const entry of dead) this.remove(entry, 'expire');
    return dead.length;
  }

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.#makeRoom(0, 0);
  }

  remove(entry: PlainEntry, given: RemovalReason): void {
    const reason = state(entry, this.now()) === 'dead' ? 'expire' : given;
    if (reason === 'expire') this.counts.expirations++;
    else if (reason === 'evict') this.counts.evictions++;
    else if (reason === 'delete') this.counts.deletes++;
    this.removals.push({ value: entry.value, reason });
    this.entries = this.entries.filter((other) => other !== entry);
    this.#policy?.remove(entry.handle);
  }

  /** A write that fits in. */
  #put(space: string, key: string, value: Value, write: Write, size: number): void {
    const { ttl = this.options.ttl, idleTtl = this.options.idleTtl, grace = this.options.grace } = write;
    const held = this.held(space, key);
    const born = this.now();
    const fields = { value, size, ttl, idleTtl, grace, born, end: born + Math.min(ttl, idleTtl), hits: 0 };
    const tags = [...new Set(write.tags ?? [])];
    this.counts.sets++;
    if (held) {
      const reason = state(held, born) === 'dead' ? 'expire' : 'replace';
      if (reason === 'expire') this.counts.expirations++;
      this.removals.push({ value: held.value, reason });
      Object.assign(held, fields, { tags });
      this.#policy?.update(held.handle, size, 1);
    } else {
      const entry = { ...fields, tags, space, key, handle: ++this.#lastHandle };
      this.entries.push(entry);
      this.#policy?.insert(entry.handle, size, 1);
    }
  }

  #makeRoom(bytes: number, count: number, kept: ReadonlySet<PlainEntry> = new Set()): void {
    const { maxEntries } = this.options;
    while (this.bytes + bytes > this.maxBytes || this.entries.length + count > maxEntries) {
      this.remove(this.#victim(kept), 'evict');
    }
  }

  /** The dead go first, those that died first; then the stale, those that die first; then whom the policy names. */
  #victim(kept: ReadonlySet<PlainEntry>): PlainEntry {
    const now = this.now();
    const others = this.entries.filter((entry) => !kept.has(entry));
    const gone = others.filter((entry) => entry.end <= now);
    if (gone.length > 0) {
      const first = Math.min(...gone.map((entry) => entry.end + entry.grace));
      return this.witness(gone.filter((entry) => entry.end + entry.grace === first));
    }
    if (this.#policy === undefined) return this.witness(others);
    let handle = this.#policy.victim();
    while (!others.some((entry) => entry.handle === handle)) {
      this.#policy.defer(handle);
      handle = this.#policy.victim();
    }
    return this.witness(others.filter((entry) => entry.handle === handle));
  }
}

/** The policies that promise exactly who goes. */
function policyOf(name: string): Model | undefined {
  if (name === 'lru') return new ListModel(true);
  if (name === 'fifo') return new ListModel(false);
  return name === 'lfu' ? new LfuModel() : undefined;
}
