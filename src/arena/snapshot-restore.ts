import { monotonicNow } from '../common/clock.js';
import { CacheKeyError, describe } from '../common/error.js';
import { hashString } from '../common/hash.js';
import { type EntryFacts, skeletonOf } from '../snapshot/entry.js';
import { firstThatFits } from '../snapshot/fit.js';
import { type Frame, SnapshotReader } from '../snapshot/reader.js';
import { factsOf, survey } from '../snapshot/survey.js';
import { elapsed } from '../snapshot/time.js';
import type { ArenaClient } from './client.js';
import { chargeOf } from './entry-store.js';
import { HEADER, UNIT_BYTES } from './layout.js';
import { innerKey } from './namespace-key.js';
import { encodeTags, isWide, MAX_PARTS, planRecord, type RecordPlan, writeTrailer } from './record.js';
import type { SnapshotPlace } from './snapshot-place.js';
import {
  GRANT,
  GRANT_NUMBERS,
  type Restored,
  type RoomForAll,
  type SnapshotRequest,
  type WantedBlocks,
  WRITTEN,
  WRITTEN_NUMBERS,
} from './snapshot-protocol.js';
import { CacheTable } from './table.js';

/** Entries larger than this are read to where they will lie; the others go in batches. */
const LARGE_BYTES = 128 * 1024;
const BATCH_ENTRIES = 256;
const BATCH_BYTES = 2 ** 21;
const MAX_KEY_LENGTH = 65_536;

/** How an entry will lie in its block. */
interface Placed {
  key: string;
  facts: EntryFacts;
  wide: boolean;
  tags: Uint8Array;
  plan: RecordPlan;
  bytes: number;
}

/** An entry that has been read and waits for its block. */
interface Waiting {
  placed: Placed;
  skeleton: Uint8Array;
  parts: readonly Uint8Array[];
}

/** Replaces what a cache holds by what a file holds, from the thread that calls; how many entries it has brought. */
export async function restoreArena(client: ArenaClient, place: SnapshotPlace, restoration: Restored): Promise<number> {
  const reader = await SnapshotReader.open(place.path);
  try {
    return await new ArenaRestoration(client, place, reader, restoration).run();
  } finally {
    await reader.close();
  }
}

class ArenaRestoration {
  #batch: Waiting[] = [];
  /** The parts of the batch, one behind another. */
  readonly #scratch = Buffer.allocUnsafeSlow(BATCH_BYTES + LARGE_BYTES);
  #scratchUsed = 0;
  #batchBytes = 0;
  /** The last message that enters entries; they arrive in order. */
  #entering: Promise<number> = Promise.resolve(0);
  #count = 0;
  readonly #id: number;
  /** Between the saving of the file and the call of `restore`, in ms. */
  readonly #passed: number;

  constructor(
    readonly client: ArenaClient,
    readonly place: SnapshotPlace,
    readonly reader: SnapshotReader,
    readonly restoration: Restored,
  ) {
    this.#id = restoration.id;
    this.#passed = elapsed(reader.header.savedAt, restoration.now);
  }

  async run(): Promise<number> {
    const { reader } = this;
    const { ticket } = this.place;
    const table = new CacheTable(ticket.table, ticket.cache, ticket.seed, ticket.slots);
    const maxEntryBytes = table.header(HEADER.maxEntryBytes);
    const charges = await survey(reader, (facts, frame) => {
      const charge = chargeOf(Math.ceil(this.#planFor(facts, frame).bytes / UNIT_BYTES));
      const isDead = facts.left + facts.grace <= this.#age();
      return isDead || charge > maxEntryBytes || frame.partLengths.length > MAX_PARTS ? 0 : charge;
    });
    const room = await this.#ask<RoomForAll>({ step: 'clear', restoration: this.#id });
    const first = firstThatFits(charges, room);
    await reader.begin();
    for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
      if (frame.number < first || charges[frame.number] === 0) await reader.checkParts(frame);
      else await this.#bring(frame);
    }
    await this.#flush();
    return this.#settled();
  }

  /** How much later it is now than in the file. */
  #age(): number {
    return this.#passed + Math.max(0, monotonicNow() - this.restoration.now.now);
  }

  #planFor(facts: EntryFacts, { partLengths, layout, number, offset }: Frame): Placed {
    const { key: name } = facts;
    if (typeof name !== 'string' || name === '' || name.length > MAX_KEY_LENGTH) {
      const text = `restore: ${this.reader.path}: entry ${number} at byte ${offset}: expected a key of a SharedCache, a non-empty string of at most ${MAX_KEY_LENGTH} characters; got ${describe(name)}`;
      throw new CacheKeyError(text, { key: name });
    }
    const path = facts.namespace.length === 0 ? this.place.within : [...this.place.within, ...facts.namespace];
    const key = innerKey(path, name);
    const wide = isWide(key);
    const tags = encodeTags(facts.tags);
    const plan = planRecord(partLengths, layout.skeletonBytes, key, wide);
    return { key, facts, wide, tags, plan, bytes: plan.byteLength + tags.length };
  }

  async #bring(frame: Frame): Promise<void> {
    const { reader } = this;
    const placed = this.#planFor(factsOf(reader, frame), frame);
    const skeleton = new Uint8Array(skeletonOf(frame.bytes, frame.layout));
    if (placed.bytes > LARGE_BYTES) {
      await this.#flush();
      await this.#bringLarge(frame, placed, skeleton);
      return;
    }
    const parts = frame.partLengths.map((length) => {
      this.#scratchUsed += length;
      return this.#scratch.subarray(this.#scratchUsed - length, this.#scratchUsed);
    });
    await reader.readParts(parts);
    this.#batch.push({ placed, skeleton, parts });
    this.#batchBytes += placed.bytes;
    if (this.#batch.length === BATCH_ENTRIES || this.#batchBytes >= BATCH_BYTES) await this.#flush();
  }

  /** Reads an entry to where it will lie. */
  async #bringLarge(frame: Frame, placed: Placed, skeleton: Uint8Array): Promise<void> {
    const grants = await this.#reserve([placed]);
    if (grants[GRANT.reservation] === 0) {
      await this.reader.checkParts(frame);
      return;
    }
    await this.reader.readParts(this.#partsOf(grants, 0, placed));
    const written = new Float64Array(WRITTEN_NUMBERS);
    this.#seal(grants, 0, placed, skeleton, written);
    await this.#enter(written, [[0, placed.facts.tags]]);
  }

  /** Brings what has been read and waits. */
  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#scratchUsed = 0;
    this.#batchBytes = 0;
    const grants = await this.#reserve(batch.map(({ placed }) => placed));
    const written = new Float64Array(batch.length * WRITTEN_NUMBERS);
    const tags: [number, readonly string[]][] = [];
    for (const [i, { placed, skeleton, parts }] of batch.entries()) {
      if (grants[i * GRANT_NUMBERS + GRANT.reservation] === 0) continue;
      if (parts.length > 0) {
        for (const [part, target] of this.#partsOf(grants, i, placed).entries()) target.set(parts[part]!);
      }
      this.#seal(grants, i, placed, skeleton, written);
      if (placed.facts.tags.length > 0) tags.push([i, placed.facts.tags]);
    }
    await this.#enter(written, tags);
  }

  #reserve(placed: readonly Placed[]): Promise<Float64Array> {
    const { seed } = this.place.ticket;
    const blocks: WantedBlocks = {
      keys: placed.map(({ key }) => key),
      hashes: Int32Array.from(placed, ({ key }) => hashString(key, seed)),
      wide: Uint8Array.from(placed, ({ wide }) => (wide ? 1 : 0)),
      bytes: Float64Array.from(placed, ({ bytes }) => bytes),
    };
    return this.#ask<Float64Array>({ step: 'reserve', restoration: this.#id, blocks });
  }

  /** A view of the block that was granted for the i-th entry. */
  #view(grants: Float64Array, i: number, offset: number, byteLength: number): Uint8Array {
    const at = i * GRANT_NUMBERS;
    const start = grants[at + GRANT.unit]! * UNIT_BYTES + offset;
    return this.client.segments.view(grants[at + GRANT.segment]!, start, byteLength)!;
  }

  #partsOf(grants: Float64Array, i: number, { plan }: Placed): Uint8Array[] {
    return plan.parts.map(({ offset, byteLength }) => this.#view(grants, i, offset, byteLength));
  }

  /** Writes what follows the parts, and what the keeper is to know. */
  #seal(grants: Float64Array, i: number, placed: Placed, skeleton: Uint8Array, written: Float64Array): void {
    const { plan, key, wide, tags, bytes, facts } = placed;
    const trailer = this.#view(grants, i, plan.trailer, bytes - plan.trailer);
    writeTrailer(trailer, plan.parts, skeleton, key, wide);
    if (tags.length > 0) trailer.set(tags, trailer.length - tags.length);
    const passed = this.#age();
    const at = i * WRITTEN_NUMBERS;
    written[at + WRITTEN.reservation] = grants[i * GRANT_NUMBERS + GRANT.reservation]!;
    written[at + WRITTEN.units] = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
    written[at + WRITTEN.trailer] = plan.trailer;
    written[at + WRITTEN.skeletonLength] = skeleton.length;
    written[at + WRITTEN.parts] = plan.parts.length;
    written[at + WRITTEN.tagsLength] = tags.length;
    written[at + WRITTEN.ttl] = facts.ttl;
    written[at + WRITTEN.idleTtl] = facts.idleTtl;
    written[at + WRITTEN.grace] = facts.grace;
    written[at + WRITTEN.cost] = facts.cost;
    written[at + WRITTEN.age] = facts.age + passed;
    written[at + WRITTEN.left] = facts.left - passed;
    written[at + WRITTEN.hits] = facts.hits;
  }

  /** Waits for the message before, and not for this one. */
  async #enter(written: Float64Array, tags: [number, readonly string[]][]): Promise<void> {
    await this.#settled();
    this.#entering = this.#ask<number>({ step: 'enter', restoration: this.#id, written, tags });
    this.#entering.catch(() => undefined);
  }

  async #settled(): Promise<number> {
    this.#count += await this.#entering;
    this.#entering = Promise.resolve(0);
    return this.#count;
  }

  #ask<T>(request: SnapshotRequest): Promise<T> {
    return this.client.request<T>({ op: 'snapshot', request });
  }
}
