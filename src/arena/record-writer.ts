import type { EncodedValue } from '../codec/index.js';
import { CacheClosedError, CacheSerializationError } from '../common/error.js';
import { hashString } from '../common/hash.js';
import type { ArenaClient } from './client.js';
import { withKeeper } from './keeper-lost.js';
import { ENTRY_OVERHEAD_BYTES, UNIT_BYTES } from './layout.js';
import type { EntryTerms } from './lifetime.js';
import { userKey } from './namespace-key.js';
import { isSmall } from './outbox.js';
import type { CacheTicket } from './protocol.js';
import {
  encodeTags,
  isWide,
  keyBytes,
  MAX_PARTS,
  NO_TAGS,
  type PartPlace,
  placeIn,
  planRecord,
  type RecordPlan,
  writeRecord,
  writeTrailer,
} from './record.js';
import {
  type Committed,
  type Grant,
  outcomeOf,
  type Published,
  type StoreRequest,
  type WrittenRecord,
} from './write-protocol.js';

/** So much is copied before the event loop gets its turn: about half a millisecond of warm memory. */
const SLICE_BYTES = 8 * 2 ** 20;
/** Room left behind what a loader allocates, for a skeleton of the usual kind: without it, that takes another block. */
const TRAILER_ROOM = 1024;

/** Where a record is to lie: the block with its trailer, and how much of that is its own. */
interface Placed {
  plan: RecordPlan;
  grant: Grant;
  byteLength: number;
}

/** One value on its way into the arena: blocks are granted, written, and entered as one record. */
export class RecordWriter {
  readonly hash: number;
  /** How long the value took to make, in milliseconds; 0 when the keeper is to take the age of the flight. */
  loadMs = 0;
  /** The turn of the key that the write belongs to, or 0. */
  turn = 0;
  readonly #wide: boolean;
  readonly #grants: Grant[] = [];
  #reservation = 0;
  /** What the blocks must come to, for the entry to be charged as much as was said. */
  #leastBytes = 0;
  #isAborted = false;
  #tags = NO_TAGS;
  /** Blocks are asked for one after the other: a reservation holds what it has while it waits for more. */
  #asking: Promise<unknown> | undefined;

  constructor(
    readonly client: ArenaClient,
    readonly ticket: CacheTicket,
    readonly key: string,
    /** The flight that the value is for, or 0. */
    readonly flight = 0,
  ) {
    this.hash = hashString(key, ticket.seed) | 0;
    this.#wide = isWide(key);
  }

  /** Whether the reservation still has to be given back. */
  get isOpen(): boolean {
    return this.#reservation !== 0;
  }

  /** Bytes of the arena to write into, or `undefined` when they cannot be had: too large, or no room in time. */
  async allocate(byteLength: number): Promise<Uint8Array | undefined> {
    const room = this.#grants.length === 0 ? TRAILER_ROOM + keyBytes(this.key, this.#wide) : 0;
    const grant = await this.#grant(byteLength + room);
    return grant && this.client.segments.view(grant.segment, grant.unit * UNIT_BYTES, byteLength);
  }

  /**
   * Writes the value and enters it. Parts that lie in blocks of this writer stay where they are; the others are copied,
   * in slices, and must not change meanwhile. When it is refused, `lastLook` is called before the blocks of this writer
   * go back: parts may lie in them.
   */
  async publish(encoded: EncodedValue, terms: EntryTerms, lastLook: () => void = () => {}): Promise<Published> {
    const letter = this.#letter(encoded, terms);
    if (letter !== undefined) {
      const result = await this.#send(letter);
      if (this.#isGiven(result)) return outcomeOf(result);
      lastLook();
      return 'refused';
    }
    const record = await this.write(encoded, terms, lastLook);
    if (record === undefined) return 'refused';
    const { turn } = this;
    const request = turn > 0 ? ({ op: 'commit', turn, ...record } as const) : ({ op: 'commit', ...record } as const);
    return outcomeOf(await this.client.request<Committed>(request));
  }

  /** As `publish`, for a value none of whose parts lies in the arena: begins anew when the keeper ends in the middle of it. */
  store(encoded: EncodedValue, terms: EntryTerms): Promise<Published> {
    return withKeeper(
      () => this.publish(encoded, terms),
      () => this.restart(),
    );
  }

  /** Gives back what was granted, to be granted anew. */
  async restart(): Promise<void> {
    await this.abort();
    this.#isAborted = false;
    this.#grants.length = 0;
    this.#asking = undefined;
  }

  /** As `publish`, up to where the record is entered: what the keeper is to be told then, or `undefined` when refused. */
  async write(
    encoded: EncodedValue,
    terms: EntryTerms,
    lastLook: () => void = () => {},
  ): Promise<WrittenRecord | undefined> {
    this.#describe(terms);
    let placed: Placed | undefined;
    try {
      placed = encoded.parts.length > MAX_PARTS ? undefined : await this.#place(encoded);
      if (placed) await this.#write(encoded, placed.plan, placed.grant);
    } catch (error) {
      await this.abort();
      throw error;
    }
    if (placed === undefined) {
      lastLook();
      await this.abort();
      return undefined;
    }
    const { plan, grant, byteLength } = placed;
    const externals = new Set<number>();
    plan.parts.forEach((_, i) => {
      const block = this.#blockOf(encoded.parts[i]!);
      if (block >= 0 && block !== grant.block) externals.add(block);
    });
    const reservation = this.#reservation;
    this.#reservation = 0;
    return {
      reservation,
      block: grant.block,
      units: Math.max(1, Math.ceil(byteLength / UNIT_BYTES)),
      externals: [...externals],
      trailer: plan.trailer,
      skeletonLength: encoded.skeleton.length,
      parts: plan.parts.length,
      tagsLength: this.#tags.length,
      terms,
      loadMs: this.loadMs,
    };
  }

  /** Bytes that a block must have for a value none of whose parts lies in the arena; `Infinity` for one that cannot be kept. */
  measure({ skeleton, parts }: EncodedValue, terms: EntryTerms): number {
    if (parts.length > MAX_PARTS) return Number.POSITIVE_INFINITY;
    this.#describe(terms);
    const lengths = parts.map(({ byteLength }) => byteLength);
    return Math.max(this.#plan(lengths, skeleton.length).byteLength, this.#leastBytes);
  }

  /** Whether the key has characters that take two bytes. */
  get isWide(): boolean {
    return this.#wide;
  }

  /** Takes over a block that was asked for together with others. */
  accept(grant: Grant): void {
    this.#reservation = grant.reservation;
    this.#grants[grant.block] = grant;
  }

  /** Gives back what was granted, and what is granted later: nothing can be had of this writer any more. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    if (this.#reservation === 0) return;
    const reservation = this.#reservation;
    this.#reservation = 0;
    await this.client.request({ op: 'abort', reservation });
  }

  /** The value in the outbox, if it is small, there is room for it, and nothing was asked for it yet. */
  #letter(encoded: EncodedValue, terms: EntryTerms): StoreRequest | undefined {
    const { outbox, isIdle } = this.client;
    if (this.#asking !== undefined || this.#isAborted || this.isOpen || !isSmall(encoded, isIdle)) return undefined;
    this.#describe(terms);
    const { key } = this;
    const [wide, tags] = [this.#wide, this.#tags];
    const sizes = encoded.parts.map((part) => part.byteLength);
    const plan = this.#plan(sizes, encoded.skeleton.length);
    const { byteLength } = plan;
    const start = outbox.take(byteLength, isIdle);
    if (start < 0) return undefined;
    writeRecord(outbox.view(start, byteLength), plan, encoded, { key, wide, tags });
    return {
      op: 'store',
      cache: this.ticket.cache,
      key,
      hash: this.hash,
      wide,
      bytes: Math.max(byteLength, this.#leastBytes),
      start,
      byteLength,
      flight: this.flight,
      turn: this.turn,
      trailer: plan.trailer,
      skeletonLength: encoded.skeleton.length,
      parts: sizes.length,
      tagsLength: tags.length,
      terms,
      loadMs: this.loadMs,
    };
  }

  async #send(letter: StoreRequest): Promise<Committed | { refused: string }> {
    try {
      return await this.client.request(letter);
    } finally {
      this.client.outbox.free(letter.start);
    }
  }

  /** Where everything is to lie: behind what a loader has written into the first block, else in a block of its own. */
  async #place(encoded: EncodedValue): Promise<Placed | undefined> {
    const { skeleton, parts } = encoded;
    const first = this.#grants[0];
    if (first !== undefined) {
      let end = 0;
      const lengths = parts.map((part) => {
        const block = this.#blockOf(part);
        if (block < 0) return part.byteLength;
        if (block !== first.block) return placeIn(this.#grants[block]!, part);
        const offset = part.byteOffset - first.unit * UNIT_BYTES;
        end = Math.max(end, offset + part.byteLength);
        return { segment: -1, offset, byteLength: part.byteLength };
      });
      const plan = this.#plan(lengths, skeleton.length, end);
      const byteLength = Math.max(plan.byteLength, this.#leastBytes - this.#bytesBeside(parts, first.block));
      if (byteLength <= first.units * UNIT_BYTES) return { plan, grant: first, byteLength };
    }
    const lengths = parts.map((part) => {
      const block = this.#blockOf(part);
      return block < 0 ? part.byteLength : placeIn(this.#grants[block]!, part);
    });
    const plan = this.#plan(lengths, skeleton.length);
    const byteLength = Math.max(plan.byteLength, this.#leastBytes - this.#bytesBeside(parts, -1));
    const grant = await this.#grant(byteLength);
    return grant && { plan, grant, byteLength };
  }

  /** Bytes of the blocks that parts lie in, but for one. */
  #bytesBeside(parts: readonly Uint8Array[], but: number): number {
    const blocks = new Set(parts.map((part) => this.#blockOf(part)));
    let bytes = 0;
    for (const block of blocks) if (block >= 0 && block !== but) bytes += this.#grants[block]!.units * UNIT_BYTES;
    return bytes;
  }

  #describe({ tags, size = 0 }: EntryTerms): void {
    this.#tags = encodeTags(tags);
    this.#leastBytes = size - ENTRY_OVERHEAD_BYTES;
  }

  #plan(lengths: readonly (number | PartPlace)[], skeletonLength: number, start = 0): RecordPlan {
    const plan = planRecord(lengths, skeletonLength, this.key, this.#wide, start);
    return { ...plan, byteLength: plan.byteLength + this.#tags.length };
  }

  async #write(encoded: EncodedValue, plan: RecordPlan, grant: Grant): Promise<void> {
    const base = grant.unit * UNIT_BYTES;
    const { segments } = this.client;
    let written = 0;
    for (const [i, part] of encoded.parts.entries()) {
      const place = plan.parts[i]!;
      if (this.#blockOf(part) >= 0) continue;
      const target = segments.view(grant.segment, base + place.offset, place.byteLength)!;
      let slice: Uint8Array;
      for (let at = 0; at < place.byteLength; at += slice.byteLength) {
        // Before more is copied, not after the last of it: a value of one slice does not wait.
        if (written >= SLICE_BYTES) {
          written = 0;
          await new Promise(setImmediate);
        }
        if (part.byteLength !== place.byteLength) throw detached(userKey(this.key));
        slice = part.subarray(at, at + SLICE_BYTES - written);
        target.set(slice, at);
        written += slice.byteLength;
      }
    }
    const trailer = segments.view(grant.segment, base + plan.trailer, plan.byteLength - plan.trailer)!;
    writeTrailer(trailer, plan.parts, encoded.skeleton, this.key, this.#wide);
    trailer.set(this.#tags, trailer.length - this.#tags.length);
  }

  #grant(bytes: number): Promise<Grant | undefined> {
    // The first is asked for within the caller's turn, so that what the caller asks next arrives after it.
    const asked = this.#asking === undefined ? this.#ask(bytes) : this.#asking.then(() => this.#ask(bytes));
    this.#asking = asked.catch(() => undefined);
    return asked;
  }

  async #ask(bytes: number): Promise<Grant | undefined> {
    const { key, hash, flight, ticket } = this;
    const result = await this.client.request<Grant | { refused: string }>(
      this.#reservation === 0
        ? { op: 'reserve', cache: ticket.cache, key, hash, wide: this.#wide, bytes, flight }
        : { op: 'extend', reservation: this.#reservation, bytes },
    );
    if (!this.#isGiven(result)) return undefined;
    if (this.#isAborted) {
      await this.client.request({ op: 'abort', reservation: result.reservation });
      return undefined;
    }
    this.#reservation = result.reservation;
    this.#grants[result.block] = result;
    return result;
  }

  /** Whether it was not refused. */
  #isGiven<T extends object>(result: T | { refused: string }): result is T {
    if (!('refused' in result)) return true;
    if (result.refused !== 'closed') return false;
    throw new CacheClosedError(`cache '${this.ticket.config.name}' has been closed`, { key: userKey(this.key) });
  }

  /** The number of the block of ours that bytes lie in, or -1. */
  #blockOf(part: Uint8Array): number {
    for (const grant of this.#grants) {
      const start = grant.unit * UNIT_BYTES;
      if (part.byteOffset < start || part.byteOffset + part.byteLength > start + grant.units * UNIT_BYTES) continue;
      if (part.byteLength > 0 && part.buffer === this.client.segments.buffer(grant.segment)) return grant.block;
    }
    return -1;
  }
}

function detached(key: string): CacheSerializationError {
  const text = 'value: expected its buffers to stay as they are until they are copied; one was detached meanwhile';
  return new CacheSerializationError(text, { key });
}
