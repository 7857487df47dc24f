import type { EncodedValue } from '../codec/index.js';
import { UNIT_BYTES } from './layout.js';
import type { LooseValue } from './protocol.js';
import type { RecordView } from './slot-record.js';

/**
 * An encoded value in a shared buffer of its own, for values that the arena cannot or must not keep. The engine frees
 * the buffer when the last thread has dropped it.
 */
export function toLoose({ skeleton, parts }: EncodedValue): LooseValue {
  let end = skeleton.length;
  const places = parts.map((part) => {
    const byteOffset = Math.ceil(end / UNIT_BYTES) * UNIT_BYTES;
    end = byteOffset + part.byteLength;
    return { byteOffset, byteLength: part.byteLength };
  });
  const buffer = new SharedArrayBuffer(end);
  new Uint8Array(buffer, 0, skeleton.length).set(skeleton);
  parts.forEach((part, i) => {
    new Uint8Array(buffer, places[i]!.byteOffset, part.byteLength).set(part);
  });
  return { buffer, skeleton: { byteOffset: 0, byteLength: skeleton.length }, parts: places };
}

export function looseRecord({ buffer, skeleton, parts }: LooseValue): RecordView {
  return {
    skeleton: new Uint8Array(buffer, skeleton.byteOffset, skeleton.byteLength),
    parts: parts.map(({ byteOffset, byteLength }) => ({ buffer, byteOffset, byteLength })),
  };
}
