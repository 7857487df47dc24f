import { invariant } from '../common/invariant.js';
import { EntryColumns, FIRST_OWN, ROW, SECOND_OWN } from '../struct/entry-columns.js';
import { expectedCapacity } from '../struct/grow.js';
import { Times } from '../struct/times.js';
import { Space } from './space.js';

/** In a row: hits of the present value that are not put aside, and `FOLLOWED`. */
const HITS = FIRST_OWN;
/** In a row: the bytes charged. */
const SIZE = SECOND_OWN;
/** In the hits, the sign: the requests of the key are written down, see sample.ts. */
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
  readonly columns = new EntryColumns<K, V>();
  /** The cache's own keys. */
  readonly root = new Space<K, V>(this.columns);
  /** Entries of all spaces. */
  count = 0;
  readonly #hitsAside = new Map<number, number>();
  /** When each entry was written, refreshed or touched. */
  readonly births = new Times();
  /**
   * Whether there is nothing more to an entry than its columns: no deadline, cost, tag, load time or namespace, nor anything
   * put aside. Whoever brings something of the kind calls `complicate`.
   */
  isPlain = true;
  readonly #largeSizes = new Map<number, number>();
  #free: number[] = [];
  /** Handles below have been given out. */
  #used = 0;
  /** The space of each handle, once there are others than the root. */
  #spaces: Space<K, V>[] | undefined;

  key(handle: number): K {
    return this.columns.key(handle);
  }

  /** `undefined` of a handle that is out of use. */
  value(handle: number): V | undefined {
    return this.columns.value(handle);
  }

  setValue(handle: number, value: V): void {
    this.columns.setValue(handle, value);
  }

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
    for (let handle = 0; handle < this.#used; handle++) if (this.columns.value(handle) !== undefined) yield handle;
  }

  /** Bytes charged. */
  size(handle: number): number {
    return this.columns.rows[ROW * handle + SIZE]! || this.#largeSizes.get(handle)!;
  }

  /** Hits of the present value. */
  hitsOf(handle: number): number {
    const hits = this.columns.rows[ROW * handle + HITS]! & ~FOLLOWED;
    return this.isPlain === true ? hits : hits + (this.#hitsAside.get(handle) ?? 0);
  }

  /** The value has had so many hits. To be called again before they are 2^30 more. */
  countHits(handle: number, hits: number): void {
    const { rows } = this.columns;
    const mark = rows[ROW * handle + HITS]! & FOLLOWED;
    if (hits < MAX_PLAIN_HITS) {
      rows[ROW * handle + HITS] = hits | mark;
      if (this.isPlain !== true) this.#hitsAside.delete(handle);
    } else {
      this.complicate();
      rows[ROW * handle + HITS] = mark;
      this.#hitsAside.set(handle, hits);
    }
  }

  /** The hits of a value that are not put aside, and `FOLLOWED`. */
  mark(handle: number): number {
    return this.columns.rows[ROW * handle + HITS]!;
  }

  /** One more hit; whether the requests of the key are written down. */
  hit(handle: number): boolean {
    return ++this.columns.rows[ROW * handle + HITS]! < 0;
  }

  follow(handle: number): void {
    this.columns.rows[ROW * handle + HITS]! |= FOLLOWED;
  }

  unfollow(handle: number): void {
    this.columns.rows[ROW * handle + HITS]! &= ~FOLLOWED;
  }

  /** Keeps the count of an entry's hits from growing beyond its column; to be called at some of them. */
  guardHits(handle: number): void {
    if ((this.columns.rows[ROW * handle + HITS]! & ~FOLLOWED) >= MAX_PLAIN_HITS)
      this.countHits(handle, this.hitsOf(handle));
  }

  /** When it was written, refreshed or touched. */
  born(handle: number): number {
    return this.births.get(handle);
  }

  /** Its age is reckoned from `time` on. */
  beBorn(handle: number, time: number): void {
    this.births.set(handle, time);
  }

  /** The handle of a new entry; `hash` as `find` of the space has left it. Six arguments, as in `Store.put`. */
  add(space: Space<K, V>, key: K, hash: number, value: V, size: number, growth: Growth): number {
    const handle = this.#free.pop() ?? this.#extend(growth);
    this.count++;
    this.#fill(handle, space, key, hash, value, size);
    return handle;
  }

  /** Takes an entry out, and puts a new one in its place. */
  exchange(handle: number, space: Space<K, V>, key: K, hash: number, value: V, size: number): void {
    if (this.isPlain !== true || space !== this.root || (size | 0) !== size) {
      this.#unindex(handle);
      this.#fill(handle, space, key, hash, value, size);
      return;
    }
    // The same for what is plain, in a piece: this is the hot path of a cache that is full.
    const { pairs, rows } = this.columns;
    space.index.remove(handle);
    pairs[2 * handle + 1] = value;
    rows[ROW * handle + SIZE] = size | 0;
    rows[ROW * handle + HITS] = 0;
    space.add(key, handle, hash);
  }

  /** Takes the entry out; its handle may be given to another at once. */
  release(handle: number): void {
    this.#unindex(handle);
    this.columns.empty(handle);
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
    this.columns.clear();
    this.#hitsAside.clear();
    this.births.clear();
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
      space.index.validate();
      for (const handle of space.index.handles()) {
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

  #fill(handle: number, space: Space<K, V>, key: K, hash: number, value: V, size: number): void {
    this.columns.setValue(handle, value);
    this.#setSize(handle, size);
    this.columns.rows[ROW * handle + HITS] = 0;
    if (this.isPlain !== true) this.#hitsAside.delete(handle);
    space.add(key, handle, hash);
    if (this.#spaces !== undefined || space !== this.root) this.#house(handle, space, size);
  }

  #setSize(handle: number, size: number): void {
    const isLarge = size > MAX_PLAIN_SIZE;
    this.columns.rows[ROW * handle + SIZE] = isLarge ? 0 : size;
    if (!isLarge) return;
    this.complicate();
    this.#largeSizes.set(handle, size);
  }

  #unindex(handle: number): void {
    if (this.#spaces === undefined) this.root.index.remove(handle);
    else this.#leave(handle);
  }

  #house(handle: number, space: Space<K, V>, size: number): void {
    this.complicate();
    this.#spaces ??= Array.from({ length: this.columns.capacity }, () => this.root);
    this.#spaces[handle] = space;
    space.bytes += size;
  }

  #leave(handle: number): void {
    const space = this.spaceOf(handle);
    space.index.remove(handle);
    space.bytes -= this.size(handle);
    // Nothing but its entries holds a space that nobody has a view of.
    this.#spaces![handle] = this.root;
  }

  #extend(growth: Growth): number {
    const handle = this.#used;
    if (handle === this.columns.capacity) this.#grow(growth);
    this.#used++;
    return handle;
  }

  #grow(growth: Growth): void {
    const capacity = expectedCapacity(this.#used, this.#used + 1, growth.expected());
    this.columns.grow(capacity);
    this.births.grow(capacity);
    growth.grown(capacity);
  }
}
