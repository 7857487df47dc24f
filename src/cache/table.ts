import { invariant } from '../common/invariant.js';
import { expectedCapacity, grownInt32, grownList } from '../struct/grow.js';
import { Times } from '../struct/times.js';
import { Space } from './space.js';

/** In `hits`, the sign: the requests of the key are written down, see sample.ts. */
export const FOLLOWED: number = 1 << 31;
/** The largest size that fits into its column. Larger ones, and there are few, lie in a `Map`, and 0 stands for them. */
const MAX_PLAIN_SIZE = 2 ** 31 - 1;
/** A count of hits beyond is put aside, long before it could reach the sign. */
const MAX_PLAIN_HITS = 2 ** 30;

/** Whoever has arrays of his own by handle. */
export interface Growth {
  /** How many entries there may be in the end, as far as that can be told. */
  expected(): number;
  /** The columns have grown. */
  grown(capacity: number): void;
}

/**
 * Entries as columns: a key leads, by the index of its space, to a handle, a small integer, and each property of the
 * entry lies in an array at that place. There is no object per entry, so nothing for the garbage collector to walk but keys
 * and values.
 *
 * Invariant: the indices of all spaces hold exactly the handles in use, each once; the others below `#used` are in `#free`,
 * and have no value.
 */
export class Table<K, V> {
  /** The cache's own keys. */
  readonly root = new Space<K, V>();
  /** Entries of all spaces. */
  count = 0;
  keys: (K | undefined)[] = [];
  values: (V | undefined)[] = [];
  /** Hits of the present value that are not put aside, and `FOLLOWED`. */
  hits: Int32Array = new Int32Array(0);
  readonly #hitsAside = new Map<number, number>();
  /** When each entry was written, refreshed or touched. */
  readonly births = new Times();
  /**
   * Whether there is nothing more to an entry than its columns: no deadline, cost, tag, load time or namespace, nor anything
   * put aside. Whoever brings something of the kind calls `complicate`.
   */
  isPlain = true;
  /** Bytes charged. */
  #sizes: Int32Array = new Int32Array(0);
  readonly #largeSizes = new Map<number, number>();
  #free: number[] = [];
  /** Handles below have been given out. */
  #used = 0;
  /** The space of each handle, once there are others than the root. */
  #spaces: Space<K, V>[] | undefined;

  /** From now on, until all are cleared, there is more to some entry than its columns. */
  complicate(): void {
    this.isPlain = false;
  }

  /** The space that an entry's key lives in. */
  spaceOf(handle: number): Space<K, V> {
    return this.#spaces?.[handle] ?? this.root;
  }

  /** All handles in use. O(capacity). */
  *handles(): Generator<number> {
    for (let handle = 0; handle < this.#used; handle++) if (this.values[handle] !== undefined) yield handle;
  }

  /** Bytes charged. */
  size(handle: number): number {
    return this.#sizes[handle]! || this.#largeSizes.get(handle)!;
  }

  /** Hits of the present value. */
  hitsOf(handle: number): number {
    const hits = this.hits[handle]! & ~FOLLOWED;
    return this.isPlain === true ? hits : hits + (this.#hitsAside.get(handle) ?? 0);
  }

  /** The value has had so many hits. To be called again before they are 2^30 more. */
  countHits(handle: number, hits: number): void {
    this.hits[handle]! &= FOLLOWED;
    if (hits < MAX_PLAIN_HITS) {
      this.hits[handle]! |= hits;
      if (this.isPlain !== true) this.#hitsAside.delete(handle);
    } else {
      this.complicate();
      this.#hitsAside.set(handle, hits);
    }
  }

  /** Keeps the count of an entry's hits from growing beyond its column; to be called at some of them. */
  guardHits(handle: number): void {
    if ((this.hits[handle]! & ~FOLLOWED) >= MAX_PLAIN_HITS) this.countHits(handle, this.hitsOf(handle));
  }

  /** When it was written, refreshed or touched. */
  born(handle: number): number {
    return this.births.get(handle);
  }

  /** Its age is reckoned from `time` on. */
  beBorn(handle: number, time: number): void {
    this.births.set(handle, time);
  }

  /** The handle of a new entry. */
  add(space: Space<K, V>, key: K, value: V, size: number, growth: Growth): number {
    const handle = this.#free.pop() ?? this.#extend(growth);
    this.count++;
    this.#fill(handle, space, key, value, size);
    return handle;
  }

  /** Takes an entry out, and puts a new one in its place. */
  exchange(handle: number, space: Space<K, V>, key: K, value: V, size: number): void {
    if (this.isPlain !== true || space !== this.root || (size | 0) !== size) {
      this.#unindex(handle);
      this.#fill(handle, space, key, value, size);
      return;
    }
    // The same for what is plain, in a piece: this is the hot path of a cache that is full.
    const { keys, values } = this;
    space.index.delete(keys[handle] as K);
    keys[handle] = key;
    values[handle] = value;
    this.#sizes[handle] = size | 0;
    this.hits[handle] = 0;
    space.add(key, handle);
  }

  /** Takes the entry out; its handle may be given to another at once. */
  release(handle: number): void {
    this.#unindex(handle);
    this.keys[handle] = undefined;
    this.values[handle] = undefined;
    this.count--;
    this.#free.push(handle);
  }

  /** An entry has another size. */
  resize(handle: number, size: number): void {
    if (this.#spaces !== undefined) this.#spaces[handle]!.bytes += size - this.size(handle);
    this.#setSize(handle, size);
  }

  /** Forgets all entries of all spaces. */
  clear(): void {
    for (const space of this.root.within()) space.clear();
    this.count = 0;
    this.isPlain = true;
    this.#spaces = undefined;
    this.keys = [];
    this.values = [];
    this.hits = new Int32Array(0);
    this.#hitsAside.clear();
    this.births.clear();
    this.#sizes = new Int32Array(0);
    this.#used = 0;
    this.#free = [];
    this.#largeSizes.clear();
  }

  /** The sum of all sizes. Throws when an invariant is broken. O(capacity). */
  validate(): number {
    let count = 0;
    let sum = 0;
    for (const space of this.root.within()) {
      let bytes = 0;
      for (const [key, handle] of space.index) {
        invariant(Object.is(this.keys[handle], key) || key === this.keys[handle], 'a handle leads back to its key');
        invariant(this.spaceOf(handle) === space, 'and to its space');
        bytes += this.size(handle);
      }
      invariant(
        space === this.root || bytes === space.bytes,
        `a space says ${space.bytes} bytes, its entries ${bytes}`,
      );
      space.tagged.validate();
      count += space.index.size;
      sum += bytes;
    }
    invariant(count === this.count && count === [...this.handles()].length, 'all handles in use are in a space');
    return sum;
  }

  #fill(handle: number, space: Space<K, V>, key: K, value: V, size: number): void {
    this.keys[handle] = key;
    this.values[handle] = value;
    this.#setSize(handle, size);
    this.hits[handle] = 0;
    if (this.isPlain !== true) this.#hitsAside.delete(handle);
    space.add(key, handle);
    if (this.#spaces !== undefined || space !== this.root) this.#house(handle, space, size);
  }

  #setSize(handle: number, size: number): void {
    const isLarge = size > MAX_PLAIN_SIZE;
    this.#sizes[handle] = isLarge ? 0 : size;
    if (!isLarge) return;
    this.complicate();
    this.#largeSizes.set(handle, size);
  }

  #unindex(handle: number): void {
    if (this.#spaces === undefined) this.root.index.delete(this.keys[handle] as K);
    else this.#leave(handle);
  }

  #house(handle: number, space: Space<K, V>, size: number): void {
    this.complicate();
    this.#spaces ??= Array.from(this.keys, () => this.root);
    this.#spaces[handle] = space;
    space.bytes += size;
  }

  #leave(handle: number): void {
    const space = this.spaceOf(handle);
    space.index.delete(this.keys[handle] as K);
    space.bytes -= this.size(handle);
    // Nothing but its entries holds a space that nobody has a view of.
    this.#spaces![handle] = this.root;
  }

  #extend(growth: Growth): number {
    const handle = this.#used;
    if (handle === this.keys.length) this.#grow(growth);
    this.#used++;
    return handle;
  }

  #grow(growth: Growth): void {
    const capacity = expectedCapacity(this.#used, this.#used + 1, growth.expected());
    this.keys = grownList(this.keys, capacity);
    this.values = grownList(this.values, capacity);
    this.hits = grownInt32(this.hits, capacity);
    this.births.grow(capacity);
    this.#sizes = grownInt32(this.#sizes, capacity);
    growth.grown(capacity);
  }
}
