import type { EncodedValue } from '../codec/index.js';
import type { ArenaClient } from './client.js';
import { chargeOf } from './entry-store.js';
import { UNIT_BYTES } from './layout.js';
import type { EntryTerms } from './lifetime.js';
import type { CacheTicket } from './protocol.js';
import { RecordWriter } from './record-writer.js';
import type { Grant, WrittenRecord } from './write-protocol.js';

/** A batch holds at most this share of the budget, of the entries, and of the slots while it is written. */
const SHARE = 1 / 4;
/** And so many entries. */
const MAX_ENTRIES = 512;

/** A value that is to be written together with others. */
export interface BatchItem {
  readonly writer: RecordWriter;
  readonly encoded: EncodedValue;
  readonly terms: EntryTerms;
  /** What the entry will be charged with. */
  readonly charge: number;
}

interface Manner {
  /** The turn of the transaction that the batch belongs to, or 0. */
  turn?: number;
  /** Whether only the dead may go for it. */
  spares?: boolean;
}

export function batchItem(
  client: ArenaClient,
  ticket: CacheTicket,
  key: string,
  encoded: EncodedValue,
  terms: EntryTerms,
): BatchItem {
  const writer = new RecordWriter(client, ticket, key);
  const units = Math.max(1, Math.ceil(writer.measure(encoded, terms) / UNIT_BYTES));
  return { writer, encoded, terms, charge: chargeOf(units) };
}

/**
 * Asks for the places of all items in one request, and writes them: what the keeper is to be told then, `undefined` for
 * those that are refused. When one cannot be written, all that was granted is given back.
 */
export async function writeBatch(
  client: ArenaClient,
  ticket: CacheTicket,
  items: readonly BatchItem[],
  { turn = 0, spares = false }: Manner = {},
): Promise<(WrittenRecord | undefined)[]> {
  const grants = await client.request<(Grant | { refused: string })[]>({
    op: 'reserveMany',
    cache: ticket.cache,
    keys: items.map(({ writer }) => writer.key),
    hashes: items.map(({ writer }) => writer.hash),
    wides: items.map(({ writer }) => writer.isWide),
    // What cannot be kept, whatever the room, is refused by its size.
    bytes: items.map(({ charge }) => (Number.isFinite(charge) ? charge - chargeOf(0) : Number.MAX_SAFE_INTEGER)),
    turn,
    spares,
  });
  grants.forEach((grant, i) => {
    if (!('refused' in grant)) items[i]!.writer.accept(grant);
  });
  const records: (WrittenRecord | undefined)[] = [];
  try {
    for (const { writer, encoded, terms } of items) {
      records.push(writer.isOpen ? await writer.write(encoded, terms) : undefined);
    }
  } catch (error) {
    await giveBack(client, items, records);
    throw error;
  }
  return records;
}

/** Gives back what was granted for items, written or not. */
export async function giveBack(
  client: ArenaClient,
  items: readonly BatchItem[],
  records: readonly (WrittenRecord | undefined)[],
): Promise<void> {
  const written = records.flatMap((record) => (record === undefined ? [] : [record.reservation]));
  await Promise.all([
    ...written.map((reservation) => client.request({ op: 'abort', reservation })),
    ...items.map(({ writer }) => writer.abort()),
  ]);
}

/** Batches that leave room for others while they are written; an item larger than that is a batch of its own. */
export function* batchesOf(
  ticket: CacheTicket,
  maxBytes: number,
  items: Iterable<BatchItem>,
): Generator<readonly BatchItem[]> {
  const most = Math.min(MAX_ENTRIES, ticket.slots * SHARE, ticket.config.maxEntries * SHARE);
  let batch: BatchItem[] = [];
  let bytes = 0;
  for (const item of items) {
    if (batch.length > 0 && (batch.length >= most || bytes + item.charge > maxBytes * SHARE)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.charge;
  }
  if (batch.length > 0) yield batch;
}
