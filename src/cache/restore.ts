import { decodeValue } from '../codec/index.js';
import { Attempts } from '../common/each.js';
import { type EntryFacts, skeletonOf } from '../snapshot/entry.js';
import { firstThatFits } from '../snapshot/fit.js';
import { type Frame, SnapshotReader } from '../snapshot/reader.js';
import { factsOf, survey } from '../snapshot/survey.js';
import { elapsed, timeStamp } from '../snapshot/time.js';
import { Turns } from '../snapshot/turns.js';
import { admit, chargeOf, type EngineAt } from './admit.js';
import type { Engine } from './engine.js';
import type { ChangeListener, Space } from './space.js';
import { weigh } from './weight.js';

/** What has become of one namespace since a restoration was asked for. */
interface Changes<K> {
  /** Keys written or removed. */
  readonly keys: Set<K>;
  readonly tags: Set<string>;
  /** What tells other keys that were removed. */
  readonly removed: ((key: K) => boolean)[];
  /** All was removed: the file has nothing to say of it any more. */
  hasAll: boolean;
}

/**
 * Brings files of `save` back, one after the other, for a cache and all views of it. While one is under way it listens
 * to all changes, from the call of `restore` on: they are newer than the file.
 */
export class Restorer<K, V> {
  readonly #running = new Set<Restoration<K, V>>();
  readonly #watched = new Map<Space<K, V>, ChangeListener<K>>();
  #last: Promise<unknown> = Promise.resolve();

  /** `engineAt` leads from the view that is restored to the namespaces within it. */
  async restore(path: string, engineAt: EngineAt<K, V>): Promise<number> {
    const restoration = new Restoration(engineAt, (space) => this.#watched.get(space));
    this.#running.add(restoration);
    for (const space of engineAt([]).store.table.root.within()) this.watch(space);
    const restored = this.#last.then(() => restoration.run(path));
    this.#last = restored.catch(() => undefined);
    try {
      return await restored;
    } finally {
      this.#running.delete(restoration);
      if (this.#running.size === 0) this.#unwatch();
    }
  }

  /** To be called for each space that is new. */
  watch(space: Space<K, V>): void {
    if (this.#running.size === 0 || this.#watched.has(space)) return;
    const next = space.owner.changes;
    this.#watched.set(space, next);
    const note = (what: (changes: Changes<K>) => void): void => {
      for (const restoration of this.#running) what(restoration.changesOf(space));
    };
    space.owner.changes = {
      supersede(key) {
        note(({ keys }) => keys.add(key));
        next.supersede(key);
      },
      supersedeTags(removed) {
        note(({ tags }) => {
          for (const tag of removed) tags.add(tag);
        });
        next.supersedeTags(removed);
      },
      supersedeWhere(matches) {
        note(({ removed }) => removed.push(matches));
        next.supersedeWhere(matches);
      },
      supersedeAll() {
        note((changes) => {
          changes.hasAll = true;
        });
        next.supersedeAll();
      },
      close: () => next.close(),
    };
  }

  #unwatch(): void {
    for (const [{ owner }, next] of this.#watched) owner.changes = next;
    this.#watched.clear();
  }
}

/** The replacing of a cache's content by that of a file. */
class Restoration<K, V> {
  readonly #changes = new Map<Space<K, V>, Changes<K>>();
  readonly #engine: Engine<K, V>;
  /** Those of namespaces: without entries and users nothing else holds them. */
  readonly #engines = new Map<string, Engine<K, V>>();
  /** A user's policy may throw at each entry: the file is restored all the same. */
  readonly #attempts = new Attempts();

  constructor(
    readonly engineAt: EngineAt<K, V>,
    /** Who listens to the changes of a space otherwise. */
    readonly listenerOf: (space: Space<K, V>) => ChangeListener<K> | undefined,
  ) {
    this.#engine = engineAt([]);
  }

  changesOf(space: Space<K, V>): Changes<K> {
    let changes = this.#changes.get(space);
    if (changes === undefined) {
      changes = { keys: new Set(), tags: new Set(), removed: [], hasAll: false };
      this.#changes.set(space, changes);
    }
    return changes;
  }

  /** First looks through the whole file, then loads it. How many entries it has brought. */
  async run(path: string): Promise<number> {
    this.#engine.assertOpen();
    const reader = await SnapshotReader.open(path);
    try {
      const passed = () => elapsed(reader.header.savedAt, timeStamp(this.#engine.options.clock));
      const charges = await survey(reader, (facts) => chargeOf(this.#engine, facts, passed()));
      this.#engine.assertOpen();
      for (const space of this.#engine.space.within()) this.listenerOf(space)?.supersedeAll();
      this.#clear();
      const count = await this.#loadOrClear(reader, charges, passed);
      this.#attempts.end();
      return count;
    } finally {
      await reader.close();
    }
  }

  async #loadOrClear(reader: SnapshotReader, charges: readonly number[], passed: () => number): Promise<number> {
    const { store, options } = this.#engine;
    const room = { bytes: store.maxBytes - store.bytes, entries: options.maxEntries - store.count };
    const first = firstThatFits(charges, room);
    try {
      return await this.#load(reader, ({ number }) => number >= first && charges[number]! > 0, passed);
    } catch (error) {
      // The file was found good a moment ago: it is being changed, or memory is at its end. Nothing half-loaded stays.
      this.#clear();
      throw error;
    }
  }

  async #load(reader: SnapshotReader, isWanted: (frame: Frame) => boolean, passed: () => number): Promise<number> {
    const turns = new Turns();
    let count = 0;
    await reader.begin();
    for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
      if (isWanted(frame)) {
        const facts = factsOf(reader, frame);
        const value = (await readValue(reader, frame)) as V;
        this.#engine.assertOpen();
        if (this.#enter(reader, facts, value, passed())) count++;
      } else {
        await reader.checkParts(frame);
      }
      if (turns.isOver) await turns.yield();
    }
    return count;
  }

  #enter({ header }: SnapshotReader, facts: EntryFacts, value: V, passed: number): boolean {
    const engine = this.#engineOf(facts.namespace);
    const key = facts.key as K;
    const { keys, tags, hasAll, removed } = this.changesOf(engine.space);
    if (hasAll || keys.has(key) || facts.tags.some((tag) => tags.has(tag))) return false;
    if (removed.some((matches) => matches(key))) return false;
    // What lies in shared memory is charged otherwise.
    const size = header.kind === 'heap' ? facts.size : weigh(key, value, engine.options.weigher);
    const past = { ...facts, size };
    engine.ticker.now();
    if (chargeOf(engine, past, passed) === 0) return false;
    this.#attempts.try(() => admit(engine, key, value, past, passed));
    engine.store.removals.flush();
    return true;
  }

  #engineOf(path: readonly string[]): Engine<K, V> {
    if (path.length === 0) return this.#engine;
    const name = JSON.stringify(path);
    const engine = this.#engines.get(name) ?? this.engineAt(path);
    this.#engines.set(name, engine);
    return engine;
  }

  /** All goes but what was written since it was asked for. */
  #clear(): void {
    const { store, ticker, space } = this.#engine;
    ticker.now();
    for (const one of space.within()) {
      const { keys } = this.changesOf(one);
      for (const handle of one.index.handles()) {
        if (keys.has(store.table.key(handle))) continue;
        this.#attempts.try(() => store.drop(handle, store.reasonFor(handle, 'clear')));
      }
    }
    store.removals.flush();
  }
}

/** The value of a frame, in memory of its own. */
async function readValue(reader: SnapshotReader, frame: Frame): Promise<unknown> {
  const skeleton = Buffer.from(skeletonOf(frame.bytes, frame.layout));
  const parts = frame.partLengths.map((length) => Buffer.allocUnsafeSlow(length));
  await reader.readParts(parts);
  return decodeValue(skeleton, parts, 'view');
}
