import { CacheCorruptionError } from '../common/error.js';
import { IdTable } from '../struct/id-table.js';
import { BATCH_REQUESTS, type Batch, newBatch } from './batch.js';
import type { Source } from './source.js';

/**
 * ```
 *  0        4        8
 *  ┌────────┬────────┐
 *  │ object │ bytes  │   uint32, little-endian; one record a request, in order, no header
 *  └────────┴────────┘
 * ```
 */
const RECORD_BYTES = 8;

/**
 * The requests of a trace of 8-byte records.
 *
 * @throws CacheCorruptionError for a file that ends within a record.
 */
export async function* readBinary(source: Source): AsyncGenerator<Batch> {
  const ids = new IdTable();
  const batch = newBatch();
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of source.chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.length - (bytes.length % RECORD_BYTES);
    for (let at = 0; at < end; at += BATCH_REQUESTS * RECORD_BYTES) {
      fill(batch, bytes.subarray(at, Math.min(end, at + BATCH_REQUESTS * RECORD_BYTES)), ids);
      yield batch;
    }
    offset += end;
    rest = bytes.subarray(end);
  }
  if (rest.length === 0) return;
  throw new CacheCorruptionError(
    `${source.name}: offset ${offset}: expected a record of ${RECORD_BYTES} bytes; got ${rest.length}, then the end of the file`,
  );
}

function fill(batch: Batch, bytes: Buffer, ids: IdTable): void {
  const length = bytes.length / RECORD_BYTES;
  batch.length = length;
  for (let i = 0; i < length; i++) {
    batch.ids[i] = ids.idOf(bytes.readUInt32LE(i * RECORD_BYTES), 0);
    batch.sizes[i] = bytes.readUInt32LE(i * RECORD_BYTES + 4);
  }
}
