import { SLOT } from '../arena/layout.js';
import type { SharedReader } from '../arena/reader.js';
import type { RecordView } from '../arena/slot-record.js';
import { decodeValue, decodeView } from '../codec/index.js';
import { CacheCorruptionError } from '../common/error.js';

/** So much is copied before the event loop gets its turn: about half a millisecond of warm memory. */
const SLICE_BYTES = 8 * 2 ** 20;

/** What is not binary in a value is remembered, decoded, up to this length. */
const MAX_REMEMBERED_BYTES = 2048;

/** The value of a pinned slot, in place, if it may be handed out again and is not too large to be remembered. */
export function reusable(reader: SharedReader, slot: number): unknown {
  // Mostly it is bytes and nothing else.
  const bytes = reader.plainBytes(slot);
  if (bytes !== undefined) return bytes;
  if (reader.table.int(slot, SLOT.skeletonLength) >>> 0 > MAX_REMEMBERED_BYTES) return undefined;
  const record = reader.record(slot);
  const seen = record && decodeView(record.skeleton, record.parts);
  return seen?.reusable ? seen.value : undefined;
}

/** An owned copy of a record's value. */
export function copyRecord(record: RecordView | undefined): unknown {
  const { skeleton, parts } = known(record);
  return decodeValue(skeleton, parts, 'copy');
}

/** As `copyRecord`, with turns of the event loop between slices. The record's slot must stay pinned. */
export async function copyInSlices(record: RecordView | undefined): Promise<unknown> {
  const { skeleton, parts } = known(record);
  const owned = [];
  let copied = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    const target = new Uint8Array(byteLength);
    for (let at = 0; at < byteLength; at += SLICE_BYTES) {
      const length = Math.min(SLICE_BYTES, byteLength - at);
      target.set(new Uint8Array(buffer, byteOffset + at, length), at);
      copied += length;
      if (copied >= SLICE_BYTES) {
        copied = 0;
        await new Promise(setImmediate);
      }
    }
    owned.push({ buffer: target.buffer, byteOffset: 0, byteLength });
  }
  // The copies are nobody else's, so views of them are owned.
  return decodeValue(skeleton, owned, 'view');
}

function known(record: RecordView | undefined): RecordView {
  if (record !== undefined) return record;
  throw new CacheCorruptionError('value: the segment of its bytes is not known to this thread');
}
