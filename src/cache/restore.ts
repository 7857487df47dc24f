import { decodeValue } from '../codec/index.js';
import { type EntryFacts, skeletonOf } from '../snapshot/entry.js';
import { firstThatFits } from '../snapshot/fit.js';
import { type Frame, SnapshotReader } from '../snapshot/reader.js';
import { factsOf, survey } from '../snapshot/survey.js';
import { elapsed, timeStamp } from '../snapshot/time.js';
import { Turns } from '../snapshot/turns.js';
import { admit, chargeOf } from './admit.js';
import type { Engine } from './engine.js';
import type { ChangeListener } from './space.js';
import { weigh } from './weight.js';

/**
 * Brings files of `save` back, one after the other. While one is under way it listens to all changes of the cache, from
 * the call of `restore` on: they are newer than the file.
 */
export class Restorer<K, V> implements ChangeListener<K> {
  readonly #engine: Engine<K, V>;
  readonly #running = new Set<Restoration<K, V>>();
  #last: Promise<unknown> = Promise.resolve();
  /** Who listens otherwise. */
  #next: ChangeListener<K>;

  constructor(engine: Engine<K, V>) {
    this.#engine = engine;
    this.#next = engine.changes;
  }

  async restore(path: string): Promise<number> {
    const engine = this.#engine;
    const restoration = new Restoration(engine);
    if (this.#running.size === 0) {
      this.#next = engine.changes;
      engine.changes = this;
    }
    this.#running.add(restoration);
    const restored = this.#last.then(() => restoration.run(path, () => this.#next.supersedeAll()));
    this.#last = restored.catch(() => undefined);
    try {
      return await restored;
    } finally {
      this.#running.delete(restoration);
      if (this.#running.size === 0) engine.changes = this.#next;
    }
  }

  supersede(key: K): void {
    for (const { changed } of this.#running) changed.add(key);
    this.#next.supersede(key);
  }

  supersedeTags(tags: readonly string[]): void {
    for (const { removedTags } of this.#running) for (const tag of tags) removedTags.add(tag);
    this.#next.supersedeTags(tags);
  }

  supersedeWhere(matches: (key: K) => boolean): void {
    for (const { removed } of this.#running) removed.push(matches);
    this.#next.supersedeWhere(matches);
  }

  /** Everything has been replaced: the files have nothing to say any more. */
  supersedeAll(): void {
    for (const restoration of this.#running) restoration.isOutdone = true;
    this.#next.supersedeAll();
  }

  close(): void {
    this.#next.close();
  }
}

/** The replacing of a cache's content by that of a file. */
class Restoration<K, V> {
  /** Keys written or removed since it was asked for. */
  readonly changed = new Set<K>();
  readonly removedTags = new Set<string>();
  /** What tells other keys removed since. */
  readonly removed: ((key: K) => boolean)[] = [];
  isOutdone = false;
  readonly #engine: Engine<K, V>;

  constructor(engine: Engine<K, V>) {
    this.#engine = engine;
  }

  /** First looks through the whole file, then loads it. How many entries it has brought. */
  async run(path: string, stopLoads: () => void): Promise<number> {
    this.#engine.assertOpen();
    const reader = await SnapshotReader.open(path);
    try {
      const passed = () => elapsed(reader.header.savedAt, timeStamp(this.#engine.options.clock));
      const charges = await survey(reader, (facts) => chargeOf(this.#engine, facts, passed()));
      this.#engine.assertOpen();
      if (this.isOutdone) return 0;
      stopLoads();
      this.#clear();
      return await this.#loadOrClear(reader, charges, passed);
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
      if (!this.isOutdone) this.#clear();
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
        if (this.isOutdone) return count;
        if (this.#enter(reader, facts, value, passed())) count++;
      } else {
        await reader.checkParts(frame);
      }
      if (turns.isOver) await turns.yield();
    }
    return count;
  }

  #enter({ header }: SnapshotReader, facts: EntryFacts, value: V, passed: number): boolean {
    const engine = this.#engine;
    const key = facts.key as K;
    if (this.changed.has(key) || facts.tags.some((tag) => this.removedTags.has(tag))) return false;
    if (this.removed.some((matches) => matches(key))) return false;
    // What lies in shared memory is charged otherwise.
    const size = header.kind === 'heap' ? facts.size : weigh(key, value, engine.options.weigher);
    const past = { ...facts, size };
    engine.ticker.now();
    if (chargeOf(engine, past, passed) === 0) return false;
    admit(engine, key, value, past, passed);
    engine.store.removals.flush();
    return true;
  }

  /** All goes but what was written since it was asked for. */
  #clear(): void {
    const { store, ticker } = this.#engine;
    ticker.now();
    for (const [key, handle] of [...this.#engine.space.index]) {
      if (!this.changed.has(key)) store.drop(handle, store.reasonFor(handle, 'clear'));
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
