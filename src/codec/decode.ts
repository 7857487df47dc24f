import { CacheError, CacheSerializationError } from '../common/error.js';
import { corrupt, EMPTY, FORMAT_VERSION, HEADER_BYTES, Kind, NODE_MAJOR, readKind } from './format.js';
import { deepFreeze } from './freeze.js';
import { decodeGraph } from './graph.js';
import { type DecodeMode, PartReader, type PartSource } from './part.js';
import { decodeRecord, decodeScalar } from './record-reader.js';
import { UINT8_ARRAY } from './view-kind.js';
import { readWindows } from './window.js';

/** A value that reads its binary in place. */
export interface DecodedView {
  value: unknown;
  /** Frozen through and through, and all its binary in place: may be handed out again while the bytes stay. */
  reusable: boolean;
}

/**
 * Puts a value together again. With `copy` it is owned by the caller; with `view` its typed arrays look at `parts` in
 * place, but for ArrayBuffers, which cannot lie in the middle of another, and parts misaligned for their type: these
 * are copied.
 *
 * @throws CacheCorruptionError when the bytes are damaged or parts are missing.
 * @throws CacheSerializationError when another version of the format or of Node wrote what this one cannot read: for
 *   a cache, a miss.
 */
export function decodeValue(skeleton: Uint8Array, parts: readonly PartSource[], mode: DecodeMode): unknown {
  return decode(skeleton, new PartReader(parts, mode));
}

/**
 * As `decodeValue` with `view`, telling whether the value may be kept and handed out again. Plain objects and arrays of
 * primitives and views are frozen for it; Map, Set, Date and what was copied are good for one reader only.
 */
export function decodeView(skeleton: Uint8Array, parts: readonly PartSource[]): DecodedView {
  const reader = new PartReader(parts, 'view');
  const value = decode(skeleton, reader);
  return { value, reusable: reader.inPlace && freeze(skeleton[1]!, value) };
}

/** Bytes of the skeleton of a value that is bytes and nothing else. */
export const PLAIN_BYTES_LENGTH = HEADER_BYTES;

/**
 * Whether the skeleton that begins at `at` says that the value is a `Uint8Array` and nothing else: then its only part, in
 * place, is the value, and may be handed out again.
 */
export function isPlainBytes(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === FORMAT_VERSION && bytes[at + 1] === Kind.RAW && bytes[at + 3] === UINT8_ARRAY;
}

/** The short kinds are known to be flat. */
function freeze(kind: number, value: unknown): boolean {
  if (kind === Kind.GRAPH || kind === Kind.WINDOWS) return deepFreeze(value);
  if (kind === Kind.RECORD) Object.freeze(value);
  return true;
}

/** As `decodeValue`, with the parts in whatever hands. */
export function decode(skeleton: Uint8Array, parts: PartReader): unknown {
  const kind = readKind(skeleton);
  try {
    switch (kind) {
      case Kind.RAW:
        return parts.binary(skeleton[3]! & ~EMPTY, skeleton[3]! & EMPTY ? 0 : 1);
      case Kind.SCALAR:
        return decodeScalar(skeleton, parts);
      case Kind.RECORD:
        return decodeRecord(skeleton, parts);
      case Kind.GRAPH:
        return decodeGraph(skeleton, parts);
      case Kind.WINDOWS: {
        const { windows, end } = readWindows(skeleton, HEADER_BYTES);
        parts.windows = windows;
        return decodeGraph(skeleton, parts, end);
      }
      default:
        throw corrupt(`there is no kind ${kind}`);
    }
  } catch (cause) {
    throw cause instanceof CacheError ? cause : failure(skeleton[2]!, cause);
  }
}

function failure(writer: number, cause: unknown): CacheError {
  if (writer === NODE_MAJOR && !(cause instanceof RangeError)) return corrupt('V8 cannot read it', cause);
  const message = `stored value: written by Node ${writer}, cannot be read by Node ${NODE_MAJOR} here`;
  return new CacheSerializationError(message, { cause });
}
