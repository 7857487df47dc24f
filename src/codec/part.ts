import { types } from 'node:util';
import { CacheCorruptionError, CacheSerializationError } from '../common/error.js';
import { corrupt } from './format.js';
import { ARRAY_BUFFER, viewKind, viewKindOf } from './view-kind.js';
import { joinPieces, type Piece, type Window } from './window.js';

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
  private readonly pieces: Piece[] = [];
  private readonly met: Binary[] = [];
  private readonly references: number[] = [];
  private joined: Uint8Array[] | undefined;

  get parts(): Uint8Array[] {
    return this.joined ?? this.pieces.map(({ bytes }) => bytes);
  }

  /** The reference to write down for a binary member: index plus one, 0 for no bytes. */
  add(binary: Binary): number {
    const bytes = rawBytes(binary);
    if (bytes.byteLength === 0) return 0;
    return this.pieces.push({ bytes, isCut: Buffer.isBuffer(binary) || types.isSharedArrayBuffer(bytes.buffer) });
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

  /** Joins what lies in one buffer. Then references are to the windows, of which there are some. */
  join(): readonly Window[] | undefined {
    const joined = joinPieces(this.pieces);
    this.joined = joined?.parts;
    return joined?.windows;
  }
}

/** The bytes of a view or buffer, where they are. */
export function rawBytes(binary: Binary): Uint8Array {
  if (isDetached(binary)) throw new CacheSerializationError('a buffer that has been detached cannot be stored');
  if (!ArrayBuffer.isView(binary)) return new Uint8Array(binary);
  return new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength);
}

/** Makes views and buffers out of parts again. Whatever refers to it, a part is copied at most once. */
export class PartReader {
  /** Whether everything made so far looks at the parts in place: nothing was copied. */
  inPlace = true;
  /** What references are to, if not to parts. */
  windows: readonly Window[] | undefined;
  private copies: Uint8Array<ArrayBuffer>[] | undefined;

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
    if (reference === 0) return new ArrayBuffer(0);
    const window = this.window(reference);
    const { buffer } = this.copy(window?.part ?? reference);
    if (window === undefined || (window.byteOffset === 0 && window.byteLength === buffer.byteLength)) return buffer;
    throw corrupt('an ArrayBuffer lies within another');
  }

  protected window(reference: number): Window | undefined {
    const { windows } = this;
    if (windows === undefined) return undefined;
    const window = windows[reference - 1];
    if (window === undefined) throw corrupt(`there is no window ${reference}`);
    return window;
  }

  private view(kind: number, reference: number): ArrayBufferView {
    const found = viewKind(kind);
    if (!found) throw corrupt(`there is no view of kind ${kind}`);
    if (reference === 0) return found.build(new ArrayBuffer(0), 0, 0);
    const window = this.window(reference);
    const part = window?.part ?? reference;
    const source = this.source(part);
    const byteLength = window?.byteLength ?? source.byteLength;
    const byteOffset = window?.byteOffset ?? 0;
    if (byteLength % found.elementBytes !== 0 || byteOffset + byteLength > source.byteLength) {
      throw new CacheCorruptionError(
        `stored value: expected whole elements of ${found.elementBytes} bytes for ${found.name}, got ${byteLength} of ${source.byteLength} bytes`,
      );
    }
    const start = source.byteOffset + byteOffset;
    if (this.mode === 'view' && start % found.elementBytes === 0 && this.copies?.[part] === undefined) {
      return found.build(source.buffer, start, byteLength);
    }
    this.inPlace = false;
    if (byteOffset % found.elementBytes !== 0) throw corrupt(`a ${found.name} begins at byte ${byteOffset}`);
    return found.build(this.copy(part).buffer, byteOffset, byteLength);
  }

  private copy(part: number): Uint8Array<ArrayBuffer> {
    this.copies ??= [];
    this.copies[part] ??= copyOf(this.source(part));
    return this.copies[part];
  }

  private source(part: number): PartSource {
    const source = this.parts[part - 1];
    if (source) return source;
    throw new CacheCorruptionError(`stored value: expected at least ${part} parts, got ${this.parts.length}`);
  }
}

/** A copy in memory of its own, never zeroed beforehand, never of Node's pool. */
function copyOf({ buffer, byteOffset, byteLength }: PartSource): Uint8Array<ArrayBuffer> {
  const copy = Buffer.allocUnsafeSlow(byteLength);
  copy.set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}
