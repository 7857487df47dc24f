import { DeadlineQueue } from '../struct/deadline-queue.js';
import { grownFloat64 } from '../struct/grow.js';

/** How long an entry lives, in ms. */
export interface Terms {
  readonly ttl: number;
  readonly idleTtl: number;
  readonly grace: number;
}

/** No TTL: those are above 0. */
const UNKNOWN = 0;

export type State = 'fresh' | 'stale' | 'dead';

/**
 * How long entries live. An entry is fresh until its `end`, stale for its grace after that, then dead.
 *
 * Two queues know what happens next: `#fresh` holds fresh entries by a time at which they may have ended, `#gone` those
 * that have ended, by the time of their death. What prolongs the life of an entry, an overwrite or a read within its idle
 * time, only moves its `end`, and who leaves stays in the queue for the next holder of the handle; the queue finds out
 * when the old time comes, once per TTL instead of once per change. Nothing here is allocated, and no clock is needed, until the first entry
 * with a deadline comes (`isTimed`).
 *
 * "Now" is the last reading of the clock: whoever calls has seen to it that it is recent enough.
 */
export class Lifetime {
  /** Whether any entry ever had a deadline, or a grace, since the last `clear`. */
  isTimed = false;
  /** Whether any entry ever had an idle time since then. */
  isIdling = false;
  /** Until when each entry is fresh; `Infinity` for those without a deadline. Empty unless `isTimed`. */
  end: Float64Array = new Float64Array(0);
  readonly #time: Float64Array;
  #capacity = 0;
  /** The TTL of all that have an end, since the last `clear`, as long as it is the same. */
  #commonTtl = UNKNOWN;
  /** Their TTLs, once they differ. Of no meaning for those without an end. */
  #ttl: Float64Array | undefined;
  #hasGrace = false;
  #grace: Float64Array = new Float64Array(0);
  #idleTtl: Float64Array = new Float64Array(0);
  /** Each handle at a time that is never after its `end`. */
  #fresh = new DeadlineQueue();
  #gone = new DeadlineQueue();

  /** `time`: one number, the last reading of the clock. */
  constructor(time: Float64Array) {
    this.#time = time;
  }

  /** Entries that are no longer fresh, as of the last `advance`. */
  get goneCount(): number {
    return this.#gone.size;
  }

  grow(capacity: number): void {
    this.#capacity = capacity;
    if (this.isTimed) this.#growTimed(capacity);
    if (this.isIdling) this.#idleTtl = filled(this.#idleTtl, capacity, Number.POSITIVE_INFINITY);
  }

  /** The entry is new, or new again. */
  start(handle: number, terms: Terms): void {
    const ends = terms.ttl !== Number.POSITIVE_INFINITY || terms.idleTtl !== Number.POSITIVE_INFINITY;
    // Without a deadline too, an entry has a grace, for when it is made to expire.
    if (ends || terms.grace > 0) {
      this.#bind(handle, terms);
    } else if (this.isTimed) {
      this.forget(handle);
      if (this.#hasGrace) this.#grace[handle] = 0;
      if (this.isIdling) this.#idleTtl[handle] = Number.POSITIVE_INFINITY;
    }
  }

  /** Its time begins anew, with another TTL if one is given. */
  restart(handle: number, ttl = this.ttl(handle)): void {
    this.start(handle, { ttl, idleTtl: this.idleTtl(handle), grace: this.grace(handle) });
  }

  /** The entry, just begun, has only so much left of its time; it is stale already when that is 0 or less. */
  resume(handle: number, left: number): void {
    this.#useDeadlines();
    if (this.end[handle] === Number.POSITIVE_INFINITY) this.#setTtl(handle, Number.POSITIVE_INFINITY);
    const end = this.#time[0]! + left;
    this.end[handle] = end;
    if (left > 0) {
      if (end < this.#fresh.timeOf(handle)) this.#fresh.set(handle, end);
    } else {
      this.#fresh.delete(handle);
      this.#gone.set(handle, this.deadAt(handle));
    }
  }

  /** A hit on an entry of that birth: the idle time begins anew. */
  use(handle: number, born: number): void {
    const idleTtl = this.#idleTtl[handle]!;
    if (idleTtl !== Number.POSITIVE_INFINITY) {
      this.end[handle] = Math.min(born + this.ttl(handle), this.#time[0]! + idleTtl);
    }
  }

  /** It ends now, unless it has already. */
  finish(handle: number): void {
    this.#useDeadlines();
    const now = this.#time[0]!;
    if (this.end[handle]! <= now) return;
    this.end[handle] = now;
    this.#fresh.delete(handle);
    this.#gone.set(handle, this.deadAt(handle));
  }

  /** The entry has left. */
  forget(handle: number): void {
    if (!this.isTimed || this.end[handle] === Number.POSITIVE_INFINITY) return;
    this.end[handle] = Number.POSITIVE_INFINITY;
    if (this.#gone.size > 0) this.#gone.delete(handle);
  }

  clear(): void {
    this.isTimed = false;
    this.isIdling = false;
    this.#hasGrace = false;
    this.end = new Float64Array(0);
    this.#commonTtl = UNKNOWN;
    this.#ttl = undefined;
    this.#fresh = new DeadlineQueue();
    this.#gone = new DeadlineQueue();
  }

  /** Notes what has ended by now. Each entry ends once, so this is O(1) per entry over time. */
  advance(): void {
    const now = this.#time[0]!;
    while (this.#fresh.firstTime() <= now) {
      const handle = this.#fresh.first();
      const end = this.end[handle]!;
      if (end === Number.POSITIVE_INFINITY) {
        this.#fresh.delete(handle);
      } else if (end > now) {
        this.#fresh.set(handle, end);
      } else {
        this.#fresh.delete(handle);
        this.#gone.set(handle, this.deadAt(handle));
      }
    }
  }

  /** The entry is about to begin anew: until then it is not the first to go. */
  spare(handle: number): void {
    if (this.#gone.size > 0) this.#gone.delete(handle);
  }

  /** The entry that is dead longest, else the stale one that dies first; -1 when all are fresh. After `advance`. */
  firstGone(): number {
    return this.#gone.first();
  }

  /** The entry that is dead longest; -1 when none is. After `advance`. */
  firstDead(): number {
    return this.#gone.firstTime() <= this.#time[0]! ? this.#gone.first() : -1;
  }

  /** A time before which nothing that is fresh ends; never, where a hit moves it: then nothing is sure. */
  nextEnd(): number {
    return this.isIdling ? Number.NEGATIVE_INFINITY : this.#fresh.firstTime();
  }

  /** A time before which nothing dies. */
  nextDeath(): number {
    return Math.min(this.#gone.firstTime(), this.#fresh.firstTime());
  }

  state(handle: number): State {
    if (!this.isTimed || this.end[handle]! > this.#time[0]!) return 'fresh';
    return this.isDead(handle) ? 'dead' : 'stale';
  }

  isDead(handle: number): boolean {
    return this.isTimed && this.end[handle]! + this.grace(handle) <= this.#time[0]!;
  }

  endsAt(handle: number): number {
    return this.isTimed ? this.end[handle]! : Number.POSITIVE_INFINITY;
  }

  deadAt(handle: number): number {
    return this.isTimed ? this.end[handle]! + this.grace(handle) : Number.POSITIVE_INFINITY;
  }

  /** The TTL that the entry was given. */
  ttl(handle: number): number {
    if (this.endsAt(handle) === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    return this.#ttl === undefined ? this.#commonTtl : this.#ttl[handle]!;
  }

  idleTtl(handle: number): number {
    return this.isIdling ? this.#idleTtl[handle]! : Number.POSITIVE_INFINITY;
  }

  grace(handle: number): number {
    return this.#hasGrace ? this.#grace[handle]! : 0;
  }

  validate(): void {
    this.#fresh.validate();
    this.#gone.validate();
  }

  #bind(handle: number, { ttl, idleTtl, grace }: Terms): void {
    this.#useDeadlines();
    if (idleTtl !== Number.POSITIVE_INFINITY) this.#useIdle();
    if (grace > 0) this.#useGrace();
    this.#setTtl(handle, ttl);
    if (this.#hasGrace) this.#grace[handle] = grace;
    if (this.isIdling) this.#idleTtl[handle] = idleTtl;
    const end = this.#time[0]! + (ttl < idleTtl ? ttl : idleTtl);
    this.end[handle] = end;
    if (this.#gone.size > 0) this.#gone.delete(handle);
    if (end < this.#fresh.timeOf(handle)) this.#fresh.set(handle, end);
  }

  #useDeadlines(): void {
    if (this.isTimed) return;
    this.isTimed = true;
    this.end = new Float64Array(0);
    this.#growTimed(this.#capacity);
  }

  #setTtl(handle: number, ttl: number): void {
    if (this.#ttl !== undefined) this.#ttl[handle] = ttl;
    else if (ttl !== this.#commonTtl) this.#differ(handle, ttl);
  }

  #differ(handle: number, ttl: number): void {
    if (this.#commonTtl === UNKNOWN) {
      this.#commonTtl = ttl;
    } else {
      this.#ttl = new Float64Array(this.#capacity).fill(this.#commonTtl);
      this.#ttl[handle] = ttl;
    }
  }

  #useIdle(): void {
    if (this.isIdling) return;
    this.isIdling = true;
    this.#idleTtl = filled(new Float64Array(0), this.#capacity, Number.POSITIVE_INFINITY);
  }

  #useGrace(): void {
    if (this.#hasGrace) return;
    this.#hasGrace = true;
    this.#grace = new Float64Array(this.#capacity);
  }

  #growTimed(capacity: number): void {
    this.end = filled(this.end, capacity, Number.POSITIVE_INFINITY);
    if (this.#ttl !== undefined) this.#ttl = filled(this.#ttl, capacity, Number.POSITIVE_INFINITY);
    this.#fresh.reserve(capacity);
    if (this.#hasGrace) this.#grace = grownFloat64(this.#grace, capacity);
  }
}

function filled(array: Float64Array, length: number, fill: number): Float64Array {
  const grown = grownFloat64(array, length);
  grown.fill(fill, array.length);
  return grown;
}
