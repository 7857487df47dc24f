import { corrupt, readUint32, writeUint32 } from './format.js';

/**
 * Views of one buffer go on sharing it: what overlaps, or lies close together, is stored as one part, and each view is a
 * **window** on it. Far apart they are parts of their own, since what lies between them is nobody's value.
 */
export interface Window {
  /** Reference of the part. */
  part: number;
  byteOffset: number;
  byteLength: number;
}

/** Bytes of a view that is to be stored. */
export interface Piece {
  bytes: Uint8Array;
  /**
   * Of memory that others may use too: Node cuts Buffers from a pool, we cut what loaders allocate from segments. Such
   * pieces go together only where they overlap.
   */
  isCut: boolean;
}

/** Bytes that nobody asked for and that may be stored between views, besides as many as the views have. */
const MAX_GAP = 1024;
const MAX_ELEMENT_BYTES = 8;
const WINDOW_BYTES = 12;

/** One part for pieces that go together, and a window for each piece; `undefined` when none do. O(pieces · log). */
export function joinPieces(pieces: readonly Piece[]): { parts: Uint8Array[]; windows: Window[] } | undefined {
  if (!haveCommonBuffer(pieces)) return undefined;
  const byBuffer = new Map<ArrayBufferLike, number[]>();
  for (const [index, { bytes }] of pieces.entries()) {
    const members = byBuffer.get(bytes.buffer);
    if (members === undefined) byBuffer.set(bytes.buffer, [index]);
    else members.push(index);
  }
  const groups = [...byBuffer.values()].flatMap((members) => groupsOf(pieces, members));
  if (groups.length === pieces.length) return undefined;
  const windows: Window[] = [];
  const parts = groups.map((group, index) => {
    const part = coverOf(pieces, group);
    for (const member of group) {
      const { byteOffset, byteLength } = pieces[member]!.bytes;
      windows[member] = { part: index + 1, byteOffset: byteOffset - part.byteOffset, byteLength };
    }
    return part;
  });
  return { parts, windows };
}

/** Of a few pieces, without a set. */
function haveCommonBuffer(pieces: readonly Piece[]): boolean {
  if (pieces.length < 2) return false;
  if (pieces.length > 8) return new Set(pieces.map(({ bytes }) => bytes.buffer)).size < pieces.length;
  return pieces.some(({ bytes }, index) => {
    for (let other = 0; other < index; other++) if (pieces[other]!.bytes.buffer === bytes.buffer) return true;
    return false;
  });
}

const startOf = ({ bytes }: Piece): number => bytes.byteOffset;
const endOf = ({ bytes }: Piece): number => bytes.byteOffset + bytes.byteLength;

/** Those of one buffer that go together. */
function groupsOf(pieces: readonly Piece[], members: number[]): number[][] {
  const sorted = members.sort((a, b) => startOf(pieces[a]!) - startOf(pieces[b]!));
  const start = startOf(pieces[sorted[0]!]!);
  let bytes = 0;
  let end = 0;
  const groups: number[][] = [];
  for (const member of sorted) {
    const piece = pieces[member]!;
    if (groups.length > 0 && startOf(piece) < end) groups.at(-1)!.push(member);
    else groups.push([member]);
    end = Math.max(end, endOf(piece));
    bytes += piece.bytes.byteLength;
  }
  const isNear = end - start <= 2 * bytes + MAX_GAP;
  return isNear && sorted.some((member) => !pieces[member]!.isCut) ? [sorted] : groups;
}

/** The bytes from the first to the last of a group; one that stands alone is nobody's business but its own. */
function coverOf(pieces: readonly Piece[], group: readonly number[]): Uint8Array {
  const first = pieces[group[0]!]!;
  if (group.length === 1) return first.bytes;
  const start = startOf(first) - (startOf(first) % MAX_ELEMENT_BYTES);
  const end = group.reduce((most, member) => Math.max(most, endOf(pieces[member]!)), 0);
  return new Uint8Array(first.bytes.buffer, start, end - start);
}

export const bytesOfWindows = (windows: readonly Window[]): number => 4 + windows.length * WINDOW_BYTES;

export function writeWindows(target: Uint8Array, start: number, windows: readonly Window[]): void {
  writeUint32(target, start, windows.length);
  let offset = start + 4;
  for (const { part, byteOffset, byteLength } of windows) {
    writeUint32(target, offset, part);
    writeUint32(target, offset + 4, byteOffset);
    writeUint32(target, offset + 8, byteLength);
    offset += WINDOW_BYTES;
  }
}

/** The windows, and where the graph that looks through them begins. */
export function readWindows(skeleton: Uint8Array, start: number): { windows: Window[]; end: number } {
  const count = readUint32(skeleton, start);
  const end = start + 4 + count * WINDOW_BYTES;
  if (end > skeleton.byteLength) throw corrupt('its table of windows ends too early');
  const windows: Window[] = [];
  for (let offset = start + 4; offset < end; offset += WINDOW_BYTES) {
    const part = readUint32(skeleton, offset);
    windows.push({ part, byteOffset: readUint32(skeleton, offset + 4), byteLength: readUint32(skeleton, offset + 8) });
  }
  return { windows, end };
}
