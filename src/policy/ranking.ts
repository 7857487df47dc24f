import { FRACTION } from '../common/fraction.js';
import { RankBits } from '../struct/rank-bits.js';
import { checkRows } from './check-rows.js';
import { Clock } from './clock.js';
import { discounted, discountTable, heightOf, logOf, NEVER, type Terms, TICK_BITS, UNUSED, used } from './decay.js';
import {
  ASIDE,
  DENSITY,
  EntryRows,
  HASH,
  IN_ASIDE,
  IN_MAIN,
  IN_WINDOW,
  LISTS,
  PLACE_BITS,
  PLACES,
  RANKS,
  WINDOW,
} from './entry-rows.js';
import { inOrder } from './rank-order.js';
import { Room } from './room.js';

/**
 * Entries that leave the window, at most, for one that goes: at first all are in it, and where its share is less than it was,
 * many are too many. So many are moved within a millisecond.
 */
const MANY = 2 ** 14;

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
 * integers modulo 2^32; so are ticks.
 *
 * # The window
 *
 * A newcomer enters a queue that holds `window` of the bytes. At its end the newcomer's rank, less `discount` uses,
 * must be above the least of the others, else it goes (TinyLFU: Einziger et al., ACM ToS 2017). The newest is in the
 * window always, however large it is, so it stays at least until the next write.
 */
export class Ranking {
  /** What is known of each entry, and the time: for whoever wants to look. */
  readonly rows: EntryRows;
  readonly clock: Clock;
  readonly #ranks = new RankBits(RANKS);
  #discounts: Int32Array;
  #count = 0;
  #bytes = FRACTION;
  #windowBytes = FRACTION;
  /** Entries that are ranked. */
  #ranked = 0;
  readonly #room: Room;
  /** Nobody had to go yet: of many newcomers those that come later need no window. */
  #isFilling = true;
  #isWriteSeen = false;
  #isAnyAside = false;
  #named = -1;
  /** The last value of a newcomer, and what is kept of it: mostly the next one is worth as much. */
  #lastValue = FRACTION;
  #lastDensity = 0;

  constructor(terms: Terms, capacity = 0) {
    this.#room = new Room(terms.window);
    this.clock = new Clock(terms.halfLife);
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
    return this.#room.full;
  }

  /** From now on. O(1). */
  set terms(terms: Terms) {
    this.#room.windowShare = terms.window;
    this.clock.halfLife = terms.halfLife;
    this.#discounts = discountTable(terms.discount);
  }

  /** The logarithm of its decayed uses, see decay.ts; also of one that has left, until its handle is given to another. */
  height(handle: number): number {
    return handle < this.rows.capacity ? heightOf(this.rows.weights[handle]!, this.clock.now) : NEVER;
  }

  setHeight(handle: number, height: number): void {
    if (handle < this.rows.capacity) this.rows.weights[handle] = this.clock.now + height;
  }

  /** As many uses more as this height stands for. */
  credit(handle: number, height: number): void {
    const { weights } = this.rows;
    const weight = weights[handle]!;
    weights[handle] = used(weight, (this.clock.now + height) | 0) | (weight & UNUSED);
  }

  /** A new entry, used for the first time. */
  insert(handle: number, size: number, value: number, hash = 0, flags = 0): void {
    const rows = this.rows;
    if (handle >= rows.capacity) this.#grow(handle + 1);
    this.clock.use(this.#count);
    const bytes = rows.enter(handle, this.clock.now | flags, size, value, hash);
    this.#count++;
    this.#bytes += bytes;
    this.#isWriteSeen = true;
    if (this.#isFilling && this.#count > MANY) {
      this.#ranked++;
      rows.setPlace(handle, IN_MAIN);
      rows.append(this.#ranks.mark(this.#rankOf(handle)), handle);
      return;
    }
    this.#windowBytes += bytes;
    rows.append(WINDOW, handle);
    if (this.#isAnyAside) this.#named = -1;
  }

  /** As `insert`, of one that was used before, unless it was forgotten. */
  comeBack(handle: number, size: number, value: number): void {
    if (handle >= this.rows.capacity) this.#grow(handle + 1);
    const past = this.rows.weights[handle]!;
    this.insert(handle, size, value);
    this.rows.weights[handle] = used(past, this.clock.now);
  }

  /** The one that was named goes, and a new one takes its handle: `remove` and `insert` in one, with flags for its weight. */
  replace(handle: number, size: number, value: number, hash: number, flags: number): void {
    const { rows, clock } = this;
    const { ints, sizes } = rows;
    clock.use(this.#count - 1);
    rows.weights[handle] = clock.now | flags;
    const at = rows.at(handle);
    const place = ints[at + DENSITY]! & PLACES;
    if (value !== this.#lastValue) {
      this.#lastValue = value;
      this.#lastDensity = logOf(value) << PLACE_BITS;
    }
    ints[at + DENSITY] = this.#lastDensity | IN_WINDOW;
    ints[at + HASH] = hash;
    rows.move(WINDOW, handle);
    this.#named = -1;
    const before = sizes[handle]!;
    const bytes = Math.fround(size);
    if (place !== IN_WINDOW) {
      this.#windowBytes += before;
      if (place === IN_MAIN) this.#ranked--;
    }
    if (bytes !== before) {
      sizes[handle] = bytes;
      this.#bytes += bytes - before;
      this.#windowBytes += bytes - before;
      this.#isWriteSeen = true;
    }
    if (this.#isAnyAside) this.#takeBack();
  }

  /** A use. The weight that it had before. */
  touch(handle: number): number {
    this.clock.use(this.#count);
    const { weights } = this.rows;
    const weight = weights[handle]!;
    weights[handle] = used(weight, this.clock.now);
    return weight;
  }

  /** Another size or value. A use as well; the weight that it had before. */
  update(handle: number, size: number, value: number): number {
    const weight = this.touch(handle);
    this.#isWriteSeen = true;
    const { rows } = this;
    const before = rows.sizes[handle]!;
    const densityBefore = rows.density(handle);
    const place = rows.place(handle);
    const change = rows.enter(handle, rows.weights[handle]!, size, value, rows.hash(handle)) - before;
    rows.setPlace(handle, place);
    this.#bytes += change;
    if (place === IN_WINDOW) this.#windowBytes += change;
    else if (place === IN_MAIN && rows.density(handle) < densityBefore) this.#toMain(handle);
    return weight;
  }

  remove(handle: number): void {
    const rows = this.rows;
    if (this.#named === handle) this.#named = -1;
    const { ints } = rows;
    const at = rows.at(handle);
    const bytes = rows.sizes[handle]!;
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
    this.#isFilling = false;
    if (this.#isWriteSeen) this.#room.follow(this.#bytes);
    this.#isWriteSeen = false;
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
    return inOrder(this.rows, this.victim(), (handle) =>
      this.rows.place(handle) === IN_WINDOW ? this.#candidateRank(handle) : this.#rankOf(handle),
    );
  }

  validate(): void {
    checkRows(this.rows, this.#ranks, {
      count: this.#count,
      ranked: this.#ranked,
      bytes: this.#bytes,
      windowBytes: this.#windowBytes,
    });
  }

  #choose(): number {
    const { rows } = this;
    const { ints, sizes } = rows;
    const room = this.#room;
    for (let moves = 0; ; moves++) {
      const candidate = rows.first(WINDOW);
      if (candidate < 0) return this.#ranked > 0 ? this.#least() : Math.max(-1, rows.first(ASIDE));
      if (this.#windowBytes <= room.window && this.#ranked > 0) return this.#least();
      // What those outside of the window would weigh with this one, and with the newest, which is still to be housed.
      const newest = rows.last(WINDOW);
      const bytes = sizes[candidate]! + sizes[newest]!;
      const isRoom = this.#bytes - this.#windowBytes + bytes <= room.main && newest !== candidate;
      if (isRoom && moves < MANY) {
        this.#toMain(candidate);
        continue;
      }
      if (this.#ranked === 0) return candidate;
      const { now, tick } = this.clock;
      const height = discounted(heightOf(rows.weights[candidate]!, now), this.#discounts);
      const rank = (tick + ((height + (ints[rows.at(candidate) + DENSITY]! >> PLACE_BITS)) >> TICK_BITS)) | 0;
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
    if (before === IN_WINDOW) this.#windowBytes -= this.rows.sizes[handle]!;
    this.#ranked += Number(place === IN_MAIN) - Number(before === IN_MAIN);
    this.rows.setPlace(handle, place);
  }

  #takeBack(): void {
    const returning = this.rows.first(ASIDE);
    if (returning >= 0) this.#toMain(returning);
    else this.#isAnyAside = false;
  }

  #rankOf(handle: number): number {
    const { ints, weights } = this.rows;
    return this.#rank(heightOf(weights[handle]!, this.clock.now), ints[this.rows.at(handle) + DENSITY]!);
  }

  /** The rank of one in the window, for the comparison with those that are ranked. */
  #candidateRank(handle: number): number {
    const { ints, weights } = this.rows;
    const height = heightOf(weights[handle]!, this.clock.now);
    return this.#rank(discounted(height, this.#discounts), ints[this.rows.at(handle) + DENSITY]!);
  }

  #rank(height: number, density: number): number {
    return (this.clock.tick + ((height + (density >> PLACE_BITS)) >> TICK_BITS)) | 0;
  }

  #grow(needed: number): void {
    const before = this.rows.capacity;
    this.rows.reserve(needed);
    for (let handle = before; handle < this.rows.capacity; handle++) this.setHeight(handle, NEVER);
  }
}
