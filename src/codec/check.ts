import { CacheCorruptionError } from '../common/error.js';
import { decode } from './decode.js';
import { corrupt } from './format.js';
import { type Binary, PartReader } from './part.js';
import { ARRAY_BUFFER, viewKind } from './view-kind.js';

/**
 * Whether a value can be put together, by doing it with empty parts: for bytes that come from outside. Beyond what
 * `decodeValue` looks at, each part may be used once, as values do that were taken apart here: else a few bytes could
 * ask for any number of copies of a large one.
 *
 * @throws what `decodeValue` would throw.
 */
export function checkValue(skeleton: Uint8Array, partLengths: readonly number[]): void {
  const value = decode(skeleton, new PartChecker(partLengths));
  if (value === undefined) throw corrupt('a value cannot be undefined');
}

class PartChecker extends PartReader {
  readonly #lengths: readonly number[];
  readonly #taken = new Set<number>();

  constructor(lengths: readonly number[]) {
    super([], 'view');
    this.#lengths = lengths;
  }

  override binary(kind: number, reference: number): Binary {
    if (kind === ARRAY_BUFFER) return this.buffer(reference);
    const found = viewKind(kind);
    if (!found) throw corrupt(`there is no view of kind ${kind}`);
    if (this.#take(reference) % found.elementBytes !== 0) throw corrupt(`half an element of a ${found.name}`);
    return found.build(new ArrayBuffer(0), 0, 0);
  }

  override buffer(reference: number): ArrayBuffer {
    this.#take(reference);
    return new ArrayBuffer(0);
  }

  /** The length of a part, or of a window on one. */
  #take(reference: number): number {
    if (reference === 0) return 0;
    const window = this.window(reference);
    const length = this.#lengths[(window?.part ?? reference) - 1];
    const fits = length !== undefined && (!window || window.byteOffset + window.byteLength <= length);
    if (fits && !this.#taken.has(reference)) {
      this.#taken.add(reference);
      return window?.byteLength ?? length;
    }
    throw new CacheCorruptionError(
      `stored value: expected each of its ${this.windows?.length ?? this.#lengths.length} parts once; got ${reference}`,
    );
  }
}
