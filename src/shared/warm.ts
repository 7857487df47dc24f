import type { BatchItem } from '../arena/batch.js';
import { HEADER } from '../arena/layout.js';
import type { CacheConfig } from '../arena/protocol.js';
import { byWorth, checkWarmable, type Warmed, Warming, type WarmOptions, type WarmSummary } from '../load/warm.js';
import { storeMany } from './batch.js';
import { checkKey } from './options.js';
import type { TurnHost } from './transaction.js';

/** Entries that are stored at once, and told of together. */
const BATCH = 256;

/** A share of the budget: what is free below it is no room, as long as nothing is known about the size of values. */
const LEAST_ROOM = 1 / 64;

interface Parts<V> extends TurnHost<V> {
  guard(action: () => void): void;
  /** Loads a key, with no room but what is free. */
  load(key: string, signal: AbortSignal | undefined): Promise<void>;
  /** @throws CacheConfigError when there is no loader. */
  assertLoader(): void;
}

/** Fills the room that is left: by the entries of a `Map`, or by loading keys. Nobody goes for them but the dead. */
export async function warmShared<V>(
  parts: Parts<V>,
  source: ReadonlyMap<string, V> | Iterable<string>,
  options?: WarmOptions<string>,
): Promise<WarmSummary> {
  checkWarmable(source);
  if (source instanceof Map) return storeAll(parts, source as ReadonlyMap<string, V>, options);
  const keys = [...(source as Iterable<string>)];
  const warming = new Warming<string>(parts, keys.length, options);
  parts.assertLoader();
  const { table } = parts.reading;
  const free = (): number =>
    table.header(HEADER.maxBytes) - table.header(HEADER.bytes) - table.header(HEADER.reservedBytes);
  const before = table.header(HEADER.bytes);
  let loaded = 0;
  return warming.loadAll(keys, async (key): Promise<Warmed> => {
    checkKey(key);
    if (parts.has(key)) return 'skipped';
    await parts.load(key, warming.options.signal);
    if (parts.has(key)) {
      loaded++;
      return 'loaded';
    }
    // One that yields nothing, or too much, says nothing about the others.
    const mean = loaded > 0 ? (table.header(HEADER.bytes) - before) / loaded : 0;
    return free() < Math.max(mean, table.header(HEADER.maxBytes) * LEAST_ROOM) ? 'full' : 'skipped';
  });
}

async function storeAll<V>(
  parts: Parts<V>,
  entries: ReadonlyMap<string, V>,
  options?: WarmOptions<string>,
): Promise<WarmSummary> {
  const { reading } = parts;
  const { client, ticket, table } = reading;
  const warming = new Warming<string>(parts, entries.size, options);
  const writes: { key: string; item: BatchItem; cost: number; size: number }[] = [];
  for (const [key, value] of entries) {
    try {
      checkKey(key);
      const item = parts.item(key, parts.preSet(key, value), {});
      writes.push({ key, item, cost: item.terms.cost || costBy(ticket.config, item.charge), size: item.charge });
    } catch (error) {
      warming.note(key, 'failed', { error });
    }
  }
  const sorted = byWorth(writes);
  for (let at = 0; at < sorted.length; at += BATCH) {
    warming.check();
    const batch = sorted.slice(at, at + BATCH);
    const maxBytes = table.header(HEADER.maxBytes);
    const items = batch.map(({ item }) => item);
    const stored = await storeMany(client, ticket, items, { maxBytes, spares: true });
    batch.forEach(({ key }, i) => {
      warming.note(key, stored[i] ? 'stored' : 'skipped');
    });
  }
  return warming.summary;
}

/** What the keeper will reckon a miss to cost. */
function costBy({ cost }: CacheConfig, charge: number): number {
  if (cost === 'bytes') return charge;
  return cost === 'balanced' ? Math.sqrt(charge) : 1;
}
