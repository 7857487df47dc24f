import type { PartSource } from '../../src/codec/index.js';

/** Puts parts into shared memory as the arena does, each at a multiple of 64 bytes plus `shift`. */
export function place(parts: readonly Uint8Array[], shift = 0): PartSource[] {
  const starts: number[] = [];
  let end = 64;
  for (const part of parts) {
    starts.push(end + shift);
    end += Math.ceil((part.byteLength + shift) / 64) * 64 + 64;
  }
  const buffer = new SharedArrayBuffer(end);
  return parts.map((part, index) => {
    const byteOffset = starts[index]!;
    new Uint8Array(buffer, byteOffset, part.byteLength).set(part);
    return { buffer, byteOffset, byteLength: part.byteLength };
  });
}
