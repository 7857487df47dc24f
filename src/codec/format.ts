import { CacheCorruptionError, CacheSerializationError } from '../common/error.js';

/**
 * A value becomes a **skeleton**, a few bytes that say what it is, and **parts**, the raw bytes of its binary members.
 *
 * ```
 *  byte   0          1      2            3          4 ...
 *        ┌──────────┬──────┬────────────┬──────────┬──────────────────────────────────────────────┐
 *        │ version  │ kind │ Node major │ count    │ what the kind needs                          │
 *        └──────────┴──────┴────────────┴──────────┴──────────────────────────────────────────────┘
 *  RAW    one view and nothing else         count = view kind, plus 128 when it is empty; else part 0
 *  SCALAR one string, number, ...           as RECORD, one field whose name is empty
 *  RECORD a plain object of primitives      count = fields; uint32 where the values start, uint32 where the text
 *         and views, one level deep         starts; the lengths of the names, the names; the values: tag, payload;
 *                                           the text: all string values. One byte per character
 *  GRAPH  everything else                   uint32 number of buffers; for each the id it has in the stream and its
 *                                           part; V8's serialization, in which a view is a host object: kind, part
 *  WINDOWS  as GRAPH, with views that        uint32 number of windows; for each its part, where it begins in that, its
 *           share their buffers              length; then as GRAPH, with the number of a window in the place of a part's
 * ```
 *
 * All numbers are little endian. A reference to a part is its index plus one; 0 stands for no bytes at all, so that
 * parts are never empty.
 */
export const FORMAT_VERSION = 1;
export const HEADER_BYTES = 4;

export const Kind = { RAW: 0, SCALAR: 1, RECORD: 2, GRAPH: 3, WINDOWS: 4 } as const;

/** Added to the view kind of a RAW value without bytes. */
export const EMPTY = 0x80;

export const NODE_MAJOR = Number.parseInt(process.versions.node, 10);

/** Whether another version of the format or of Node has written it: that it cannot be read is no damage then. */
export const isForeign = (skeleton: Uint8Array): boolean =>
  skeleton[0] !== FORMAT_VERSION || skeleton[2] !== NODE_MAJOR;

/** The kind in a header, after everything in it has been checked that can be. */
export function readKind(skeleton: Uint8Array): number {
  if (skeleton.byteLength < HEADER_BYTES) throw corrupt(`a header of ${HEADER_BYTES} bytes was expected`);
  const version = skeleton[0]!;
  if (version !== FORMAT_VERSION) {
    throw new CacheSerializationError(`stored value: expected format version ${FORMAT_VERSION}, got ${version}`);
  }
  return skeleton[1]!;
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  if (offset + 4 > bytes.byteLength) throw corrupt('it ends too early');
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

export function corrupt(what: string, cause?: unknown): CacheCorruptionError {
  return new CacheCorruptionError(
    `stored value: its skeleton is damaged: ${what}`,
    cause === undefined ? {} : { cause },
  );
}
