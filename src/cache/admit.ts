import { Attempts } from '../common/each.js';
import type { Engine } from './engine.js';
import { entryTerms } from './entry-terms.js';

/** Uses told to the policy for an entry that comes with hits: enough to tell the hot from the cold, at a bounded cost. */
const MAX_REPLAYED_USES = 15;

/** The engine of a namespace, by the names that lead to it from here. */
export type EngineAt<K, V> = (path: readonly string[]) => Engine<K, V>;

/** What is known about an entry that has lived before: in ms, `Infinity` for never. */
export interface Past {
  readonly size: number;
  readonly cost: number;
  readonly hits: number;
  readonly tags: readonly string[];
  readonly ttl: number;
  readonly idleTtl: number;
  readonly grace: number;
  readonly age: number;
  /** Until it is no longer fresh; 0 or less when it is stale. */
  readonly left: number;
}

/** What an entry will be charged, `passed` ms later; 0 when it is dead by then, or larger than entries may be. */
export function chargeOf<K, V>(engine: Engine<K, V>, past: Past, passed: number): number {
  const isDead = past.left + past.grace <= passed;
  return isDead || past.size > engine.maxEntryBytes ? 0 : past.size;
}

/**
 * Enters an entry that has lived before, as the most worthy so far: `passed` ms later, as old and with as much of its
 * time left as that makes. Tells nobody, and counts nothing: it is neither a write nor a hit of this cache. After a look
 * at the clock; not for what is charged nothing. What a user's policy throws leaves when all of this is done.
 */
export function admit<K, V>(engine: Engine<K, V>, key: K, value: V, past: Past, passed: number): void {
  const { store, counters, ticker } = engine;
  const { table, life, policy } = store;
  const { size, cost, hits, tags, ttl, idleTtl, grace } = past;
  const terms = entryTerms({ ttl, idleTtl, grace }, tags.length > 0 ? tags : undefined);
  const attempts = new Attempts();
  attempts.try(() => store.put(engine.space, key, value, size, cost, terms));
  const handle = engine.space.index.find(key);
  // There was no room, and the policy has named nobody.
  if (handle < 0) {
    attempts.end();
    return;
  }
  counters.missBytes -= size;
  table.beBorn(handle, ticker.time[0]! - past.age - passed);
  if (past.left !== Number.POSITIVE_INFINITY) {
    life.resume(handle, past.left - passed);
    store.planSweep(handle);
  }
  table.countHits(handle, hits);
  engine.discountHits(hits * size);
  for (let use = Math.min(hits, MAX_REPLAYED_USES); use > 0; use--) attempts.try(() => policy.touch(handle));
  attempts.end();
}
