import { type EncodedValue, encodeValue } from '../codec/index.js';
import { CacheSerializationError, describe } from '../common/error.js';
import { Turns } from '../snapshot/turns.js';
import { SnapshotWriter } from '../snapshot/writer.js';
import { type DumpEntry, dump, pastOf } from './dump.js';
import type { Engine } from './engine.js';

/** Writes what the cache holds now to a file; how many entries. Values are turned into bytes one by one, in slices. */
export async function saveCache<K, V>(engine: Engine<K, V>, path: string): Promise<number> {
  const { savedAt, entries } = dump(engine);
  const writer = await SnapshotWriter.create(path, 'heap', savedAt);
  const turns = new Turns();
  try {
    for (const entry of entries) {
      await writer.add({ ...pastOf(entry), key: entry.key, namespace: entry.namespace ?? [] }, encoded(entry));
      if (turns.isOver) await turns.yield();
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.count;
}

function encoded({ key, value }: DumpEntry): EncodedValue {
  try {
    return encodeValue(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const text = `save: the value of ${describe(key)} cannot be written: ${reason}`;
    throw new CacheSerializationError(text, { key, cause });
  }
}
