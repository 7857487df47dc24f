import { Attempts } from '../common/each.js';
import { CacheCorruptionError, describe } from '../common/error.js';
import { firstThatFits } from '../snapshot/fit.js';
import { elapsed, type TimeStamp, timeStamp } from '../snapshot/time.js';
import { admit, chargeOf, type EngineAt, type Past } from './admit.js';
import { dropAll } from './drops.js';
import type { Engine } from './engine.js';
import { checkValue, cloneToStore } from './value.js';

const FORMAT = 'cachalot dump';
const VERSION = 1;
const NEVER = Number.POSITIVE_INFINITY;

/** An entry in a dump. Times in ms; what is not said is 1 for the cost, 0 for hits and grace, none, or never. */
export interface DumpEntry<K = unknown, V = unknown> {
  key: K;
  /** The names that lead to its namespace, from what was dumped on; not said of the cache's own keys. */
  namespace?: readonly string[];
  value: V;
  /** Bytes charged. */
  size: number;
  cost?: number;
  hits?: number;
  tags?: readonly string[];
  ttl?: number;
  idleTtl?: number;
  grace?: number;
  /** Since it was written, refreshed or touched. */
  age: number;
  /** Until it is no longer fresh; 0 or less when it is stale. */
  left?: number;
}

/** The content of a `Cache`, as `dump` gives and `load` takes it: plain data around the keys and values. */
export interface CacheDump<K = unknown, V = unknown> {
  format: 'cachalot dump';
  version: 1;
  /** When it was made: on the cache's clock, by its name, and on the wall clock, in ms since 1970. */
  savedAt: { clock: string; now: number; wall: number };
  /** The first to be evicted first. */
  entries: DumpEntry<K, V>[];
}

/** All entries that are not dead, in the order of eviction. O(n log n). */
export function dump<K, V>(engine: Engine<K, V>): CacheDump<K, V> {
  const { store, ticker, space } = engine;
  const savedAt: TimeStamp = timeStamp(engine.options.clock);
  const now = ticker.now();
  const { table, life } = store;
  const entries = inOrder(engine).map((handle): DumpEntry<K, V> => {
    const key = table.key(handle);
    const entry: DumpEntry<K, V> = {
      key,
      value: engine.copied(key, table.value(handle) as V),
      size: table.size(handle),
      age: Math.max(0, now - table.born(handle)),
    };
    const namespace = table.spaceOf(handle).path.slice(space.path.length);
    if (namespace.length > 0) entry.namespace = namespace;
    const [cost, hits, tags, grace] = [
      store.notes.cost(handle),
      table.hitsOf(handle),
      store.notes.tags(handle),
      life.grace(handle),
    ];
    const [ttl, idleTtl, left] = [life.ttl(handle), life.idleTtl(handle), life.endsAt(handle) - now];
    if (cost !== 1) entry.cost = cost;
    if (hits > 0) entry.hits = hits;
    if (tags.length > 0) entry.tags = [...tags];
    if (grace > 0) entry.grace = grace;
    if (ttl !== NEVER) entry.ttl = ttl;
    if (idleTtl !== NEVER) entry.idleTtl = idleTtl;
    if (left !== NEVER) entry.left = left;
    return entry;
  });
  return { format: FORMAT, version: VERSION, savedAt: { ...savedAt }, entries };
}

/**
 * Replaces all by what a dump holds, as far as it fits: the most worthy stay. How many entries there are then.
 *
 * @throws CacheCorruptionError when it is no dump; CacheSerializationError when the cache copies, and a value cannot be
 *   cloned. Then nothing has changed. What a user's policy throws, when all is loaded.
 */
export function load<K, V>(engineAt: EngineAt<K, V>, given: CacheDump<K, V>): number {
  const engine = engineAt([]);
  const { store, options, ticker } = engine;
  checkDump(given);
  const passed = elapsed(given.savedAt, timeStamp(options.clock));
  const list = given.entries.map((entry) => ({
    namespace: entry.namespace ?? [],
    key: entry.key,
    value: entry.value,
    past: pastOf(entry),
  }));
  const charges = list.map(({ past }) => chargeOf(engine, past, passed));
  const room = { bytes: store.maxBytes - store.bytes, entries: options.maxEntries - store.count };
  const old = [...engine.space.within()].flatMap(({ index }) => [...index.handles()]);
  for (const handle of old) room.bytes += store.table.size(handle);
  room.entries += old.length;
  const first = firstThatFits(charges, room);
  const fitting = list.filter((_, number) => number >= first && charges[number]! > 0);
  if (options.copy) for (const entry of fitting) entry.value = cloneToStore(entry.key, entry.value, options.name);
  for (const { owner } of engine.space.within()) owner.changes.supersedeAll();
  ticker.now();
  const attempts = new Attempts();
  attempts.try(() => dropAll(store, old, 'clear'));
  for (const { namespace, key, value, past } of fitting) {
    const owner = engineAt(namespace);
    attempts.try(() => admit(owner, key, value, past, passed));
  }
  store.removals.flush();
  attempts.end();
  return fitting.length;
}

export function pastOf(entry: DumpEntry): Past {
  const { size, cost = 1, hits = 0, tags = [], age, grace = 0, ttl = NEVER, idleTtl = NEVER, left = NEVER } = entry;
  return { size, cost, hits, tags: [...new Set(tags)], ttl, idleTtl, grace, age, left };
}

/** The stale, who dies first first; then the fresh, as the policy would let them go. */
function inOrder<K, V>({ store, space }: Engine<K, V>): number[] {
  const { life, policy } = store;
  const stale: number[] = [];
  const fresh = new Set<number>();
  for (const { index } of space.within()) {
    for (const handle of index.handlesUnordered()) {
      const state = life.state(handle);
      if (state === 'fresh') fresh.add(handle);
      else if (state === 'stale') stale.push(handle);
    }
  }
  stale.sort((a, b) => life.deadAt(a) - life.deadAt(b));
  const known = policy.order().filter((handle) => fresh.delete(handle));
  // A user's policy may not know them all.
  return [...stale, ...fresh, ...known];
}

function checkDump(given: unknown): asserts given is CacheDump {
  if (!isObject(given) || given['format'] !== FORMAT) fail('dump', 'what `dump()` has given', given);
  if (given['version'] !== VERSION) fail('dump.version', `version ${VERSION}`, given['version']);
  const { savedAt, entries } = given;
  if (!isObject(savedAt)) fail('dump.savedAt', 'when it was made', savedAt);
  if (typeof savedAt['clock'] !== 'string') fail('dump.savedAt.clock', 'the name of a clock', savedAt['clock']);
  for (const clock of ['now', 'wall']) check(savedAt[clock], Number.isFinite, `dump.savedAt.${clock}`, 'a time in ms');
  if (!Array.isArray(entries)) fail('dump.entries', 'an array', entries);
  const keys = new Map<string, Set<unknown>>();
  for (const [i, entry] of entries.entries()) {
    const name = `dump.entries[${i}]`;
    if (!isObject(entry) || !('key' in entry)) fail(name, 'an entry with a key', entry);
    checkEntry(entry, name);
    const namespace = JSON.stringify(entry['namespace'] ?? []);
    const known = keys.get(namespace) ?? new Set();
    if (known.has(entry['key'])) fail(`${name}.key`, 'a key that no other entry has', entry['key']);
    keys.set(namespace, known.add(entry['key']));
  }
}

function checkEntry(entry: Record<string, unknown>, name: string): void {
  const { value, size, age, cost = 1, hits = 0, grace = 0, ttl = 1, idleTtl = 1, left = 0, tags = [] } = entry;
  try {
    checkValue(value, `${name}.value`);
  } catch (cause) {
    throw new CacheCorruptionError(`load: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  check(size, (bytes) => Number.isSafeInteger(bytes) && bytes > 0, `${name}.size`, 'a whole number of bytes above 0');
  check(cost, (units) => units > 0 && units < NEVER, `${name}.cost`, 'a number above 0');
  check(hits, (count) => Number.isSafeInteger(count) && count >= 0, `${name}.hits`, 'a whole number, 0 or more');
  check(age, (ms) => ms >= 0 && ms < NEVER, `${name}.age`, 'a time in ms, 0 or more');
  check(grace, (ms) => ms >= 0, `${name}.grace`, 'a time in ms, 0 or more');
  check(ttl, (ms) => ms > 0, `${name}.ttl`, 'a time in ms above 0');
  check(idleTtl, (ms) => ms > 0, `${name}.idleTtl`, 'a time in ms above 0');
  check(left, (ms) => ms > -NEVER, `${name}.left`, 'a time in ms');
  checkNames(tags, `${name}.tags`);
  checkNames(entry['namespace'] ?? [], `${name}.namespace`);
}

function checkNames(names: unknown, name: string): void {
  if (Array.isArray(names) && names.every((one) => typeof one === 'string' && one !== '')) return;
  fail(name, 'an array of non-empty strings', names);
}

function check(value: unknown, isRight: (value: number) => boolean, name: string, expected: string): void {
  if (typeof value !== 'number' || !isRight(value)) fail(name, expected, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fail(name: string, expected: string, got: unknown): never {
  throw new CacheCorruptionError(`load: ${name}: expected ${expected}; got ${describe(got)}`);
}
