import { UNIT_BYTES } from '../arena/layout.js';
import type { LooseValue } from '../arena/protocol.js';
import type { EncodedValue } from '../codec/index.js';

/** Room behind what a loader asked for, so that the rest of its value can join it without a copy. */
const SKELETON_ROOM = 4096;

/**
 * Memory for values that the arena has no room for: shared, so that all who wait can read one copy, and dropped by the
 * engine when the last of them has dropped it.
 */
export class PrivateMemory {
  readonly #buffers = new Set<ArrayBufferLike>();

  get isUsed(): boolean {
    return this.#buffers.size > 0;
  }

  allocate(byteLength: number): Uint8Array {
    const buffer = new SharedArrayBuffer(align(byteLength) + SKELETON_ROOM);
    this.#buffers.add(buffer);
    return new Uint8Array(buffer, 0, byteLength);
  }

  holds(part: Uint8Array): boolean {
    return this.#buffers.has(part.buffer);
  }

  /** The value where it is, if all its parts lie in one buffer of ours, with room for the skeleton behind them. */
  inPlace({ skeleton, parts }: EncodedValue): LooseValue | undefined {
    const buffer = parts[0]?.buffer;
    if (!(buffer instanceof SharedArrayBuffer) || !this.#buffers.has(buffer)) return undefined;
    if (parts.some((part) => part.buffer !== buffer)) return undefined;
    const byteOffset = align(Math.max(...parts.map((part) => part.byteOffset + part.byteLength)));
    if (byteOffset + skeleton.length > buffer.byteLength) return undefined;
    new Uint8Array(buffer, byteOffset, skeleton.length).set(skeleton);
    return {
      buffer,
      skeleton: { byteOffset, byteLength: skeleton.length },
      parts: parts.map((part) => ({ byteOffset: part.byteOffset, byteLength: part.byteLength })),
    };
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / UNIT_BYTES) * UNIT_BYTES;
}
