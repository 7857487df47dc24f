import { hashString } from '../common/hash.js';
import type { Emitter } from '../stats/emitter.js';
import type { CacheEvents } from '../stats/event.js';
import type { EntryColumns } from '../struct/entry-columns.js';
import { KeyIndex } from '../struct/key-index.js';
import { TagIndex } from '../struct/tag-index.js';
import { WeakValues } from '../struct/weak-values.js';

/** Told of every key that is written or removed, after the arguments were found good, before anything changes. */
export interface ChangeListener<K> {
  supersede(key: K): void;
  supersedeAll(): void;
  /** What bears one of these tags is removed, and with it what is going to. */
  supersedeTags(tags: readonly string[]): void;
  /** As `supersede`, for all keys that match, those that are not there too. */
  supersedeWhere(matches: (key: K) => boolean): void;
  /** The cache has been closed. */
  close(): void;
}

/** Who is told before anybody listens. */
export function nobody<K>(): ChangeListener<K> {
  const ignore = () => undefined;
  return { supersede: ignore, supersedeAll: ignore, supersedeTags: ignore, supersedeWhere: ignore, close: ignore };
}

/** What a space asks of whoever works with it, in the place of knowing him. */
export interface SpaceOwner<K, V> {
  readonly events: Emitter<CacheEvents<K, V>>;
  changes: ChangeListener<K>;
  /** Listeners above have come or gone. */
  refresh(): void;
  /** The cache has been closed. */
  end(): void;
}

/**
 * Keys of one namespace, each with its handle. The cache's own keys are the root; the handles of all spaces stand for
 * rows of the same table, under the same budget and policy.
 *
 * A space is held by its entries and by the views of it, and by nothing else: names that were used once cost nothing.
 */
export class Space<K, V> {
  /** Tells its keys from the same keys of other spaces, where keys are known by a hash. */
  readonly seed: number;
  readonly index: KeyIndex<K>;
  /** By handle. */
  readonly tagged = new TagIndex();
  readonly children = new WeakValues<Space<K, V>>();
  /** Bytes charged for its entries. Not counted for the root, where they are the rest. */
  bytes = 0;
  /** Set by the engine that works with it, at once. */
  owner!: SpaceOwner<K, V>;
  /**
   * The key that was last looked for in vain, while nothing has been added since: the write that mostly follows a miss
   * need not look again.
   */
  #lastMissed: K | undefined;
  #missedHash = 0;
  #hasMissed = false;

  /** The names that lead to it: none for the root. */
  constructor(
    readonly columns: EntryColumns<K, V>,
    readonly path: readonly string[] = [],
  ) {
    this.seed = hashString(path.join('\0'), path.length);
    this.index = new KeyIndex(columns, this.seed);
  }

  /** The handle of a key, for a write, or -1; `index.lastHash` is the key's own then. */
  find(key: K): number {
    if (this.#hasMissed !== true || key !== this.#lastMissed) return this.index.find(key);
    this.index.lastHash = this.#missedHash;
    return -1;
  }

  /** A key has been looked for in vain, just now. */
  miss(key: K): void {
    this.#lastMissed = key;
    this.#missedHash = this.index.lastHash;
    this.#hasMissed = true;
  }

  /** Enters a key with the hash that its `find` has left. */
  add(key: K, handle: number, hash: number): void {
    this.index.add(key, handle, hash);
    this.#hasMissed = false;
  }

  clear(): void {
    this.index.clear();
    this.tagged.clear();
    this.bytes = 0;
    this.#hasMissed = false;
    this.#lastMissed = undefined;
  }

  /** A new space within this one, under a name that is free. */
  child(name: string): Space<K, V> {
    const space = new Space<K, V>(this.columns, [...this.path, name]);
    this.children.add(name, space);
    return space;
  }

  /** This one, then all within it. */
  *within(): Generator<Space<K, V>> {
    yield this;
    for (const child of this.children.values()) yield* child.within();
  }
}
