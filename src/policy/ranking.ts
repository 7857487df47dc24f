import { invariant } from '../common/invariant.js';
import { grownCapacity, grownFloat64 } from '../struct/grow.js';
import { LinkedLists } from '../struct/linked-list.js';
import { RankBits } from '../struct/rank-bits.js';
import { clamp, kept, logOf, type Terms, TICKS } from './decay.js';

/** Lists: one per rank, in a ring, then those below. A power of two; four ranks an octave, so 128 octaves. */
const RANKS = 512;
const WINDOW = RANKS;
const ASIDE = RANKS + 1;
const LISTS = RANKS + 2;
/** In a row of four words: decayed uses (float), tick of the last one, cost ÷ bytes (float), bytes (float). */
const ROW = 4;
const TICK = 1;
const VALUE = 2;
const SIZE = 3;
/** Where an entry stands. */
const OUT = 0;
const IN_WINDOW = 1;
const IN_MAIN = 2;
const IN_ASIDE = 3;

/**
 * Who goes next, under given terms. The rank of an entry is the logarithm of
 *
 *     decayed uses × cost ÷ bytes
 *
 * where each use loses half of its weight every `halfLife × n` uses (n entries). This is LRFU (Lee et al., IEEE ToC 2001)
 * by value density: with a short half-life the last use decides, as in LRU; with a long one the number of uses does, as
 * in LFU; and the value density makes it a knapsack's greedy choice, as GreedyDual-Size-Frequency does.
 *
 * # Nothing moves as time passes
 *
 * All weights decay alike, so the order of two entries changes by uses only. Time is counted in ticks of a quarter of an
 * octave, ranks in the same unit: `rank = 4 × log2(uses × cost ÷ bytes) + tick`, rounded, stays what it was at the last use.
 * Changing the terms changes how fast the ticks come from now on, and nothing that is there has to be ranked anew: that
 * is why one strategy can be turned into another at any time, at no cost.
 *
 * # Lists by rank
 *
 * Each rank has a list (CAMP's idea: Ghandeharizadeh et al., Middleware 2014), 512 of them in a ring; a bit per list tells
 * which ones hold somebody. The least is the first of the lowest list. A use writes the row of the entry and moves
 * nothing; an entry that arrives at the front with a rank above its list's goes to the list it belongs to. Ranks are
 * integers modulo 2^32; so are ticks.
 *
 * # The window
 *
 * A newcomer enters a queue that holds `window` of the bytes. At its end the newcomer's rank, less `discount` uses,
 * must be above the least of the others, else it goes (TinyLFU: Einziger et al., ACM ToS 2017). The newest is in the
 * window always, however large it is, so it stays at least until the next write.
 */
export class Ranking {
  readonly #lists: LinkedLists;
  readonly #ranks = new RankBits(RANKS);
  /** The rows, as what their words are. */
  #doubles: Float64Array = new Float64Array(0);
  #floats: Float32Array = new Float32Array(0);
  #ints: Int32Array = new Int32Array(0);
  #places: Uint8Array = new Uint8Array(0);
  #capacity = 0;
  #terms: Terms;
  #tick = 0;
  /** Uses until the next tick. */
  #usesLeft = 0;
  #count = 0;
  #bytes = 0;
  #windowBytes = 0;
  /** What is held when it is full: follows the bytes held when somebody has to go. */
  #fullBytes = 0;
  #isWriteSeen = false;
  #isAnyAside = false;
  #named = -1;

  constructor(terms: Terms, capacity = 0) {
    this.#terms = terms;
    this.#lists = new LinkedLists(LISTS, capacity);
    if (capacity > 0) this.#grow(capacity);
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get fullBytes(): number {
    return this.#fullBytes;
  }

  get tick(): number {
    return this.#tick;
  }

  /** From now on. O(1). */
  set terms(terms: Terms) {
    // What is left of the present tick is as large a part of it under the new terms.
    this.#usesLeft = Math.round((this.#usesLeft * terms.halfLife) / this.#terms.halfLife);
    this.#terms = terms;
  }

  has(handle: number): boolean {
    return handle < this.#capacity && this.#places[handle] !== OUT;
  }

  size(handle: number): number {
    return this.#floats[ROW * handle + SIZE]!;
  }

  /** cost ÷ bytes */
  value(handle: number): number {
    return this.#floats[ROW * handle + VALUE]!;
  }

  /** Decayed uses as of now, also of one that has left, until its handle is given to another. */
  uses(handle: number): number {
    return handle < this.#capacity ? this.#floats[ROW * handle]! * this.#decay(handle) : 0;
  }

  /** The handle stands for something else from now on. */
  forget(handle: number): void {
    if (handle < this.#capacity) this.#floats[ROW * handle] = 0;
  }

  /** `uses` counts this one. */
  insert(handle: number, size: number, value: number, uses: number): void {
    if (handle >= this.#capacity) this.#grow(handle + 1);
    if (--this.#usesLeft < 0) this.#advance();
    const row = ROW * handle;
    this.#floats[row] = uses;
    this.#ints[row + TICK] = this.#tick;
    this.#floats[row + VALUE] = clamp(value);
    this.#floats[row + SIZE] = size;
    this.#places[handle] = IN_WINDOW;
    this.#lists.append(WINDOW, handle);
    this.#count++;
    const bytes = this.#floats[row + SIZE]!;
    this.#bytes += bytes;
    this.#windowBytes += bytes;
    this.#isWriteSeen = true;
    // One that stood aside may have been named for want of others.
    if (this.#isAnyAside) this.#named = -1;
  }

  touch(handle: number): void {
    if (--this.#usesLeft < 0) this.#advance();
    const row = ROW * handle;
    const tick = this.#tick;
    const age = (tick - this.#ints[row + TICK]!) | 0;
    if (age === 0) {
      this.#floats[row]! += 1;
    } else {
      this.#floats[row] = this.#floats[row]! * kept(age) + 1;
      this.#ints[row + TICK] = tick;
    }
  }

  /** Another size or value. A use as well. */
  update(handle: number, size: number, value: number): void {
    this.touch(handle);
    const row = ROW * handle;
    const before = this.#floats[row + SIZE]!;
    const valueBefore = this.#floats[row + VALUE]!;
    this.#floats[row + SIZE] = size;
    this.#floats[row + VALUE] = clamp(value);
    const isLower = this.#floats[row + VALUE]! < valueBefore;
    const change = this.#floats[row + SIZE]! - before;
    this.#bytes += change;
    if (this.#places[handle] === IN_WINDOW) this.#windowBytes += change;
    else if (this.#places[handle] === IN_MAIN && isLower) this.#toMain(handle);
    this.#isWriteSeen = true;
  }

  remove(handle: number): void {
    if (this.#named === handle) this.#named = -1;
    const bytes = this.#floats[ROW * handle + SIZE]!;
    this.#bytes -= bytes;
    this.#count--;
    if (this.#places[handle] === IN_WINDOW) this.#windowBytes -= bytes;
    this.#places[handle] = OUT;
    this.#lists.remove(handle);
    if (this.#isAnyAside) this.#takeBack();
  }

  /** Whether `victim` has named it, so that it leaves for want of room. */
  isNamed(handle: number): boolean {
    return handle === this.#named;
  }

  /** The next to go, or -1. */
  victim(): number {
    if (this.#named >= 0) return this.#named;
    if (this.#isWriteSeen) this.#lookAtBytes();
    this.#named = this.#choose();
    return this.#named;
  }

  /** Used this instant, and not to be named until others have been. */
  defer(handle: number): void {
    this.touch(handle);
    if (this.#named === handle) this.#named = -1;
    if (this.#places[handle] === IN_WINDOW) this.#windowBytes -= this.#floats[ROW * handle + SIZE]!;
    this.#places[handle] = IN_ASIDE;
    this.#isAnyAside = true;
    this.#lists.move(ASIDE, handle);
  }

  /** All of them, the first victim first: as they would go if nothing were used or written any more. */
  order(): number[] {
    const first = this.victim();
    const ranks = new Map<number, number>();
    for (const handle of this.#lists.toArray(WINDOW)) ranks.set(handle, this.#rankOf(handle, this.#terms.discount));
    for (let i = 0; i < RANKS; i++) {
      for (const handle of this.#lists.toArray(i)) ranks.set(handle, this.#rankOf(handle, 0));
    }
    const handles = [...ranks.keys()].sort((a, b) =>
      a === first ? -1 : b === first ? 1 : (ranks.get(a)! - ranks.get(b)!) | 0,
    );
    return handles.concat(this.#lists.toArray(ASIDE));
  }

  validate(): void {
    this.#lists.validate();
    let [count, bytes, windowBytes] = [0, 0, 0];
    for (let list = 0; list < LISTS; list++) {
      const place = list === WINDOW ? IN_WINDOW : list === ASIDE ? IN_ASIDE : IN_MAIN;
      for (const handle of this.#lists.toArray(list)) {
        invariant(
          this.#places[handle] === place,
          `ranking: ${handle} stands in ${list}, noted ${this.#places[handle]}`,
        );
        if (place === IN_MAIN) invariant(this.#ranks.has(list), `ranking: rank ${list} is not marked`);
        count++;
        bytes += this.#floats[ROW * handle + SIZE]!;
        if (place === IN_WINDOW) windowBytes += this.#floats[ROW * handle + SIZE]!;
      }
    }
    invariant(count === this.#count, `ranking: ${count} are listed, ${this.#count} are in`);
    invariant(near(bytes, this.#bytes), `ranking: ${bytes} bytes are listed, ${this.#bytes} are in`);
    invariant(
      near(windowBytes, this.#windowBytes),
      `ranking: ${windowBytes} bytes in the window, not ${this.#windowBytes}`,
    );
  }

  #choose(): number {
    const { window, discount } = this.#terms;
    const full = this.#fullBytes;
    for (;;) {
      const candidate = this.#lists.first(WINDOW);
      const least = this.#least();
      if (candidate < 0) return least >= 0 ? least : Math.max(-1, this.#lists.first(ASIDE));
      if (least >= 0 && this.#windowBytes <= window * full) return least;
      const newest = this.#lists.last(WINDOW);
      if (newest !== candidate && this.#mainBytes(candidate, newest) <= (1 - window) * full) {
        this.#toMain(candidate);
        continue;
      }
      if (least < 0 || ((this.#rankOf(candidate, discount) - this.#ranks.lowest()) | 0) <= 0) return candidate;
      this.#toMain(candidate);
      return least;
    }
  }

  /** What those outside of the window would weigh with this one, and with the newest, which is still to be housed. */
  #mainBytes(candidate: number, newest: number): number {
    return this.#bytes - this.#windowBytes + this.#floats[ROW * candidate + SIZE]! + this.#floats[ROW * newest + SIZE]!;
  }

  /** The least of those that are ranked, at the front of the lowest rank; or -1. */
  #least(): number {
    for (;;) {
      const list = this.#ranks.lowestIndex();
      if (list < 0) return -1;
      const handle = this.#lists.first(list);
      if (handle < 0) {
        this.#ranks.clear(list);
        continue;
      }
      const rank = this.#rankOf(handle, 0);
      if (((rank - this.#ranks.lowest()) | 0) <= 0) return handle;
      const target = this.#ranks.mark(rank);
      if (target === list) return handle;
      this.#lists.move(target, handle);
    }
  }

  #toMain(handle: number): void {
    if (this.#places[handle] === IN_WINDOW) this.#windowBytes -= this.#floats[ROW * handle + SIZE]!;
    this.#places[handle] = IN_MAIN;
    this.#lists.move(this.#ranks.mark(this.#rankOf(handle, 0)), handle);
  }

  #takeBack(): void {
    const returning = this.#lists.first(ASIDE);
    if (returning >= 0) this.#toMain(returning);
    else this.#isAnyAside = false;
  }

  #rankOf(handle: number, discount: number): number {
    const row = ROW * handle;
    let uses = this.#floats[row]!;
    let tick = this.#ints[row + TICK]!;
    if (discount > 0) {
      uses = uses * this.#decay(handle) - discount;
      tick = this.#tick;
      if (uses < 2 ** -16) uses = 2 ** -16;
    }
    return (logOf(uses * this.#floats[row + VALUE]!) + tick) | 0;
  }

  #decay(handle: number): number {
    return kept((this.#tick - this.#ints[ROW * handle + TICK]!) | 0);
  }

  /** The next tick, or as many as one use is worth where there are few entries. */
  #advance(): void {
    const uses = (this.#terms.halfLife * Math.max(this.#count, 5)) / TICKS;
    this.#tick = (this.#tick + Math.max(1, Math.round(1 / uses))) | 0;
    this.#usesLeft = Math.max(0, Math.round(uses) - 1);
  }

  #lookAtBytes(): void {
    this.#isWriteSeen = false;
    const spare = this.#fullBytes - this.#bytes;
    if (spare <= 0) this.#fullBytes = this.#bytes;
    else this.#fullBytes -= spare / 32;
  }

  #grow(needed: number): void {
    this.#capacity = grownCapacity(this.#capacity, needed);
    this.#lists.reserve(this.#capacity);
    this.#doubles = grownFloat64(this.#doubles, (ROW / 2) * this.#capacity);
    this.#floats = new Float32Array(this.#doubles.buffer);
    this.#ints = new Int32Array(this.#doubles.buffer);
    const places = new Uint8Array(this.#capacity);
    places.set(this.#places);
    this.#places = places;
  }
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b));
}
