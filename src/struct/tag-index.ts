import { invariant } from '../common/invariant.js';

const NONE: readonly string[] = [];

/**
 * Which handles bear a tag, and which tags a handle bears: an inverted index beside its inverse, so that taking out one
 * handle costs as much as it has tags, and finding all of a tag as much as there are.
 *
 * Invariant: `#handles` has a handle under a tag exactly when `#tags` has the tag under the handle; neither holds an
 * empty list.
 */
export class TagIndex {
  readonly #tags = new Map<number, readonly string[]>();
  readonly #handles = new Map<string, Set<number>>();

  /** Whether no handle bears any tag. */
  get isEmpty(): boolean {
    return this.#tags.size === 0;
  }

  /** Gives a handle these tags, without duplicates, in the place of those that it had. O(both). */
  set(handle: number, tags: readonly string[]): void {
    this.delete(handle);
    if (tags.length === 0) return;
    this.#tags.set(handle, tags);
    for (const tag of tags) {
      const handles = this.#handles.get(tag);
      if (handles) handles.add(handle);
      else this.#handles.set(tag, new Set([handle]));
    }
  }

  /** The handle bears no tag any more. O(its tags). */
  delete(handle: number): void {
    const tags = this.#tags.get(handle);
    if (!tags) return;
    this.#tags.delete(handle);
    for (const tag of tags) {
      const handles = this.#handles.get(tag);
      handles?.delete(handle);
      if (handles?.size === 0) this.#handles.delete(tag);
    }
  }

  tags(handle: number): readonly string[] {
    return this.#tags.get(handle) ?? NONE;
  }

  /** Not to be walked while handles come and go. */
  handles(tag: string): Iterable<number> {
    return this.#handles.get(tag) ?? [];
  }

  /** Those that bear any of the tags, each once: a list of its own. O(its length × tags). */
  handlesOfAny(tags: readonly string[]): number[] {
    const all = new Set<number>();
    for (const tag of tags) for (const handle of this.handles(tag)) all.add(handle);
    return [...all];
  }

  clear(): void {
    this.#tags.clear();
    this.#handles.clear();
  }

  /** Throws when the invariant is broken. O(n). */
  validate(): void {
    let pairs = 0;
    for (const [handle, tags] of this.#tags) {
      invariant(tags.length > 0, 'no handle is kept without tags');
      invariant(new Set(tags).size === tags.length, 'a handle bears a tag once');
      for (const tag of tags) invariant(this.#handles.get(tag)?.has(handle), 'a tag knows who bears it');
      pairs += tags.length;
    }
    for (const handles of this.#handles.values()) {
      invariant(handles.size > 0, 'no tag is kept that nobody bears');
      pairs -= handles.size;
    }
    invariant(pairs === 0, 'nobody is found under a tag that he does not bear');
  }
}
