import { hashBefore, hashEnd, hashNumber, hashRest, hashSpread } from '../common/hash.js';
import { invariant } from '../common/invariant.js';
import type { EntryColumns } from './entry-columns.js';

const MIN_PLACES = 8;
/** Bits of the handle in a place; those above are a tag: the same bits of the hash. */
const NARROW = 0x00ff_ffff;
const WIDE = 0x7fff_ffff;
/** How many code units before the last four are hashed, once those have proven too few; then so many, spread over all. */
const BEFORE = [2, 4] as const;
const SPREAD = [16, 64] as const;
/** The level at which strings are in a `Map`. */
const SLOW = 1 + BEFORE.length + SPREAD.length;
/** A longer way to a free place is no chance: at half full it comes once in 10^20. Then many keys have the same hash. */
const LONGEST_WAY = 256;
/**
 * New keys over which it is reckoned how many others with the same tag were on their way; too many are these, and one more for
 * each eight keys: to look at a foreign key costs more than to hash more of one's own, in a cache of a hundred, too.
 */
const TRIAL = 1024;
const FEW_ALIKE = 8;
/**
 * And one more for so many keys that are held: to hash them all anew is a pause, so as much as a part of it has to be lost
 * before. Until then the reckoning goes on.
 */
const HELD_PER_ALIKE = 32;
/** An index with fewer than one in so many of all handles is a small one. */
const FEW_OF = 16;

/**
 * From keys to handles: an open table with linear probing, at most half full, of 8 to 16 bytes a key. What is removed is
 * filled by moving those behind it up, so that nothing is left behind by keys that come and go.
 *
 * It is there since a `Map` is what a cache with one spends most of its time in: each removal leaves a hole, the holes
 * are cleared by copying the whole `Map`, and its table lies on the heap, where each write of a new key into an old table
 * is noted for the garbage collector.
 *
 * Strings and small integers are hashed here; other keys, of which only V8 knows a hash, are in a `Map` beside. V8 keeps
 * the hash of a string with it, and we cannot: so only some of its characters are hashed, at first the last four, and
 * more of them when too many keys prove to be alike in those. When 64 are too few, strings are in the `Map`, too, and as
 * fast as in one, whatever they are.
 *
 * Equality is that of a `Map`.
 */
export class KeyIndex<K> {
  /** Of the key that was last looked for, if it is one that is hashed here. */
  lastHash = 0;
  /** At the low bits of its hash or behind: a tag and a handle + 1, or 0. */
  #places: Int32Array = new Int32Array(MIN_PLACES);
  #mask = MIN_PLACES - 1;
  #handleMask: number = NARROW;
  /** Keys in the places. */
  #count = 0;
  /** Keys that are not in the places. */
  #others: Map<K, number> | undefined;
  /** How much of a string is hashed: its end, then what `BEFORE` and `SPREAD` say, then nothing. */
  #level = 0;
  /** Keys with the tags of new ones on the ways of these, and how many these were. */
  #alike = 0;
  #tried = 0;

  /** @param seed of the hashes */
  constructor(
    private readonly columns: EntryColumns<K, unknown>,
    readonly seed: number,
  ) {}

  /** Whether strings are in a `Map`. */
  get isSlow(): boolean {
    return this.#level === SLOW;
  }

  /** The hash of a whole key, after it has been looked for. */
  wholeHash(key: K & string): number {
    return hashRest(key, this.#level === 0 ? this.lastHash : hashEnd(key, this.seed));
  }

  get size(): number {
    return this.#count + (this.#others?.size ?? 0);
  }

  /** The handle of a key, or -1. O(1). */
  find(key: K): number {
    // Asked in this form, what is a string is found out without a call.
    if (typeof key === 'string' && this.#level !== SLOW) return this.#findString(key);
    if (typeof key === 'number' && isHashed(key)) return this.#findInteger(key);
    return this.#others?.get(key) ?? -1;
  }

  /** Enters a key that is not in. `hash` is what `lastHash` was after it had been looked for. O(1) but for growing. */
  add(key: K, handle: number, hash: number): void {
    this.columns.put(handle, key, hash);
    if (this.#isOther(key)) {
      this.#others ??= new Map();
      this.#others.set(key, handle);
      // The two are one key, and a `Map` gives it back as 0.
      if (key === 0) this.columns.pairs[2 * handle] = 0 as K;
      return;
    }
    this.#count++;
    const isFull = 2 * this.#count > this.#mask + 1;
    if (isFull || handle >= this.#handleMask) this.#rebuild(placesFor(2 * this.#count), handle);
    else this.#judge(this.#enter(handle, hash));
  }

  /** Takes a key out. O(1). */
  remove(handle: number): void {
    // A look at the key only where it must be: it is cold memory, mostly.
    if (this.#others === undefined || !this.#isOther(this.columns.key(handle))) this.#leave(handle);
    else this.#others.delete(this.columns.key(handle));
  }

  clear(): void {
    this.#places = new Int32Array(MIN_PLACES);
    this.#mask = MIN_PLACES - 1;
    this.#handleMask = NARROW;
    this.#count = 0;
    this.#others = undefined;
    this.#setLevel(0);
  }

  /** All handles, in the order in which their keys came. O(n log n). */
  handles(): Uint32Array {
    const handles = this.handlesUnordered();
    this.columns.sort(handles);
    return handles;
  }

  /** All handles, in no order. O(n). */
  handlesUnordered(): Uint32Array {
    const handles = new Uint32Array(this.size);
    handles.set(this.#handlesIn());
    if (this.#others) handles.set([...this.#others.values()], this.#count);
    return handles;
  }

  /** Places between a key and its home, on average. O(places). */
  meanWay(): number {
    let sum = 0;
    for (const [place, held] of this.#places.entries()) {
      if (held === 0) continue;
      sum += (place - this.columns.hash((held & this.#handleMask) - 1)) & this.#mask;
    }
    return sum / Math.max(1, this.#count);
  }

  /** Throws when an invariant is broken. O(n). */
  validate(): void {
    const handles = this.handles();
    invariant(2 * this.#count <= this.#mask + 1, `index: ${this.#count} keys in ${this.#mask + 1} places`);
    for (const handle of handles) {
      const found = this.find(this.columns.key(handle));
      invariant(found === handle, `index: the key of ${handle} is found at ${found}`);
    }
  }

  #findString(key: K & string): number {
    const hash = this.#hash(key);
    this.lastHash = hash;
    const places = this.#places;
    const mask = this.#mask;
    const handleMask = this.#handleMask;
    const { pairs } = this.columns;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const held = places[place]!;
      if (held === 0) return -1;
      if (((held ^ hash) & ~handleMask) !== 0) continue;
      const handle = (held & handleMask) - 1;
      if (pairs[2 * handle] === key) return handle;
    }
  }

  // As for strings, in a function of its own: what a comparison has seen is kept by function, and of strings alone it is fast.
  #findInteger(key: K & number): number {
    const hash = hashNumber(key, this.seed) | 0;
    this.lastHash = hash;
    const places = this.#places;
    const mask = this.#mask;
    const handleMask = this.#handleMask;
    const { pairs } = this.columns;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const held = places[place]!;
      if (held === 0) return -1;
      if (((held ^ hash) & ~handleMask) !== 0) continue;
      const handle = (held & handleMask) - 1;
      if (pairs[2 * handle] === key) return handle;
    }
  }

  #isOther(key: K): boolean {
    if (typeof key === 'string') return this.isSlow;
    return typeof key !== 'number' || !isHashed(key);
  }

  /** Puts a handle into the first free place; how far that is. */
  #enter(handle: number, hash: number): number {
    const places = this.#places;
    const mask = this.#mask;
    const handleMask = this.#handleMask;
    const home = hash & mask;
    let place = home;
    for (; places[place] !== 0; place = (place + 1) & mask) {
      // One bit, which is left beside a wide handle, says nothing.
      if (((places[place]! ^ hash) & ~handleMask) === 0 && handleMask === NARROW) this.#alike++;
    }
    places[place] = (hash & ~handleMask) | (handle + 1);
    return (place - home) & mask;
  }

  #leave(handle: number): void {
    const places = this.#places;
    const mask = this.#mask;
    const handleMask = this.#handleMask;
    const { columns } = this;
    const own = (columns.hash(handle) & ~handleMask) | (handle + 1);
    let hole = columns.hash(handle) & mask;
    while (places[hole] !== own) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; places[place] !== 0; place = (place + 1) & mask) {
      const home = columns.hash((places[place]! & handleMask) - 1) & mask;
      // It may move up unless its home lies behind the hole.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      places[hole] = places[place]!;
      hole = place;
    }
    places[hole] = 0;
    this.#count--;
    if (16 * this.#count < mask && mask >= MIN_PLACES) this.#rebuild(placesFor(4 * this.#count));
  }

  /** So many places, and a handle wide enough for `extra`, which is entered as well. */
  #rebuild(places: number, extra = -1): void {
    const handles = this.#handlesIn();
    if (extra >= this.#handleMask) this.#handleMask = WIDE;
    this.#fill(handles, places);
    if (extra >= 0) this.#enter(extra, this.columns.hash(extra));
  }

  #hash(key: string): number {
    const level = this.#level;
    if (level > BEFORE.length) return hashSpread(key, this.seed, SPREAD[level - BEFORE.length - 1]!);
    const end = hashEnd(key, this.seed);
    return level === 0 ? end : hashBefore(key, end, BEFORE[level - 1]!);
  }

  /** A new key has gone so far from its home. */
  #judge(way: number): void {
    const excess = this.#alike - (++this.#tried >> 3) - FEW_ALIKE;
    const isBad = way > LONGEST_WAY || excess > this.#count / HELD_PER_ALIKE;
    if (!isBad && (excess > 0 || this.#tried < TRIAL)) return;
    this.#alike = 0;
    this.#tried = 0;
    if (isBad) this.#hashMore();
  }

  #setLevel(level: number): void {
    this.#level = level;
    this.#alike = 0;
    this.#tried = 0;
  }

  /** More of each string is hashed; when that is no help, they go into the `Map`. O(n), five times at most. */
  #hashMore(): void {
    const { columns } = this;
    const handles = this.#handlesIn();
    this.#setLevel(this.#level + 1);
    if (!this.isSlow) {
      for (const handle of handles) {
        const key = columns.key(handle);
        if (typeof key === 'string') columns.setHash(handle, this.#hash(key));
      }
      this.#fill(handles, this.#places.length);
      return;
    }
    this.#others ??= new Map();
    const isString = (handle: number): boolean => typeof columns.key(handle) === 'string';
    for (const handle of handles) if (isString(handle)) this.#others.set(columns.key(handle), handle);
    const left = handles.filter((handle) => !isString(handle));
    this.#count = left.length;
    this.#fill(left, placesFor(2 * left.length));
  }

  #fill(handles: Uint32Array, places: number): void {
    this.#places = new Int32Array(places);
    this.#mask = places - 1;
    for (const handle of handles) this.#enter(handle, this.columns.hash(handle));
    // These were no new keys.
    this.#alike = 0;
    this.#tried = 0;
  }

  /**
   * The handles in the places, in ascending order: their keys and rows are then read one after the other, where in the order
   * of the places each would be a look at memory that is far away.
   */
  #handlesIn(): Uint32Array {
    const { capacity } = this.columns;
    const handles = new Uint32Array(this.#count);
    let count = 0;
    if (FEW_OF * this.#count < capacity) {
      // A small index beside others: a look at each handle of all would cost more than to sort its own.
      for (const held of this.#places) if (held !== 0) handles[count++] = (held & this.#handleMask) - 1;
      return handles.subarray(0, count).sort();
    }
    const isIn = new Uint8Array(capacity);
    for (const held of this.#places) if (held !== 0) isIn[(held & this.#handleMask) - 1] = 1;
    for (let handle = 0; handle < isIn.length; handle++) if (isIn[handle] === 1) handles[count++] = handle;
    return handles.subarray(0, count);
  }
}

/** A power of two, at least `needed`. */
function placesFor(needed: number): number {
  return Math.max(MIN_PLACES, 2 ** Math.ceil(Math.log2(needed)));
}

/** Whether a number is hashed here: not 0, which is two for us and one for a `Map`. */
function isHashed(key: number): boolean {
  return (key | 0) === key && key !== 0;
}
