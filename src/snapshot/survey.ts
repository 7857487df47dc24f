import { checkValue, isForeign } from '../codec/index.js';
import { CacheCorruptionError, CacheError, CacheSerializationError, describe } from '../common/error.js';
import { decodeFacts, type EntryFacts, skeletonOf } from './entry.js';
import type { Frame, SnapshotReader } from './reader.js';
import { Turns } from './turns.js';

/** What a cache would be charged for an entry; 0 when it has no use for it. */
export type Measure = (facts: EntryFacts, frame: Frame) => number;

/**
 * The first pass: reads a whole file and keeps nothing but the charge of each entry. When it has ended, every checksum
 * matches, every number is in its range, no key comes twice, and every value can be put together, but for those that
 * another version of Node has written and this one cannot read: they are charged nothing, and left out.
 *
 * @throws CacheCorruptionError for what is damaged, CacheSerializationError for what is nested too deeply for this thread.
 */
export async function survey(reader: SnapshotReader, measure: Measure): Promise<number[]> {
  const charges: number[] = [];
  const keys = new Map<string, Set<unknown>>();
  const turns = new Turns();
  await reader.begin();
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
    const facts = factsOf(reader, frame);
    const namespace = JSON.stringify(facts.namespace);
    const known = keys.get(namespace) ?? new Set();
    if (known.has(facts.key)) reader.fail(`its key ${describe(facts.key)} has been there before`);
    keys.set(namespace, known.add(facts.key));
    charges.push(isReadable(reader, frame, facts.key) ? measure(facts, frame) : 0);
    await reader.checkParts(frame);
    if (turns.isOver) await turns.yield();
  }
  return charges;
}

/** Whether the value can be put together here. */
function isReadable(reader: SnapshotReader, frame: Frame, key: unknown): boolean {
  const skeleton = skeletonOf(frame.bytes, frame.layout);
  try {
    checkValue(skeleton, frame.partLengths);
    return true;
  } catch (error) {
    if (error instanceof CacheSerializationError && isForeign(skeleton)) return false;
    return refuse(reader, frame, key, error);
  }
}

/** What a frame says of its entry. */
export function factsOf(reader: SnapshotReader, frame: Frame): EntryFacts {
  try {
    return decodeFacts(frame.bytes, frame.layout, (what) => reader.fail(what));
  } catch (error) {
    return refuse(reader, frame, undefined, error);
  }
}

function refuse(reader: SnapshotReader, frame: Frame, key: unknown, error: unknown): never {
  if (!(error instanceof CacheError)) throw error;
  if (error instanceof CacheCorruptionError && error.message.startsWith('restore')) throw error;
  const what = key === undefined ? 'its key' : `the value of ${describe(key)}`;
  if (error instanceof CacheSerializationError) {
    const text = `restore: ${reader.path}: entry ${frame.number} at byte ${frame.offset}: ${what}: ${error.message}`;
    throw new CacheSerializationError(text, { key, cause: error });
  }
  return reader.fail(`${what}: ${error.message}`, error);
}
