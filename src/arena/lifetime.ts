import { DeadlineQueue } from '../struct/deadline-queue.js';
import { FLAG_EXPIRES, FLAG_IDLE, SLOT, SLOT_DOUBLES, SLOT_F64 } from './layout.js';
import type { CacheTable } from './table.js';

/** What is said of an entry, beside its bytes. Times in milliseconds, `Infinity` for never. */
export interface EntryTerms {
  ttlMs: number;
  idleMs: number;
  graceMs: number;
  /** What a miss costs; 0 when the keeper is to work it out. */
  cost: number;
  /** Names under which it can be removed together with others, each once. */
  tags?: readonly string[];
  /** What it is charged with at least, however little it takes. Default: what it takes. */
  size?: number;
  /** What functions of another thread have yet to say: those of the cache's creator, or of who has asked for the load. */
  appraise?: { cost: boolean; ttl: 'creator' | 'asker' | undefined };
  /** What the TTL is cut by at random when the entry is entered: below 1 a share of it, else ms. Default: 0. */
  jitter?: number;
}

/**
 * Fresh, stale, dead: the entries of one cache in time. An entry that expires one day is in `#fresh` under its handle;
 * a stale one in `stale` and `#dead`. Readers write down when they last used an entry with an idle TTL, so such a
 * deadline is looked at again when it comes.
 */
export class Lifetimes {
  /** Handles of the stale, the longest so first. */
  readonly stale = new Set<number>();
  readonly #fresh = new DeadlineQueue();
  readonly #dead = new DeadlineQueue();

  constructor(
    readonly table: CacheTable,
    readonly slotOf: (handle: number) => number,
  ) {}

  /** Writes an entry's times into its slot; `parts` is the word that the flags go into. */
  begin(slot: number, terms: EntryTerms, now: number, parts: number): void {
    const { table } = this;
    const expires = Number.isFinite(terms.ttlMs) ? FLAG_EXPIRES : 0;
    const idles = Number.isFinite(terms.idleMs) ? FLAG_IDLE : 0;
    table.setInt(slot, SLOT.parts, parts | expires | idles);
    const { doubles } = table;
    const at = table.slotDoubles + slot * SLOT_DOUBLES;
    doubles[at + SLOT_F64.bornAt] = now;
    doubles[at + SLOT_F64.ttlMs] = terms.ttlMs;
    doubles[at + SLOT_F64.idleMs] = terms.idleMs;
    doubles[at + SLOT_F64.graceMs] = terms.graceMs;
    doubles[at + SLOT_F64.cost] = terms.cost;
    doubles[at + SLOT_F64.lastUsed] = now;
    doubles[at + SLOT_F64.freshUntil] = now + terms.ttlMs;
    doubles[at + SLOT_F64.deadAt] = now + terms.ttlMs + terms.graceMs;
  }

  terms(slot: number): EntryTerms {
    const { table } = this;
    return {
      ttlMs: table.double(slot, SLOT_F64.ttlMs),
      idleMs: table.double(slot, SLOT_F64.idleMs),
      graceMs: table.double(slot, SLOT_F64.graceMs),
      cost: table.double(slot, SLOT_F64.cost),
    };
  }

  /** Begins anew. */
  restart(handle: number, slot: number, terms: EntryTerms, now: number): void {
    this.unqueue(handle);
    this.begin(slot, terms, now, this.table.int(slot, SLOT.parts) & ~(FLAG_EXPIRES | FLAG_IDLE));
    this.queue(handle, slot);
  }

  /** An entry, just begun, that has lived before: `left` is the rest of its time, 0 or less when it is stale already. */
  resume(handle: number, slot: number, { age, left }: { age: number; left: number }, now: number): void {
    const { table } = this;
    const [ttlMs, idleMs] = [table.double(slot, SLOT_F64.ttlMs), table.double(slot, SLOT_F64.idleMs)];
    this.unqueue(handle);
    const until = now + left;
    const idles = Number.isFinite(idleMs);
    // Where both times are limited `left` does not tell which ends first; after the next use it does not matter.
    const freshUntil = left > 0 && idles ? Math.max(until, now - age + ttlMs) : until;
    table.setDouble(slot, SLOT_F64.bornAt, now - age);
    table.setDouble(slot, SLOT_F64.lastUsed, idles ? Math.min(now, until - idleMs) : now);
    table.setDouble(slot, SLOT_F64.freshUntil, freshUntil);
    table.setDouble(slot, SLOT_F64.deadAt, freshUntil + table.double(slot, SLOT_F64.graceMs));
    if (until !== Number.POSITIVE_INFINITY) table.setInt(slot, SLOT.parts, table.int(slot, SLOT.parts) | FLAG_EXPIRES);
    if (left > 0) this.queue(handle, slot);
    else this.#becomeStale(handle, slot);
  }

  /** Makes an entry stale as of `now`. */
  end(handle: number, slot: number, now: number): void {
    const { table } = this;
    this.unqueue(handle);
    table.setDouble(slot, SLOT_F64.freshUntil, now);
    table.setDouble(slot, SLOT_F64.deadAt, now + table.double(slot, SLOT_F64.graceMs));
    table.setInt(slot, SLOT.parts, table.int(slot, SLOT.parts) | FLAG_EXPIRES);
    this.#becomeStale(handle, slot);
  }

  /** When the entry stops being fresh, as things stand. */
  freshUntil(slot: number): number {
    const { table } = this;
    const idleUntil = table.double(slot, SLOT_F64.lastUsed) + table.double(slot, SLOT_F64.idleMs);
    return Math.min(table.double(slot, SLOT_F64.freshUntil), idleUntil);
  }

  queue(handle: number, slot: number): void {
    const until = this.freshUntil(slot);
    if (until < Number.POSITIVE_INFINITY) this.#fresh.set(handle, until);
  }

  unqueue(handle: number): void {
    this.#fresh.delete(handle);
    if (this.stale.delete(handle)) this.#dead.delete(handle);
  }

  /** When `advance` has something to do next. */
  nextDeadline(): number {
    return Math.min(this.#fresh.firstTime(), this.#dead.firstTime());
  }

  /** Lets time pass: what was fresh becomes stale, and `die`, which takes it out, is called for the slot of what is dead. */
  advance(now: number, die: (slot: number) => void): void {
    const { table } = this;
    while (this.#fresh.firstTime() <= now) {
      const handle = this.#fresh.first();
      const slot = this.slotOf(handle);
      const until = this.freshUntil(slot);
      if (until > now) {
        this.#fresh.set(handle, until);
        continue;
      }
      const deadAt = Math.min(table.double(slot, SLOT_F64.deadAt), until + table.double(slot, SLOT_F64.graceMs));
      table.setDouble(slot, SLOT_F64.deadAt, deadAt);
      table.setDouble(slot, SLOT_F64.freshUntil, until);
      this.#becomeStale(handle, slot);
    }
    while (this.#dead.firstTime() <= now) die(this.slotOf(this.#dead.first()));
  }

  /** @throws when an entry is not in the queues that its times ask for. */
  validate(handle: number, slot: number): void {
    const expires = (this.table.int(slot, SLOT.parts) & (FLAG_EXPIRES | FLAG_IDLE)) !== 0;
    const stale = this.stale.has(handle);
    if (this.#fresh.has(handle) !== (expires && !stale)) throw new Error(`lifetimes: deadline of slot ${slot}`);
    if (this.#dead.has(handle) !== stale) throw new Error(`lifetimes: death of slot ${slot}`);
  }

  #becomeStale(handle: number, slot: number): void {
    this.#fresh.delete(handle);
    this.stale.add(handle);
    this.#dead.set(handle, this.table.double(slot, SLOT_F64.deadAt));
  }
}
