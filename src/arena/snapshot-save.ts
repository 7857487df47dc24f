import type { EntryFacts } from '../snapshot/entry.js';
import type { TimeStamp } from '../snapshot/time.js';
import { SnapshotWriter } from '../snapshot/writer.js';
import type { ArenaClient } from './client.js';
import { SLOT, SLOT_F64 } from './layout.js';
import { placedKey } from './namespace-key.js';
import { SharedReader } from './reader.js';
import { slotKey, slotTags } from './slot-key.js';
import type { SnapshotPlace } from './snapshot-place.js';
import type { SaveBegun, SnapshotRequest } from './snapshot-protocol.js';
import { CacheTable } from './table.js';

/** Writes what a cache holds to a file, from the thread that calls; how many entries. */
export async function saveArena(client: ArenaClient, { ticket, path, within }: SnapshotPlace): Promise<number> {
  const ask = <T>(request: SnapshotRequest): Promise<T> => client.request<T>({ op: 'snapshot', request });
  const { save, savedAt } = await ask<SaveBegun>({ step: 'beginSave', cache: ticket.cache, within });
  const entries = new ArenaEntries(client, { ticket, within, savedAt });
  const writer = await SnapshotWriter.create(path, 'shared', savedAt);
  try {
    for (;;) {
      const slots = await ask<Int32Array>({ step: 'nextSlots', save });
      if (slots.length === 0) break;
      for (const slot of slots) await entries.write(slot, writer);
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.count;
}

/** Entries that the keeper holds for this thread, read where they lie. */
class ArenaEntries {
  readonly #table: CacheTable;
  readonly #reader: SharedReader;

  /** How many names lead to what is saved. */
  readonly #depth: number;
  readonly savedAt: TimeStamp;

  constructor(
    readonly client: ArenaClient,
    { ticket, within, savedAt }: Pick<SnapshotPlace, 'ticket' | 'within'> & { savedAt: TimeStamp },
  ) {
    this.savedAt = savedAt;
    this.#depth = within.length;
    this.#table = new CacheTable(ticket.table, ticket.cache, ticket.seed, ticket.slots);
    this.#reader = new SharedReader(this.#table, client.row, client.segments);
  }

  async write(slot: number, writer: SnapshotWriter): Promise<void> {
    const facts = this.#facts(slot);
    const record = this.#reader.record(slot);
    if (record === undefined || facts.left + facts.grace <= 0) return;
    const parts = record.parts.map(
      ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
    );
    await writer.add(facts, { skeleton: record.skeleton, parts });
  }

  #facts(slot: number): EntryFacts {
    const table = this.#table;
    const { segments } = this.client;
    const { now } = this.savedAt;
    const placed = placedKey(slotKey(table, segments, slot) ?? '');
    const idleTtl = table.double(slot, SLOT_F64.idleMs);
    const end = Math.min(table.double(slot, SLOT_F64.freshUntil), table.double(slot, SLOT_F64.lastUsed) + idleTtl);
    return {
      key: placed.key,
      namespace: placed.path.slice(this.#depth),
      tags: slotTags(table, segments, slot),
      hits: table.int(slot, SLOT.hits),
      size: table.double(slot, SLOT_F64.charge),
      cost: table.double(slot, SLOT_F64.cost),
      ttl: table.double(slot, SLOT_F64.ttlMs),
      idleTtl,
      grace: table.double(slot, SLOT_F64.graceMs),
      age: Math.max(0, now - table.double(slot, SLOT_F64.bornAt)),
      left: end - now,
    };
  }
}
