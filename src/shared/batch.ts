import { type BatchItem, batchesOf, writeBatch } from '../arena/batch.js';
import type { ArenaClient } from '../arena/client.js';
import { withKeeper } from '../arena/keeper-lost.js';
import type { CacheTicket } from '../arena/protocol.js';

/**
 * Stores values in two requests for a batch of them, whatever their number: which of them were not refused. With `spares`
 * only the dead go for them.
 */
export async function storeMany(
  client: ArenaClient,
  ticket: CacheTicket,
  items: readonly BatchItem[],
  { maxBytes, spares = false }: { maxBytes: number; spares?: boolean },
): Promise<boolean[]> {
  const stored: boolean[] = [];
  for (const batch of batchesOf(ticket, maxBytes, items)) {
    const records = await withKeeper(
      async () => {
        const records = await writeBatch(client, ticket, batch, { spares });
        const written = records.filter((record) => record !== undefined);
        if (written.length > 0) await client.request({ op: 'commitMany', records: written });
        return records;
      },
      async () => {
        for (const { writer } of batch) await writer.restart();
      },
    );
    for (const record of records) stored.push(record !== undefined);
  }
  return stored;
}
