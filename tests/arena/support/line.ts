import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Keeper } from '../../../src/arena/keeper.js';
import { UNIT_BYTES } from '../../../src/arena/layout.js';
import type { EntryTerms } from '../../../src/arena/lifetime.js';
import { Outbox } from '../../../src/arena/outbox.js';
import type { CacheConfig, CacheNews, CacheTicket, FromKeeper, Notice, Request } from '../../../src/arena/protocol.js';
import { SharedReader } from '../../../src/arena/reader.js';
import { isWide, planRecord, writeRecord, writeTrailer } from '../../../src/arena/record.js';
import { SegmentMap } from '../../../src/arena/segment-map.js';
import { CacheTable } from '../../../src/arena/table.js';
import { ThreadRow } from '../../../src/arena/thread-row.js';
import { isPacked, joined, type Packed, packRequest, unpackAnswers } from '../../../src/arena/wire.js';
import { fromWire } from '../../../src/arena/wire-error.js';
import type { Grant, StoreRequest } from '../../../src/arena/write-protocol.js';
import { hashString } from '../../../src/common/hash.js';

export const FOREVER: EntryTerms = {
  ttlMs: Number.POSITIVE_INFINITY,
  idleMs: Number.POSITIVE_INFINITY,
  graceMs: 0,
  cost: 1,
};

export function config(name: string, maxBytes: number, more: Partial<CacheConfig> = {}): CacheConfig {
  return {
    name,
    maxBytes,
    maxEntries: Number.POSITIVE_INFINITY,
    maxEntryBytes: undefined,
    policy: 'lru',
    cost: 'requests',
    ttlMs: Number.POSITIVE_INFINITY,
    idleMs: Number.POSITIVE_INFINITY,
    graceMs: 0,
    reserveTimeoutMs: 1000,
    loaders: {},
    defaultLoader: undefined,
    pool: {},
    ...more,
  };
}

/** A keeper without a thread, and without loaders. */
export function createKeeper(now: () => number): Keeper {
  const start = () => {
    throw new Error('this keeper has no loaders');
  };
  return new Keeper(0, { start }, now);
}

export type Refused = { refused: string };

/** Bytes that tell which write they belong to, at every place. */
export function pattern(seed: number, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  for (let i = 0; i < byteLength; i++) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff;
  return bytes;
}

/** As `toEqual`, which takes a thousand times as long. */
export function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

/** A thread as the keeper sees it, in this one, and in step with it: what it asks is answered before `ask` returns. */
export class Line {
  readonly segments = new SegmentMap();
  readonly news: CacheNews[] = [];
  /** Messages of the keeper. */
  posts = 0;
  readonly #answers = new Map<number, FromKeeper>();
  readonly #port: MessagePort;
  #row: ThreadRow | undefined;
  #outbox: Outbox | undefined;
  /** Where what was asked to be stored lies in the outbox, by its request. */
  readonly #letters = new Map<number, number>();
  #next = 1;

  constructor(
    readonly keeper: Keeper,
    readonly thread = 1,
  ) {
    this.#port = new MessageChannel().port1;
    this.#port.postMessage = (message: FromKeeper | Packed) => {
      this.posts++;
      for (const one of isPacked(message) ? unpackAnswers(message) : [message]) this.#hear(one);
    };
    keeper.connect(thread, this.#port);
    this.#port.unref();
  }

  get row(): ThreadRow {
    return this.#row!;
  }

  get outbox(): Outbox {
    return this.#outbox!;
  }

  /** Asks; gives the number by which `answerTo` finds the answer, now or later. */
  send(request: Request): number {
    const id = this.#next++;
    if (request.op === 'store') this.#letters.set(id, request.start);
    this.#port.emit('message', { id, ...request });
    return id;
  }

  notify(notice: Notice): void {
    this.#port.emit('message', notice);
  }

  /** The answer, or `undefined` if there is none yet. Taken once. */
  answerTo<T>(id: number): { result: T } | undefined {
    const answer = this.#answers.get(id);
    if (answer === undefined) return undefined;
    this.#answers.delete(id);
    if (answer.op === 'refuse') throw fromWire(answer.error);
    return answer.op === 'answer' ? { result: answer.result as T } : undefined;
  }

  ask<T>(request: Request): T {
    const answer = this.answerTo<T>(this.send(request));
    if (answer === undefined) throw new Error(`${request.op}: no answer at once`);
    return answer.result;
  }

  /** Asks all of it in one message. */
  askTogether(requests: readonly Request[]): ({ result: unknown } | { error: unknown } | undefined)[] {
    const first = this.#next;
    this.#next += requests.length;
    this.#port.emit('message', joined(requests.map((request, i) => packRequest(first + i, request) as Packed)));
    return requests.map((_, i) => {
      try {
        return this.answerTo(first + i);
      } catch (error) {
        return { error };
      }
    });
  }

  takeNews(): CacheNews[] {
    return this.news.splice(0);
  }

  close(): void {
    this.#port.close();
  }

  #answer(answer: FromKeeper & { op: 'answer' | 'refuse' }): void {
    this.#answers.set(answer.id, answer);
    const start = this.#letters.get(answer.id);
    if (start === undefined) return;
    this.#letters.delete(answer.id);
    // Who has answered is through with it.
    this.outbox.view(start, 64).fill(0xdd);
    this.outbox.free(start);
  }

  #hear(message: FromKeeper): void {
    if (message.op === 'welcome') {
      this.#row = new ThreadRow(message.control, message.row);
      this.#outbox = new Outbox(message.control, message.row);
    } else if (message.op === 'segment') this.segments.add(message.segment, message.buffer);
    else if (message.op === 'news') this.news.push(...message.news);
    else if (message.op === 'answer' || message.op === 'refuse') this.#answer(message);
  }
}

/** A record of one part, written into an outbox; `undefined` when there is no room. */
export function storeRequest(
  outbox: Outbox,
  place: { cache: number; hash: number; flight: number },
  key: string,
  bytes: Uint8Array,
  terms: EntryTerms,
): StoreRequest | undefined {
  const [wide, tags] = [isWide(key), new Uint8Array(0)];
  const plan = planRecord([bytes.length], 0, key, wide);
  const { byteLength, trailer } = plan;
  const start = outbox.take(byteLength, true);
  if (start < 0) return undefined;
  writeRecord(
    outbox.view(start, byteLength),
    plan,
    { skeleton: new Uint8Array(0), parts: [bytes] },
    { key, wide, tags },
  );
  const what = { start, byteLength, bytes: byteLength, trailer, skeletonLength: 0, parts: 1, tagsLength: 0 };
  return { op: 'store', ...place, key, wide, ...what, terms, loadMs: 0, turn: 0 };
}

/** A cache of a keeper in this thread, written and read synchronously. */
export class Bench {
  readonly table: CacheTable;
  readonly reader: SharedReader;
  readonly cache: number;

  constructor(
    readonly line: Line,
    readonly ticket: CacheTicket,
    /** May stand in for the table's own words, to watch what is read. */
    watch: (table: CacheTable) => CacheTable = (table) => table,
  ) {
    this.cache = ticket.cache;
    this.table = watch(new CacheTable(ticket.table, ticket.cache, ticket.seed, ticket.slots));
    this.reader = new SharedReader(this.table, line.row, line.segments);
  }

  static create(line: Line, description: CacheConfig): Bench {
    return new Bench(line, line.ask<CacheTicket>({ op: 'create', config: description }));
  }

  hash(key: string): number {
    return hashString(key, this.ticket.seed) | 0;
  }

  /** Asks for a place for a record of one part. The number of the request. */
  reserve(key: string, bytes: number): number {
    const { cache } = this;
    const length = this.recordBytes(key, bytes);
    return this.line.send({
      op: 'reserve',
      cache,
      key,
      hash: this.hash(key),
      wide: isWide(key),
      bytes: length,
      flight: 0,
    });
  }

  recordBytes(key: string, bytes: number): number {
    return planRecord([bytes], 0, key, isWide(key)).byteLength;
  }

  /** Writes a record of one part, and enters it. Whether it was stored. */
  commit(key: string, grant: Grant, bytes: Uint8Array, terms: EntryTerms = FOREVER): boolean {
    const plan = planRecord([bytes.length], 0, key, isWide(key));
    const base = grant.unit * UNIT_BYTES;
    const { segments } = this.line;
    segments.view(grant.segment, base, bytes.length)!.set(bytes);
    const trailer = segments.view(grant.segment, base + plan.trailer, plan.byteLength - plan.trailer)!;
    writeTrailer(trailer, plan.parts, new Uint8Array(0), key, isWide(key));
    const { stored } = this.line.ask<{ stored: boolean }>({
      op: 'commit',
      reservation: grant.reservation,
      block: grant.block,
      units: Math.ceil(plan.byteLength / UNIT_BYTES),
      externals: [],
      trailer: plan.trailer,
      skeletonLength: 0,
      parts: 1,
      loadMs: 0,
      terms,
    });
    return stored;
  }

  /** Whether it was stored. */
  set(key: string, bytes: Uint8Array, terms?: EntryTerms): boolean {
    const granted = this.line.answerTo<Grant | Refused>(this.reserve(key, bytes.length))?.result;
    if (granted === undefined) throw new Error(`set ${key}: has to wait`);
    return 'refused' in granted ? false : this.commit(key, granted, bytes, terms);
  }

  /** Has the keeper write a record of one part, at once or when there is room. The number of the request, or -1. */
  store(key: string, bytes: Uint8Array, terms: EntryTerms = FOREVER): number {
    const { cache, line } = this;
    const request = storeRequest(line.outbox, { cache, hash: this.hash(key), flight: 0 }, key, bytes, terms);
    return request === undefined ? -1 : line.send(request);
  }

  delete(key: string): boolean {
    const { cache } = this;
    return this.line.ask<boolean[]>({
      op: 'remove',
      cache,
      keys: [key],
      hashes: [this.hash(key)],
      reason: 'delete',
    })[0]!;
  }

  /** The bytes of a pinned slot, in place. */
  bytesAt(slot: number): Uint8Array {
    const { parts } = this.reader.record(slot)!;
    const { buffer, byteOffset, byteLength } = parts[0]!;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** A copy of a key's bytes, or `undefined` on a miss. */
  get(key: string): Uint8Array | undefined {
    const slot = this.reader.pinKey(key);
    if (slot < 0) return undefined;
    const copy = this.bytesAt(slot).slice();
    this.reader.unpin();
    return copy;
  }
}
