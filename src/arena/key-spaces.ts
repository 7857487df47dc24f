import { invariant } from '../common/invariant.js';
import { TagIndex } from '../struct/tag-index.js';
import { placedKey } from './namespace-key.js';

const NONE: readonly string[] = [];

/** The entries of one namespace. */
export interface KeySpace {
  readonly parent: KeySpace | undefined;
  readonly name: string;
  readonly children: Map<string, KeySpace>;
  /** Of its entries; not kept for the cache itself. */
  readonly handles: Set<number>;
  readonly tagged: TagIndex;
}

function space(parent: KeySpace | undefined, name: string): KeySpace {
  return { parent, name, children: new Map(), handles: new Set(), tagged: new TagIndex() };
}

/**
 * Which entries of a cache belong to which namespace, and which bear which tags there: a tree of namespaces, of which
 * only those are kept that have entries somewhere below. What neither has tags nor lives in a namespace is not in it.
 */
export class KeySpaces {
  readonly #root = space(undefined, '');
  readonly #homes = new Map<number, KeySpace>();

  /** An entry has been written. */
  set(handle: number, inner: string, tags: readonly string[] = NONE): void {
    const home = inner.charCodeAt(0) === 0 ? this.#home(handle, inner) : this.#root;
    if (tags.length > 0 || !home.tagged.isEmpty) home.tagged.set(handle, tags);
  }

  /** An entry has left. */
  delete(handle: number): void {
    if (this.#homes.size === 0) {
      if (!this.#root.tagged.isEmpty) this.#root.tagged.delete(handle);
      return;
    }
    const home = this.#homes.get(handle) ?? this.#root;
    home.tagged.delete(handle);
    home.handles.delete(handle);
    this.#homes.delete(handle);
    this.#prune(home);
  }

  tags(handle: number): readonly string[] {
    return (this.#homes.get(handle) ?? this.#root).tagged.tags(handle);
  }

  /** The namespace at the end of a path, then all within it. */
  *within(path: readonly string[]): Generator<KeySpace> {
    let found: KeySpace | undefined = this.#root;
    for (const name of path) found = found?.children.get(name);
    if (found) yield* below(found);
  }

  /** @throws when handles and namespaces disagree. O(entries in namespaces). */
  validate(): void {
    let count = 0;
    for (const one of below(this.#root)) {
      one.tagged.validate();
      count += one.handles.size;
      for (const handle of one.handles) invariant(this.#homes.get(handle) === one, 'an entry knows its namespace');
      invariant(one === this.#root || one.handles.size + one.children.size > 0, 'no empty namespace is kept');
    }
    invariant(count === this.#homes.size, 'a namespace knows its entries');
  }

  #home(handle: number, inner: string): KeySpace {
    // The key of a handle never changes as long as it is in use.
    const known = this.#homes.get(handle);
    if (known) return known;
    let home = this.#root;
    for (const name of placedKey(inner).path) {
      let child = home.children.get(name);
      if (!child) {
        child = space(home, name);
        home.children.set(name, child);
      }
      home = child;
    }
    if (home === this.#root) return home;
    home.handles.add(handle);
    this.#homes.set(handle, home);
    return home;
  }

  #prune(home: KeySpace): void {
    let one = home;
    while (one.parent && one.handles.size === 0 && one.children.size === 0) {
      one.parent.children.delete(one.name);
      one = one.parent;
    }
  }
}

function* below(one: KeySpace): Generator<KeySpace> {
  yield one;
  for (const child of one.children.values()) yield* below(child);
}
