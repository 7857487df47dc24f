import { DeadlineQueue } from '../struct/deadline-queue.js';
import { grownFloat64 } from '../struct/grow.js';

/** How long an entry lives, in ms. */
export interface Terms {
  ttl: number;
  idleTtl: number;
  grace: number;
}

export type State = 'fresh' | 'stale' | 'dead';

/**
 * How long entries live. An entry is fresh until its `end`, stale for its grace after that, then dead.
 *
 * Two queues know what happens next: `#fresh` holds fresh entries by a time at which they may have ended, `#gone` those
 * that have ended, by the time of their death. A read that prolongs the idle time of an entry only moves its `end`;
 * the queue finds out when the old time comes. Nothing here is allocated, and no clock is needed, until the first entry
 * with a deadline comes (`isTimed`).
 */
export class Lifetime {
  /** Whether any entry ever had a deadline since the last `clear`. */
  isTimed = false;
  /** Whether any entry ever had an idle time since then. */
  isIdling = false;
  /** Until when each entry is fresh; `Infinity` for those without a deadline. Empty unless `isTimed`. */
  end: Float64Array = new Float64Array(0);
  #born: Float64Array = new Float64Array(0);
  #ttl: Float64Array = new Float64Array(0);
  #grace: Float64Array = new Float64Array(0);
  #idleTtl: Float64Array = new Float64Array(0);
  #fresh = new DeadlineQueue();
  #gone = new DeadlineQueue();

  /** Entries that are no longer fresh, as of the last `advance`. */
  get goneCount(): number {
    return this.#gone.size;
  }

  grow(capacity: number): void {
    this.#born = grownFloat64(this.#born, capacity);
    if (this.isTimed) this.#growTimed(capacity);
    if (this.isIdling) this.#idleTtl = filled(this.#idleTtl, capacity, Number.POSITIVE_INFINITY);
  }

  /** The entry is new, or new again. Gives the time of its death. */
  start(handle: number, now: number, terms: Terms): number {
    this.#born[handle] = now;
    if (terms.ttl === Number.POSITIVE_INFINITY && terms.idleTtl === Number.POSITIVE_INFINITY) {
      if (this.isTimed) this.#unbind(handle);
      return Number.POSITIVE_INFINITY;
    }
    this.#useDeadlines();
    this.#ttl[handle] = terms.ttl;
    this.#grace[handle] = terms.grace;
    if (terms.idleTtl !== Number.POSITIVE_INFINITY) this.#useIdle();
    if (this.isIdling) this.#idleTtl[handle] = terms.idleTtl;
    return this.#bind(handle, now + Math.min(terms.ttl, terms.idleTtl));
  }

  /** Its time begins anew, with another TTL if one is given. Gives the time of its death. */
  restart(handle: number, now: number, ttl?: number): number {
    if (!this.isTimed && (ttl === undefined || ttl === Number.POSITIVE_INFINITY)) {
      this.#born[handle] = now;
      return Number.POSITIVE_INFINITY;
    }
    const terms = { ttl: ttl ?? this.ttl(handle), idleTtl: this.#idle(handle), grace: this.grace(handle) };
    return this.start(handle, now, terms);
  }

  /** A hit: the idle time begins anew. */
  use(handle: number, now: number): void {
    const idleTtl = this.#idleTtl[handle]!;
    if (idleTtl !== Number.POSITIVE_INFINITY) {
      this.end[handle] = Math.min(this.#born[handle]! + this.#ttl[handle]!, now + idleTtl);
    }
  }

  /** It ends now, unless it has already. Gives the time of its death. */
  finish(handle: number, now: number): number {
    this.#useDeadlines();
    if (this.end[handle]! > now) {
      this.end[handle] = now;
      this.#fresh.delete(handle);
      this.#gone.set(handle, now + this.#grace[handle]!);
    }
    return this.deadAt(handle);
  }

  /** The entry has left. */
  forget(handle: number): void {
    if (this.isTimed) this.#unbind(handle);
  }

  clear(): void {
    this.isTimed = false;
    this.isIdling = false;
    this.end = new Float64Array(0);
    this.#fresh = new DeadlineQueue();
    this.#gone = new DeadlineQueue();
  }

  /** Notes what has ended by now. Each entry ends once, so this is O(1) per entry over time. */
  advance(now: number): void {
    while (this.#fresh.firstTime() <= now) {
      const handle = this.#fresh.first();
      const end = this.end[handle]!;
      if (end > now) {
        this.#fresh.set(handle, end);
      } else {
        this.#fresh.delete(handle);
        this.#gone.set(handle, end + this.#grace[handle]!);
      }
    }
  }

  /** The entry that is dead longest, else the stale one that dies first; -1 when all are fresh. After `advance`. */
  firstGone(): number {
    return this.#gone.first();
  }

  /** The entry that is dead longest; -1 when none is. After `advance`. */
  firstDead(now: number): number {
    return this.#gone.firstTime() <= now ? this.#gone.first() : -1;
  }

  /** A time before which nothing dies. */
  nextDeath(): number {
    return Math.min(this.#gone.firstTime(), this.#fresh.firstTime());
  }

  state(handle: number, now: number): State {
    if (!this.isTimed || this.end[handle]! > now) return 'fresh';
    return this.deadAt(handle) > now ? 'stale' : 'dead';
  }

  endsAt(handle: number): number {
    return this.isTimed ? this.end[handle]! : Number.POSITIVE_INFINITY;
  }

  deadAt(handle: number): number {
    return this.isTimed ? this.end[handle]! + this.#grace[handle]! : Number.POSITIVE_INFINITY;
  }

  bornAt(handle: number): number {
    return this.#born[handle]!;
  }

  /** The TTL that the entry was given. */
  ttl(handle: number): number {
    return this.isTimed ? this.#ttl[handle]! : Number.POSITIVE_INFINITY;
  }

  grace(handle: number): number {
    return this.isTimed ? this.#grace[handle]! : 0;
  }

  validate(): void {
    this.#fresh.validate();
    this.#gone.validate();
  }

  #idle(handle: number): number {
    return this.isIdling ? this.#idleTtl[handle]! : Number.POSITIVE_INFINITY;
  }

  #bind(handle: number, end: number): number {
    this.end[handle] = end;
    this.#fresh.set(handle, end);
    if (this.#gone.size > 0) this.#gone.delete(handle);
    return end + this.#grace[handle]!;
  }

  #unbind(handle: number): void {
    this.end[handle] = Number.POSITIVE_INFINITY;
    this.#ttl[handle] = Number.POSITIVE_INFINITY;
    this.#grace[handle] = 0;
    if (this.isIdling) this.#idleTtl[handle] = Number.POSITIVE_INFINITY;
    if (!this.#fresh.delete(handle)) this.#gone.delete(handle);
  }

  #useDeadlines(): void {
    if (this.isTimed) return;
    this.isTimed = true;
    this.end = new Float64Array(0);
    this.#ttl = new Float64Array(0);
    this.#grace = new Float64Array(0);
    this.#growTimed(this.#born.length);
  }

  #useIdle(): void {
    if (this.isIdling) return;
    this.isIdling = true;
    this.#idleTtl = filled(new Float64Array(0), this.#born.length, Number.POSITIVE_INFINITY);
  }

  #growTimed(capacity: number): void {
    this.end = filled(this.end, capacity, Number.POSITIVE_INFINITY);
    this.#ttl = filled(this.#ttl, capacity, Number.POSITIVE_INFINITY);
    this.#grace = grownFloat64(this.#grace, capacity);
  }
}

function filled(array: Float64Array, length: number, fill: number): Float64Array {
  const grown = grownFloat64(array, length);
  grown.fill(fill, array.length);
  return grown;
}
