import { types } from 'node:util';
import { CacheCorruptionError, CacheSerializationError } from '../common/error.js';
import { corrupt } from './format.js';
import { ARRAY_BUFFER, viewKind, viewKindOf } from './view-kind.js';

/** Where the bytes of a part lie now. */
export interface PartSource {
  buffer: ArrayBufferLike;
  byteOffset: number;
  byteLength: number;
}

/** `view`: typed arrays look at the bytes in place. `copy`: everything is owned by who gets it. */
export type DecodeMode = 'view' | 'copy';

/** A view, or the buffer under one. */
export type Binary = ArrayBufferView | ArrayBufferLike;

export const isBinary = (value: unknown): value is Binary => ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);

/** What is stored of a binary's type. A SharedArrayBuffer comes back as an ArrayBuffer. */
export const binaryKindOf = (binary: Binary): number =>
  ArrayBuffer.isView(binary) ? viewKindOf(binary) : ARRAY_BUFFER;

/** Whether the memory behind it has been given away, by `transfer` or `postMessage`. */
export function isDetached(binary: Binary): boolean {
  const buffer = ArrayBuffer.isView(binary) ? binary.buffer : binary;
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).byteLength !== 0;
  } catch {
    return true; // only a detached buffer cannot be viewed
  }
}

/** The parts of one value, in the order in which they were met. */
export class PartWriter {
  readonly parts: Uint8Array[] = [];
  private readonly met: Binary[] = [];
  private readonly references: number[] = [];

  /** The reference to write down for a binary member: index plus one, 0 for no bytes. */
  add(binary: Binary): number {
    const bytes = rawBytes(binary);
    return bytes.byteLength === 0 ? 0 : this.parts.push(bytes);
  }

  /** As `add`, for a few members among which one may occur twice: the same view is the same part. */
  addOnce(binary: Binary): number {
    const known = this.met.indexOf(binary);
    if (known >= 0) return this.references[known]!;
    const reference = this.add(binary);
    this.met.push(binary);
    this.references.push(reference);
    return reference;
  }
}

/** The bytes of a view or buffer, where they are. */
export function rawBytes(binary: Binary): Uint8Array {
  if (isDetached(binary)) throw new CacheSerializationError('a buffer that has been detached cannot be stored');
  if (!ArrayBuffer.isView(binary)) return new Uint8Array(binary);
  return new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
}

/** Makes views and buffers out of parts again. */
export class PartReader {
  /** Whether everything made so far looks at the parts in place: nothing was copied. */
  inPlace = true;

  constructor(
    private readonly parts: readonly PartSource[],
    private readonly mode: DecodeMode,
  ) {}

  binary(kind: number, reference: number): Binary {
    return kind === ARRAY_BUFFER ? this.buffer(reference) : this.view(kind, reference);
  }

  /** An ArrayBuffer cannot lie in the middle of another one: it is a copy in both modes. */
  buffer(reference: number): ArrayBuffer {
    this.inPlace = false;
    return reference === 0 ? new ArrayBuffer(0) : copyOf(this.source(reference)).buffer;
  }

  private view(kind: number, reference: number): ArrayBufferView {
    const found = viewKind(kind);
    if (!found) throw corrupt(`there is no view of kind ${kind}`);
    if (reference === 0) return found.build(new ArrayBuffer(0), 0, 0);
    const source = this.source(reference);
    if (source.byteLength % found.elementBytes !== 0) {
      throw new CacheCorruptionError(
        `stored value: expected whole elements of ${found.elementBytes} bytes for ${found.name}, got ${source.byteLength} bytes`,
      );
    }
    if (this.mode === 'view' && source.byteOffset % found.elementBytes === 0) {
      return found.build(source.buffer, source.byteOffset, source.byteLength);
    }
    this.inPlace = false;
    return found.build(copyOf(source).buffer, 0, source.byteLength);
  }

  private source(reference: number): PartSource {
    const source = this.parts[reference - 1];
    if (source) return source;
    throw new CacheCorruptionError(`stored value: expected at least ${reference} parts, got ${this.parts.length}`);
  }
}

/** A copy in memory of its own, never zeroed beforehand, never of Node's pool. */
function copyOf({ buffer, byteOffset, byteLength }: PartSource): Uint8Array<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(byteLength);
  copy.set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}
