import { BUFFER_HEADER, VIEW_HEADER } from './layout.js';

/** The two kinds of raw memory, resizable or not. */
export type RawBuffer = ArrayBuffer | SharedArrayBuffer;

/** Node 26 makes its slabs a little longer than `Buffer.poolSize`, to align them. */
const SLAB_SLACK = 64;

/** Bytes of a buffer itself; a resizable one is charged for what it has reserved. */
export function bufferBytes(buffer: RawBuffer): number {
  return BUFFER_HEADER + reserved(buffer);
}

/**
 * Bytes of a view with the whole buffer behind it, which lives as long as the view does: a `subarray` of 100 bytes of a
 * 4 MiB buffer keeps 4 MiB. Small Buffers that Node cut from its pool are charged for their share of the slab.
 */
export function viewBytes(view: ArrayBufferView): number {
  const share = poolShare(view);
  return VIEW_HEADER + (share > 0 ? share : bufferBytes(view.buffer));
}

/**
 * The share of a pooled Buffer in its slab, 0 when it has a buffer of its own. `Buffer.from`, `concat` and
 * `allocUnsafe` cut what is shorter than half of `Buffer.poolSize` (8 KiB, or 64 KiB since Node 24) out of slabs shared
 * with whatever was made next. If those neighbours are in the cache too the slab costs each its share, which includes
 * what is lost at the end: two Buffers of 3000 bytes fill one slab. If they are not, it costs up to a whole slab: store
 * small things in Buffers of their own (`Buffer.alloc`). A user's own slice of a buffer that is exactly as long as a
 * slab looks the same.
 */
export function poolShare(view: ArrayBufferView): number {
  const slab = view.buffer.byteLength;
  const length = view.byteLength;
  const slack = slab - Buffer.poolSize;
  if (slack < 0 || slack > SLAB_SLACK || length >= Buffer.poolSize >>> 1 || !Buffer.isBuffer(view)) return 0;
  const neighbours = Math.floor(slab / Math.max(8, Math.ceil(length / 8) * 8));
  return Math.ceil((slab + BUFFER_HEADER) / neighbours);
}

// Resizable buffers are newer than the type definitions; elsewhere the property is absent.
function reserved(buffer: RawBuffer): number {
  const limit: unknown = Reflect.get(buffer, 'maxByteLength');
  return typeof limit === 'number' && limit > buffer.byteLength ? limit : buffer.byteLength;
}
