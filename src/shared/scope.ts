import { innerKey, namespaceMark, ownKeys, withinPrefix } from '../arena/namespace-key.js';
import { namespaceLabel } from '../common/namespace.js';

/** The keys that one view of a shared cache deals in, and how they lie in the index. */
export class Scope {
  /** What the inner keys of this scope, and of those within it, begin with. */
  readonly within: string;
  /** What slots of this scope bear. */
  readonly mark: number;
  /** How events call it; `undefined` for the cache itself. */
  readonly label: string | undefined;
  /** What the user calls a key that lies in the index; `undefined` when it is not of this very scope. */
  readonly own: (inner: string) => string | undefined;
  readonly #prefix: string;

  /** Without names: the cache itself. */
  constructor(readonly path: readonly string[] = []) {
    this.within = withinPrefix(path);
    this.mark = namespaceMark(path);
    this.label = path.length === 0 ? undefined : namespaceLabel(path);
    this.own = ownKeys(path);
    this.#prefix = path.length === 0 ? '' : innerKey(path, '');
  }

  /** The key as it lies in the index. */
  inner(key: string): string {
    // Nearly all keys of the cache itself are what they are: those that begin otherwise than keys of namespaces.
    return this.#prefix === '' && key.charCodeAt(0) > 0 ? key : innerKey(this.path, key);
  }
}
