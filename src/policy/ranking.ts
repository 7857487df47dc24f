import { invariant } from '../common/invariant.js';
import { RankBits } from '../struct/rank-bits.js';
import { Clock } from './clock.js';
import { discounted, discountTable, heightOf, NEVER, type Terms, TICK_BITS, used } from './decay.js';
import {
  DENSITY,
  EntryRows,
  HASH,
  IN_ASIDE,
  IN_MAIN,
  IN_WINDOW,
  PLACE_BITS,
  PLACES,
  SIZE,
  WEIGHT,
} from './entry-rows.js';

/** Lists: one per rank, in a ring, then those below. A power of two; four ranks an octave, so 128 octaves. */
const RANKS = 512;
const WINDOW = RANKS;
const ASIDE = RANKS + 1;
const LISTS = RANKS + 2;
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
 * An entry keeps just that, as an integer (see decay.ts), so a use costs a look into a table and no multiplication.
 * Changing the terms changes how fast the ticks come from now on, and nothing that is there has to be ranked anew: that
 * is why one strategy can be turned into another at any time, at no cost.
 *
 * # Lists by rank
 *
 * Each rank has a list (CAMP's idea: Ghandeharizadeh et al., Middleware 2014), 512 of them in a ring; a bit per list tells
 * which ones hold somebody. The least is the first of the lowest list. A use writes the row of the entry and moves
 * nothing; an entry that arrives at the front with a rank above its list's goes to the list it belongs to. Ranks are
 * integers modulo 2^32; so are ticks. All that is known of an entry lies side by side, in 24 bytes.
 *
 * # The window
 *
 * A newcomer enters a queue that holds `window` of the bytes. At its end the newcomer's rank, less `discount` uses,
 * must be above the least of the others, else it goes (TinyLFU: Einziger et al., ACM ToS 2017). The newest is in the
 * window always, however large it is, so it stays at least until the next write.
 */
export class Ranking {
  /** What is known of each entry: for whoever wants to look. */
  readonly rows: EntryRows;
  readonly #ranks = new RankBits(RANKS);
  readonly #clock: Clock;
  #terms: Terms;
  #discounts: Int32Array;
  #count = 0;
  #bytes = 0;
  #windowBytes = 0;
  /** Entries that are ranked. */
  #ranked = 0;
  /** What is held when it is full: follows the bytes held when somebody has to go. */
  #fullBytes = 0;
  #isWriteSeen = false;
  #isAnyAside = false;
  #named = -1;

  constructor(terms: Terms, capacity = 0) {
    this.#terms = terms;
    this.#clock = new Clock(terms.halfLife);
    this.#discounts = discountTable(terms.discount);
    this.rows = new EntryRows(LISTS, 0);
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
    return this.#clock.tick;
  }

  /** From now on. O(1). */
  set terms(terms: Terms) {
    this.#terms = terms;
    this.#clock.halfLife = terms.halfLife;
    this.#discounts = discountTable(terms.discount);
  }

  /** The logarithm of its decayed uses, see decay.ts; also of one that has left, until its handle is given to another. */
  height(handle: number): number {
    return handle < this.rows.capacity ? heightOf(this.rows.weight(handle), this.#clock.now) : NEVER;
  }

  setHeight(handle: number, height: number): void {
    if (handle < this.rows.capacity) this.rows.setWeight(handle, this.#clock.now + height);
  }

  /** The handle stands for something else from now on. */
  forget(handle: number): void {
    this.setHeight(handle, NEVER);
  }

  /** As many uses more as this height stands for. */
  credit(handle: number, height: number): void {
    this.rows.setWeight(handle, used(this.rows.weight(handle), (this.#clock.now + height) | 0));
  }

  /** A new entry, used for the first time since `forget`, or ever if `isNew`. */
  insert(handle: number, size: number, value: number, hash: number, isNew: boolean): void {
    const rows = this.rows;
    if (handle >= rows.capacity) this.#grow(handle + 1);
    this.#clock.use(this.#count);
    const weight = isNew ? this.#clock.now : used(rows.weight(handle), this.#clock.now);
    const bytes = rows.enter(handle, weight, size, value, hash);
    rows.append(WINDOW, handle);
    this.#count++;
    this.#bytes += bytes;
    this.#windowBytes += bytes;
    this.#isWriteSeen = true;
    if (this.#isAnyAside) this.#named = -1;
  }

  /** The one that was named goes, and a new one takes its handle: `remove` and `insert`. */
  replace(handle: number, size: number, value: number, hash: number): void {
    const { rows } = this;
    const place = rows.place(handle);
    const bytesBefore = rows.size(handle);
    this.#clock.use(this.#count - 1);
    const bytes = rows.enter(handle, this.#clock.now, size, value, hash);
    rows.move(WINDOW, handle);
    this.#named = -1;
    this.#bytes += bytes - bytesBefore;
    this.#windowBytes += place === IN_WINDOW ? bytes - bytesBefore : bytes;
    if (place === IN_MAIN) this.#ranked--;
    this.#isWriteSeen = true;
    if (this.#isAnyAside) this.#takeBack();
  }

  /** A use. Its hash, for whoever wants to know. */
  touch(handle: number): number {
    this.#clock.use(this.#count);
    const { ints } = this.rows;
    const at = this.rows.at(handle);
    ints[at + WEIGHT] = used(ints[at + WEIGHT]!, this.#clock.now);
    return ints[at + HASH]!;
  }

  /** Another size or value. A use as well; its hash. */
  update(handle: number, size: number, value: number): number {
    const hash = this.touch(handle);
    this.#isWriteSeen = true;
    if (this.rows.isWorth(handle, size, value)) return hash;
    const { rows } = this;
    const before = rows.size(handle);
    const densityBefore = rows.density(handle);
    const place = rows.place(handle);
    rows.enter(handle, rows.weight(handle), size, value, hash);
    rows.setPlace(handle, place);
    const change = rows.size(handle) - before;
    this.#bytes += change;
    if (place === IN_WINDOW) this.#windowBytes += change;
    else if (place === IN_MAIN && rows.density(handle) < densityBefore) this.#toMain(handle);
    return hash;
  }

  remove(handle: number): void {
    const rows = this.rows;
    if (this.#named === handle) this.#named = -1;
    const { ints } = rows;
    const at = rows.at(handle);
    const bytes = rows.floats[at + SIZE]!;
    const place = ints[at + DENSITY]! & PLACES;
    this.#bytes -= bytes;
    this.#count--;
    if (place === IN_WINDOW) this.#windowBytes -= bytes;
    else if (place === IN_MAIN) this.#ranked--;
    ints[at + DENSITY]! &= ~PLACES;
    rows.remove(handle);
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
    this.#put(handle, IN_ASIDE);
    this.#isAnyAside = true;
    this.rows.move(ASIDE, handle);
  }

  /** All of them, the first victim first: as they would go if nothing were used or written any more. */
  order(): number[] {
    const first = this.victim();
    const ranks = new Map<number, number>();
    for (const handle of this.rows.toArray(WINDOW)) ranks.set(handle, this.#candidateRank(handle));
    for (let i = 0; i < RANKS; i++) {
      for (const handle of this.rows.toArray(i)) ranks.set(handle, this.#rankOf(handle));
    }
    const handles = [...ranks.keys()].sort((a, b) =>
      a === first ? -1 : b === first ? 1 : (ranks.get(a)! - ranks.get(b)!) | 0,
    );
    return handles.concat(this.rows.toArray(ASIDE));
  }

  validate(): void {
    this.rows.validate();
    let [count, ranked, bytes, windowBytes] = [0, 0, 0, 0];
    for (let list = 0; list < LISTS; list++) {
      const place = list === WINDOW ? IN_WINDOW : list === ASIDE ? IN_ASIDE : IN_MAIN;
      for (const handle of this.rows.toArray(list)) {
        const noted = this.rows.place(handle);
        invariant(noted === place, `ranking: ${handle} stands in ${list}, noted ${noted}`);
        invariant(place !== IN_MAIN || this.#ranks.has(list), `ranking: rank ${list} is not marked`);
        if (place === IN_MAIN) ranked++;
        count++;
        bytes += this.rows.size(handle);
        if (place === IN_WINDOW) windowBytes += this.rows.size(handle);
      }
    }
    invariant(count === this.#count, `ranking: ${count} are listed, ${this.#count} are in`);
    invariant(ranked === this.#ranked, `ranking: ${ranked} are ranked, ${this.#ranked} are noted`);
    invariantNear(bytes, this.#bytes, 'bytes');
    invariantNear(windowBytes, this.#windowBytes, 'bytes in the window');
  }

  #choose(): number {
    const rows = this.rows;
    const { window } = this.#terms;
    const full = this.#fullBytes;
    for (;;) {
      const candidate = rows.first(WINDOW);
      if (candidate < 0) return this.#ranked > 0 ? this.#least() : Math.max(-1, rows.first(ASIDE));
      if (this.#ranked > 0 && this.#windowBytes <= window * full) return this.#least();
      // What those outside of the window would weigh with this one, and with the newest, which is still to be housed.
      const newest = rows.last(WINDOW);
      const bytes = rows.floats[rows.at(candidate) + SIZE]! + rows.floats[rows.at(newest) + SIZE]!;
      if (newest !== candidate && this.#bytes - this.#windowBytes + bytes <= (1 - window) * full) {
        this.#toMain(candidate);
        continue;
      }
      if (this.#ranked === 0) return candidate;
      const rank = this.#candidateRank(candidate);
      // No rank lies below the lowest that was found last, so mostly there is no need to look for the least.
      if (((rank - this.#ranks.lowest()) | 0) <= 0) return candidate;
      const least = this.#least();
      if (((rank - this.#ranks.lowest()) | 0) <= 0) return candidate;
      this.#toMain(candidate);
      return least;
    }
  }

  /** The least of those that are ranked, at the front of the lowest rank; or -1. */
  #least(): number {
    for (;;) {
      const list = this.#ranks.lowestIndex();
      if (list < 0) return -1;
      const handle = this.rows.first(list);
      if (handle < 0) {
        this.#ranks.clear(list);
        continue;
      }
      const rank = this.#rankOf(handle);
      if (((rank - this.#ranks.lowest()) | 0) <= 0) return handle;
      const target = this.#ranks.mark(rank);
      if (target === list) return handle;
      this.rows.move(target, handle);
    }
  }

  #toMain(handle: number): void {
    this.#put(handle, IN_MAIN);
    this.rows.move(this.#ranks.mark(this.#rankOf(handle)), handle);
  }

  /** Notes where it stands from now on. */
  #put(handle: number, place: number): void {
    const before = this.rows.place(handle);
    if (before === IN_WINDOW) this.#windowBytes -= this.rows.size(handle);
    this.#ranked += Number(place === IN_MAIN) - Number(before === IN_MAIN);
    this.rows.setPlace(handle, place);
  }

  #takeBack(): void {
    const returning = this.rows.first(ASIDE);
    if (returning >= 0) this.#toMain(returning);
    else this.#isAnyAside = false;
  }

  #rankOf(handle: number): number {
    const { ints } = this.rows;
    const at = this.rows.at(handle);
    return this.#rank(heightOf(ints[at + WEIGHT]!, this.#clock.now), ints[at + DENSITY]!);
  }

  /** The rank of one in the window, for the comparison with those that are ranked. */
  #candidateRank(handle: number): number {
    const { ints } = this.rows;
    const at = this.rows.at(handle);
    const height = heightOf(ints[at + WEIGHT]!, this.#clock.now);
    return this.#rank(discounted(height, this.#discounts), ints[at + DENSITY]!);
  }

  #rank(height: number, density: number): number {
    return (this.#clock.tick + ((height + (density >> PLACE_BITS)) >> TICK_BITS)) | 0;
  }

  #lookAtBytes(): void {
    this.#isWriteSeen = false;
    const spare = this.#fullBytes - this.#bytes;
    if (spare <= 0) this.#fullBytes = this.#bytes;
    else this.#fullBytes -= spare / 32;
  }

  #grow(needed: number): void {
    const before = this.rows.capacity;
    this.rows.reserve(needed);
    for (let handle = before; handle < this.rows.capacity; handle++) this.forget(handle);
  }
}

function invariantNear(listed: number, noted: number, what: string): void {
  const isNear = Math.abs(listed - noted) <= 1e-6 * Math.max(1, Math.abs(listed), Math.abs(noted));
  invariant(isNear, `ranking: ${listed} ${what} are listed, ${noted} are noted`);
}
